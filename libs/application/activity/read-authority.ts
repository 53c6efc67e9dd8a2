import type { Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { Caller } from '../caller.js';
import { EventStoreUnavailable } from '../ports/event-store.js';
import type { Present } from '../present.js';
import type { Activity } from './activity-log.js';

export type ReadAuthority = Pick<Activity, 'role' | 'evidence' | 'breakGlass' | 'scheme'>;

/**
 * By what right the caller reads of an organization, or of the realm where none is named: the first of the permissions that
 * they hold, by what a check of theirs sees; so that emergency access stands out in what is recorded of reads, too (G24).
 * Empty where they hold none any more. Throws EventStoreUnavailable where it cannot be told: nobody reads unseen.
 */
export async function readAuthority(
  present: Pick<Present, 'load'>,
  { caller, orgId }: { readonly caller: Caller; readonly orgId: string | undefined },
  permissions: readonly Permission[],
): Promise<ReadAuthority> {
  const resource: Resource = orgId === undefined ? { kind: 'realm' } : { kind: 'org', orgId };
  const asked = { principal: caller.id, resource };
  const moment = (await present.load(caller, [asked], undefined))?.of(asked) ?? 'stale';
  if (typeof moment === 'string')
    throw new EventStoreUnavailable(`by what right ${caller.id} reads is not known: ${moment}`);
  const { facts, at } = moment;
  for (const permission of permissions) {
    const answer = permit(facts, { ...asked, permission, at });
    if (!answer.allowed) continue;
    const { role, evidence, breakGlass } = answer;
    const { id, version } = facts.scheme.document;
    return { role, evidence, breakGlass, scheme: `${id}@${version}` };
  }
  return {};
}
