import type { Caller } from '#libs/application/caller.js';
import type { Position } from '#libs/application/ports/event-store.js';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { later, positionFrom } from '../requests/consistency-token.js';

/** Who asks, what the answer must have seen, and whether it is to be explained. */
export function askerOf(
  request: ApiRequest,
  storeId: string,
): { readonly caller: Caller; readonly after: Position | undefined; readonly explain: boolean } {
  const { caller, observedUpTo } = identityOf(request);
  const after = later(observedUpTo, positionFrom(request.headers['consistency-token'], storeId));
  const { query } = request;
  const explain = typeof query === 'object' && query !== null && Reflect.get(query, 'explain') === 'true';
  return { caller, after, explain };
}
