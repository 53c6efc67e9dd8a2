import { createHash } from 'node:crypto';
import type { OrgState } from '#libs/domain/org/org.js';
import { PersistentMap } from '#libs/domain/persistent-map.js';
import type { Folded } from '../fold.js';
import { parsePosition, positionText } from '../ports/event-store.js';
import type { StoredSnapshot } from '../ports/snapshot-store.js';

/** What JSON makes of a fold: maps stand as the tree that they are, so that none is built anew. */
interface Body {
  readonly eventId: string;
  readonly occurredAt: string;
  readonly position: string;
  readonly state: Readonly<Record<string, unknown>>;
}

const isMap = (value: unknown): value is PersistentMap<unknown> => value instanceof PersistentMap;

/** Undefined for an empty stream. */
export function encoded(
  orgId: string,
  { state, revision, position, ...last }: Folded<'org'>,
): StoredSnapshot | undefined {
  if (position === undefined) return undefined;
  const fields = Object.entries(state).map(([name, value]: [string, unknown]) => [
    name,
    isMap(value) ? { tree: value.toTree() } : { value },
  ]);
  const whole: Body = { ...last, position: positionText(position), state: Object.fromEntries(fields) };
  const body = JSON.stringify(whole);
  return { orgId, revision, instant: Date.parse(last.occurredAt), body, digest: digestOf(orgId, revision, body) };
}

/** The very fold that was encoded; undefined where anything of it is not what was stored. */
export function decoded({ orgId, revision, body, digest }: StoredSnapshot): Folded<'org'> | undefined {
  if (digestOf(orgId, revision, body) !== digest) return undefined;
  const { eventId, occurredAt, position, state } = JSON.parse(body) as Body;
  const fields = Object.entries(state).map(([name, field]) => {
    const { tree, value } = field as { tree?: ReturnType<PersistentMap<unknown>['toTree']>; value?: unknown };
    return [name, tree === undefined ? value : PersistentMap.fromTree(tree)];
  });
  // The digest vouches that this was encoded by code of the same hash, from a state of this type.
  return {
    state: Object.fromEntries(fields) as unknown as OrgState,
    revision,
    position: parsePosition(position),
    occurredAt,
    eventId,
  };
}

const digestOf = (orgId: string, revision: bigint, body: string): string =>
  createHash('sha256').update(`${orgId} ${revision} `).update(body).digest('hex');
