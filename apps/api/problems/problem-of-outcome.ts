import type { Access } from '#libs/application/checks.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import { notFound, organizationParked, Problem, staleRead, unavailable } from './problem.js';

type NotDone = Exclude<CommandOutcome, { kind: 'done' }>;
type NotAllowed = Exclude<Access, { kind: 'allowed' }>;

/** `single`: one command, whose place in a batch would say nothing. */
export function problemOfOutcome(outcome: NotDone, single: boolean): Problem {
  switch (outcome.kind) {
    case 'denied':
    case 'hidden':
      return problemOfAccess(outcome);
    case 'refused':
      return new Problem(outcome.code, {
        ...(single ? {} : { step: outcome.step }),
        ...outcome.exceeded,
        ...toldOf(outcome),
      });
    case 'conflict':
      return new Problem('conflict', {}, { 'retry-after': '1' });
    case 'precondition_failed':
      return new Problem('version_conflict', { revision: outcome.revision });
    case 'idempotency_mismatch':
      return new Problem('idempotency_mismatch');
    case 'unavailable':
      return unavailable();
  }
}

/** Members that the refusal brings along. */
const toldOf = ({ orgs, faults, roles }: Extract<NotDone, { kind: 'refused' }>) =>
  Object.fromEntries(Object.entries({ orgs, faults, roles }).filter(([, told]) => told !== undefined));

export function problemOfAccess(access: NotAllowed): Problem {
  switch (access.kind) {
    case 'denied':
      return new Problem(access.reason === 'not_active_org' ? 'active_org_required' : 'forbidden', {
        permission: access.permission,
        reason: access.reason,
      });
    case 'hidden':
      return notFound();
    case 'stale':
      return staleRead();
    case 'parked':
      return organizationParked();
  }
}
