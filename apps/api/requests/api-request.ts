import type { FastifyRequest } from 'fastify';
import type { Caller } from '#libs/application/caller.js';
import type { Position } from '#libs/application/ports/event-store.js';
import type { Asked } from '../limits/limits.js';

export interface Identity {
  readonly caller: Caller;
  /** Up to here the log holds what the caller's token shows; reads on the caller's behalf must have seen it. */
  readonly observedUpTo: Position | undefined;
}

/**
 * A request on its way through the API. `identity` is set by the guard, from the Authorization header alone; `asked` by the one
 * behind it, where the request counts in a limit.
 */
export type ApiRequest = FastifyRequest & { identity: Identity | null; asked: Asked | null };

/** Throws on a route that the guard does not stand before: a defect. */
export function identityOf({ identity }: ApiRequest): Identity {
  if (identity === null) throw new Error('the route asks for its caller but is not guarded');
  return identity;
}

/** Throws on a route whose requests do not count: a defect. */
export function askedOf({ asked }: ApiRequest): Asked {
  if (asked === null) throw new Error('the route asks what its request counts as, but does not count');
  return asked;
}
