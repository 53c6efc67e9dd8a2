import { required } from './metadata.js';
import type { StoredEvent } from './ports/event-store.js';

/** Up to where a stream is folded: an instant in milliseconds, or a revision; both inclusive. */
export type UpTo = { readonly instant: number } | { readonly revision: bigint };

export const accepts = (upTo: UpTo, event: StoredEvent): boolean =>
  'revision' in upTo ? event.revision <= upTo.revision : instantOf(event) <= upTo.instant;

/** Whether everything folded so far is within it. */
export const reaches = (upTo: UpTo, { revision, occurredAt }: { revision: bigint; occurredAt: string }): boolean =>
  'revision' in upTo ? revision <= upTo.revision : Date.parse(occurredAt) <= upTo.instant;

export const instantOf = ({ metadata }: StoredEvent): number => Date.parse(required(metadata, 'occurredAt'));
