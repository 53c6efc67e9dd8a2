import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import type { TracingConfig } from '../config.js';
import { type Attributes, type OpenSpan, type ProjectedBatch, Tracing } from './tracing.js';

const SCOPE = 'tenantry';
const EXPORT_AFTER_MS = 1_000;
const EXPORT_TIMEOUT_MS = 5_000;

/** OpenTelemetry over OTLP/HTTP. It registers nothing globally: two of them in a process do not meet. */
export class OtlpTracing extends Tracing {
  override readonly on = true;
  private readonly active = new AsyncLocalStorage<Context>();
  private readonly provider: NodeTracerProvider;
  private readonly tracer;

  constructor({ endpoint, headers, serviceName, sampled }: TracingConfig) {
    super();
    const exporter = new OTLPTraceExporter({
      url: `${endpoint}/v1/traces`,
      headers: { ...headers.reveal() },
      timeoutMillis: EXPORT_TIMEOUT_MS,
    });
    this.provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampled) }),
      spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: EXPORT_AFTER_MS })],
    });
    this.tracer = this.provider.getTracer(SCOPE);
  }

  override request(name: string, { traceparent, tracestate }: { traceparent?: unknown; tracestate?: unknown }) {
    const remote = contextOf(traceparent, tracestate);
    const parent = remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
    return this.opened(span, trace.setSpan(parent, span));
  }

  override async span<T>(
    name: string,
    kind: 'internal' | 'client',
    attributes: Attributes,
    work: () => Promise<T>,
  ): Promise<T> {
    const parent = this.active.getStore() ?? ROOT_CONTEXT;
    const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = this.tracer.startSpan(name, { kind: spanKind, attributes: { ...attributes } }, parent);
    try {
      return await this.active.run(trace.setSpan(parent, span), work);
    } catch (error) {
      // The error's own words may hold what a client sent.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : '' });
      throw error;
    } finally {
      span.end();
    }
  }

  override current(): string | undefined {
    const span = this.active.getStore();
    const context = span && trace.getSpanContext(span);
    if (context === undefined) return undefined;
    const flags = (context.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
    return `00-${context.traceId}-${context.spanId}-${flags}`;
  }

  override projected({ traceparents, attributes, beganAt, endedAt }: ProjectedBatch): void {
    for (const traceparent of new Set(traceparents)) {
      const command = contextOf(traceparent, undefined);
      if (command === undefined || (command.traceFlags & TraceFlags.SAMPLED) === 0) continue;
      const options = { kind: SpanKind.CONSUMER, startTime: beganAt, attributes: { ...attributes } };
      const parent = trace.setSpanContext(ROOT_CONTEXT, command);
      this.tracer.startSpan('project', { ...options, links: [{ context: command }] }, parent).end(endedAt);
    }
  }

  override async stop(): Promise<void> {
    // A collector that is away must not keep the process.
    await this.provider.shutdown().catch(() => undefined);
  }

  private opened(span: Span, context: Context): OpenSpan {
    return {
      within: (work) => this.active.run(context, work),
      end(attributes, failed) {
        span.setAttributes({ ...attributes });
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }
}

const format = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** W3C Trace Context, section 3.2. Undefined for what is not a valid traceparent: the trace then begins here. */
function contextOf(traceparent: unknown, tracestate: unknown): SpanContext | undefined {
  const [, traceId, spanId, flags] = typeof traceparent === 'string' ? (format.exec(traceparent) ?? []) : [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(typeof tracestate === 'string' && { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(context) ? context : undefined;
}
