import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import type { Caller } from './caller.js';
import { meta, metadataOfCaller } from './metadata.js';
import type { Metadata } from './ports/event-store.js';

interface Described {
  readonly id: string;
  /** As the answer and the audit log name it. */
  readonly name: string;
  readonly caller: Caller;
  readonly digest: string;
  readonly idempotencyKey: string | undefined;
  readonly correlation: string;
  readonly traceparent?: string | undefined;
}

/**
 * What stands beside every event of a command, except what differs between them. `now` in milliseconds; an event is never
 * dated before those that it follows, of which the last was at `after`.
 */
export function commandMetadata(
  { id, name, caller, digest, idempotencyKey, correlation, traceparent }: Described,
  after: string,
  scheme: CompiledScheme,
  authorizedBy: readonly string[],
  now: number,
): Metadata {
  const at = new Date(now).toISOString();
  return {
    ...metadataOfCaller(caller),
    [meta.command]: name,
    [meta.commandId]: id,
    [meta.payloadDigest]: digest,
    [meta.keyed]: `${idempotencyKey !== undefined}`,
    [meta.occurredAt]: at > after ? at : after,
    [meta.correlation]: correlation,
    [meta.scheme]: nameOfScheme(scheme.document),
    [meta.authorizedBy]: authorizedBy.join(' '),
    ...(traceparent === undefined ? {} : { [meta.traceparent]: traceparent }),
  };
}
