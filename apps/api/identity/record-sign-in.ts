import { recordedInTime } from '#libs/application/activity/recorded-in-time.js';
import type { Caller } from '#libs/application/caller.js';
import type { ApiServices } from '../services.js';

/** Once a request was found to be about an organization that its caller may know of. */
export function recordSignIn(
  { signIns, logger }: Pick<ApiServices, 'signIns' | 'logger'>,
  caller: Caller,
  orgId: string,
  correlation: string,
): Promise<void> {
  return recordedInTime(signIns.came(caller, orgId, correlation), (error) =>
    logger.error({ err: error, correlation }, 'a sign-in is not in the audit log'),
  );
}
