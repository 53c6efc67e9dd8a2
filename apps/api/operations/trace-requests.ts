import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OpenSpan, Tracing } from '#libs/platform/telemetry/tracing.js';

const quiet = new Set(['/healthz', '/readyz', '/metrics']);

const traceOf = ({ headers: { traceparent, tracestate } }: FastifyRequest) => ({ traceparent, tracestate });

/** One span for each request, over everything that is done for it; a caller's `traceparent` is its parent. */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  server.addHook('onRequest', (request, _reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    // Probes and scrapes would bury the rest.
    if (route === undefined || !quiet.has(route))
      spans.set(request, tracing.request(`${request.method} ${route ?? 'unmatched'}`, traceOf(request)));
    done();
  });
  // Not earlier: the body arrives in the connection's own context, and what runs on after it would lose the span.
  server.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.within(done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const route = request.is404 ? undefined : request.routeOptions.url;
    const attributes = {
      'http.request.method': request.method,
      'http.response.status_code': statusCode,
      ...(route !== undefined && { 'http.route': route }),
      'tenantry.request_id': request.id,
    };
    spans.get(request)?.end(attributes, statusCode >= 500);
    done();
  });
}
