import type { PlatformFacts } from './authorize.js';
import type { Caller } from './caller.js';
import type { Folds } from './folds.js';

/** Read after the command arrived, so that a role taken away before is not accepted. */
export async function platformFactsOf(
  { realm, id }: Pick<Caller, 'realm' | 'id'>,
  folds: Folds,
): Promise<PlatformFacts> {
  const [ofRealm, user] = await Promise.all([folds.current('realm', realm), folds.current('user', id)]);
  return { realm: ofRealm, user };
}
