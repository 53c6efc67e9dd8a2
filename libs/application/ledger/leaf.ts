import { canonicalBytes } from '#libs/ledger/canonical.js';
import type { StoredEvent } from '../ports/event-store.js';
import { parseStream } from '../streams.js';

/** The categories of streams that have a tree each. People's own streams have none: they are nobody's to prove. */
const categories = new Set(['org', 'activity', 'usage', 'realm']);

export const hasTree = (stream: string): boolean => categories.has(parseStream(stream).category);

/**
 * The bytes of an event that its leaf is the hash of: leaf i of a stream's tree is revision i. The data are as the log
 * holds them, personal fields encrypted, so that a leaf outlasts the erasure of a person. The event's place in the log
 * and the time at which the store took it are left out, because they change when a log is copied. Stored format: never
 * change it. Throws NotCanonical for data that hold other numbers than safe integers.
 */
export const leafOf = ({ id, type, stream, revision, data, metadata }: Omit<StoredEvent, 'position'>): Buffer =>
  canonicalBytes({ id, type, stream, revision: `${revision}`, data, metadata });

/** The stream whose tree has the name, in any epoch; undefined for a name of another ledger. */
export function streamOfOrigin(ledger: string, origin: string): string | undefined {
  const [name, category, id, epoch, ...more] = origin.split('/');
  const isTree = name === ledger && category !== undefined && categories.has(category) && !!id && more.length === 0;
  return isTree && (epoch === undefined || /^[1-9]\d*$/.test(epoch)) ? `${category}-${id}` : undefined;
}

/**
 * Names a tree for ever: `<ledger>/org/acme`. Where a log was replaced by one that does not continue it, its tree has
 * another name from there on, because no name may ever stand for two histories.
 */
export function originOf(ledger: string, stream: string, epoch: number): string {
  const { category, id } = parseStream(stream);
  return `${ledger}/${category}/${id}${epoch === 0 ? '' : `/${epoch}`}`;
}
