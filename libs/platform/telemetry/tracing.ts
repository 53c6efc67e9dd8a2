/** What a span tells beside its name: of the product's own tables, never a credential or personal field. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span that is ended by whoever began it. */
export interface OpenSpan {
  /** Runs `work` so that spans begun in it, also later, are children of this one. */
  within<T>(work: () => T): T;
  end(attributes: Attributes, failed: boolean): void;
}

/** What has been committed as one by the projector. */
export interface ProjectedBatch {
  /** W3C traceparents of the commands whose events are in it. */
  readonly traceparents: readonly string[];
  readonly attributes: Attributes;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly endedAt: number;
}

/** Traces from a request to the read models. Off by default: then nothing of OpenTelemetry is loaded or called. */
export abstract class Tracing {
  /** False: whoever would have to prepare something for tracing can leave it. */
  abstract readonly on: boolean;
  /** An incoming request; `traceparent` and `tracestate` as they were sent. */
  abstract request(name: string, headers: { traceparent?: unknown; tracestate?: unknown }): OpenSpan;
  /** Work as a child of the span it runs in. `kind` client: a call to another process. */
  abstract span<T>(
    name: string,
    kind: 'internal' | 'client',
    attributes: Attributes,
    work: () => Promise<T>,
  ): Promise<T>;
  /** W3C traceparent of the span under way, for the metadata of events. */
  abstract current(): string | undefined;
  /** One span in each of the batch's traces, as children of the commands' spans. */
  abstract projected(batch: ProjectedBatch): void;
  /** Sends what is left. */
  abstract stop(): Promise<void>;
}

const nothing: OpenSpan = { within: (work) => work(), end: () => {} };

export class NoTracing extends Tracing {
  override readonly on = false;
  override request(): OpenSpan {
    return nothing;
  }
  override span<T>(_name: string, _kind: string, _attributes: Attributes, work: () => Promise<T>): Promise<T> {
    return work();
  }
  override current(): undefined {
    return undefined;
  }
  override projected(): void {}
  override async stop(): Promise<void> {}
}
