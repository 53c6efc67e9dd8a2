import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '../problems/problem.js';

const opaque = /^[A-Za-z0-9_-]{1,1000}$/;
const content = z.tuple([z.string(), z.string()]);

/** What a page's place means only within: the query, its organization and its filter. */
export type CursorScope = readonly unknown[];

/** Opaque to clients: where the page ended, bound to what was asked. It gives no rights; the next page is authorized anew. */
export function cursorTo(scope: CursorScope, key: string): string {
  return Buffer.from(JSON.stringify([fingerprint(scope), key])).toString('base64url');
}

/** The key that a cursor, given at `path`, stands for; throws a problem for a cursor of anything else. */
export function keyFrom<Key extends string>(
  cursor: string | undefined,
  scope: CursorScope,
  key: z.ZodType<Key>,
  path = 'cursor',
): Key | undefined {
  if (cursor === undefined) return undefined;
  const opened = opaque.test(cursor) ? content.safeParse(jsonOf(cursor)) : undefined;
  const [mark, place] = opened?.data ?? [];
  const parsed = key.safeParse(place);
  if (mark !== fingerprint(scope) || !parsed.success)
    throw invalid([{ path, message: 'does not belong to this query' }]);
  return parsed.data;
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

const fingerprint = (scope: CursorScope): string =>
  createHash('sha256').update(JSON.stringify(scope)).digest('base64url').slice(0, 16);

export interface Page<Item> {
  readonly items: Item[];
  readonly next?: string;
}

/** One row more than the page was read: whether there is a next one. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  scope: CursorScope,
  keyOf: (row: Row) => string,
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: cursorTo(scope, keyOf(last)) } : { items };
}
