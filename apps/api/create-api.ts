import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiModule } from './api.module.js';
import { NestLog } from './operations/nest-log.js';
import { traceRequests } from './operations/trace-requests.js';
import { answerBrokenRequest } from './problems/broken-request.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { acceptJsonOnly, MAX_BODY_BYTES } from './requests/json-body.js';
import type { ApiRequest } from './requests/api-request.js';
import { requestId } from './requests/request-id.js';
import type { ApiServices } from './services.js';

/** Longer than a URL can be: an id that is too long is a missing thing, not another error. */
const MAX_PARAM_LENGTH = 65_536;

const noSchemas = (): never => {
  throw new Error('a route has a schema, and nothing here compiles it');
};

/** The HTTP side, ready to serve and not listening yet. */
export async function createApi(services: ApiServices): Promise<NestFastifyApplication> {
  const problems = new ProblemFilter(services);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: requestId,
    requestIdHeader: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    ...(services.trustedProxies.length === 0 ? {} : { trustProxy: [...services.trustedProxies] }),
    return503OnClosing: false,
    // Fastify loads and builds its own even where, as here, no route has a schema that it would check by.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // Nothing here is Express middleware, and its engine would run on every request.
    skipMiddie: true,
    // The router rejects a malformed URL before any hook and any of Nest's filters.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      prepare(request, reply);
      problems.answer(error, request, reply);
    },
    clientErrorHandler: answerBrokenRequest(services.publicUrl),
  });
  const server: FastifyInstance = adapter.getInstance();
  acceptJsonOnly(server);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.over(services), adapter, {
    logger: new NestLog(services.logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(problems);
  observe(server, services);
  if (services.tracing.on) traceRequests(server, services.tracing);
  await app.init();
  await server.ready();
  return app;
}

/** What every response carries, whatever becomes of the request. */
function prepare({ id }: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'x-request-id': id, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
}

function observe(server: FastifyInstance, { logger, metrics, drain }: ApiServices): void {
  let closing = false;
  server.decorateRequest('identity', null);
  server.decorateRequest('asked', null);
  server.addHook('onRequest', (request, reply, done) => {
    prepare(request, reply);
    done();
  });
  // Also of requests that came before: a kept connection would bring more, and nobody may be here to answer.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing || drain.on) reply.header('connection', 'close');
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { method, id } = request;
    const { statusCode: status, elapsedTime: ms } = reply;
    const route = request.is404 ? undefined : request.routeOptions.url;
    metrics.request(method, route, status, ms);
    logger.info(
      { method, route, status, ms: Math.round(ms * 1000) / 1000, requestId: id, actor: callerOf(request) },
      'request',
    );
    done();
  });
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
}

const callerOf = (request: FastifyRequest): string | undefined => (request as ApiRequest).identity?.caller.id;
