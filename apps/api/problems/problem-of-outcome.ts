import type { Access } from '#libs/application/reading.js';
import type { Denied } from '#libs/application/denied.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import { notFound, organizationParked, Problem, staleRead, unavailable } from './problem.js';

type NotDone = Exclude<CommandOutcome, { kind: 'done' }>;
type NotAllowed = Exclude<Access, { kind: 'allowed' }>;

/** `single`: one command, whose place in a batch would say nothing. */
export function problemOfOutcome(outcome: NotDone, single: boolean): Problem {
  switch (outcome.kind) {
    case 'denied':
      return outcome.style === 'hide' ? notFound() : forbidden(outcome);
    case 'hidden':
      return notFound();
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
      return problemOfDenied(access);
    case 'hidden':
      return notFound();
    case 'stale':
      return staleRead();
    case 'parked':
      return organizationParked();
  }
}

/** A read, or what is done as one. */
function problemOfDenied(denied: Denied): Problem {
  const { style, orgId, permission } = denied;
  if (style === 'hide') return notFound();
  const problem = forbidden(denied);
  // Who may not even see the organization itself is sent nowhere.
  if (style !== 'redirect' || orgId === undefined || permission === 'org:view') return problem;
  return new Problem(problem.code, problem.members, {}, `/v1/orgs/${orgId}`);
}

const forbidden = ({ permission, reason }: Denied): Problem =>
  new Problem(reason === 'not_active_org' ? 'active_org_required' : 'forbidden', { permission, reason });
