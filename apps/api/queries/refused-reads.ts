import { recordedInTime } from '#libs/application/activity/recorded-in-time.js';
import type { RefusedRead } from '#libs/application/activity/recorded-reads.js';
import type { Access } from '#libs/application/reading.js';
import type { ApiServices } from '../services.js';

type NotAllowed = Exclude<Access, { readonly kind: 'allowed' }>;

/** Leaves in the audit log that a read was denied, where the scheme asks for that. What could not be decided was not denied. */
export async function recordRefused(
  { recordedReads, limits, logger }: Pick<ApiServices, 'recordedReads' | 'limits' | 'logger'>,
  read: Pick<RefusedRead, 'caller' | 'orgId' | 'correlation' | 'query'>,
  access: NotAllowed,
): Promise<void> {
  if (access.kind !== 'denied' && access.kind !== 'hidden') return;
  const rule =
    access.kind === 'denied'
      ? { hidden: false, permission: access.permission, reason: access.reason }
      : { hidden: true, permission: undefined, reason: undefined };
  const recording = recordedReads.refused({ ...read, ...rule }).then((recorded) => {
    if (recorded) limits.refused('queries', read.caller);
  });
  await recordedInTime(recording, (error) =>
    logger.error({ err: error, query: read.query, correlation: read.correlation }, 'a refusal is not in the audit log'),
  );
}
