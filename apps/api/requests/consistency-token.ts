import { comparePositions, parsePosition, type Position, positionText } from '#libs/application/ports/event-store.js';
import { Problem } from '../problems/problem.js';

const opaque = /^[A-Za-z0-9_-]{1,256}$/;

/** Opaque to clients: the log's name and a position in it. */
export function consistencyToken(storeId: string, position: string): string {
  return Buffer.from(`${storeId} ${position}`).toString('base64url');
}

/** The position that a read must have reached; throws a problem for a token that this server did not give. */
export function positionFrom(token: string | string[] | undefined, storeId: string): Position | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== 'string' || !opaque.test(token)) throw new Problem('invalid_token');
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const split = text.lastIndexOf(' ');
  const position = parsePosition(text.slice(split + 1));
  if (split <= 0 || position === undefined || consistencyToken(text.slice(0, split), positionText(position)) !== token)
    throw new Problem('invalid_token');
  if (text.slice(0, split) !== storeId) throw new Problem('foreign_token');
  return position;
}

export function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) >= 0 ? a : b;
}
