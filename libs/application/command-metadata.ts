import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Caller } from './caller.js';
import type { Folded } from './fold.js';
import type { Category } from '#libs/domain/aggregates.js';
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
 * dated before the one that it follows.
 */
export function commandMetadata(
  { id, name, caller, digest, idempotencyKey, correlation, traceparent }: Described,
  onto: Folded<Category>,
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
    [meta.occurredAt]: at > onto.occurredAt ? at : onto.occurredAt,
    [meta.correlation]: correlation,
    [meta.scheme]: `${scheme.document.id}@${scheme.document.version}`,
    [meta.authorizedBy]: authorizedBy.join(' '),
    ...(traceparent === undefined ? {} : { [meta.traceparent]: traceparent }),
  };
}
