import type { MemberDocument } from '#libs/domain/access/documents.js';
import { machineOf } from '#libs/domain/access/machines.js';
import type { Cause, EventCause } from '../cause.js';
import { courseOf } from '../course.js';
import { HeldAccess, type OrgResource } from '../held-access.js';
import type { Span } from '../span.js';
import { environmentsOf } from '../state.js';
import type { Step } from '../steps.js';

/** What somebody was in the organization before or after a movement. */
export interface Standing {
  readonly role: string;
  readonly suspended: boolean;
}

/** Somebody joined or left an organization, or what they hold in it was changed. */
export interface Movement {
  readonly kind: 'joined' | 'moved' | 'left';
  readonly principal: string;
  readonly before: Standing | undefined;
  readonly after: Standing | undefined;
  readonly cause: EventCause;
  /** How it began: the invitation that was accepted, or the very event where nothing came before it. */
  readonly requested: EventCause;
  /** What took the last that they held in the organization after the event; undefined where they hold something still. */
  lastClosed(): Cause | undefined;
}

/**
 * Every movement within a span, in order. A grant to a group moves nobody: who is in the group has not changed.
 * `ofOrg`: the steps of the organization's own stream.
 */
export function* movementsIn(
  span: Span,
  ofOrg: readonly Step[],
  invitations: ReadonlyMap<string, EventCause>,
): Iterable<Movement> {
  const members = new Map<string, MemberDocument | undefined>();
  const access = new HeldAccess();
  const resources = resourcesOf(span);
  for (const { cause, members: changed = none } of ofOrg)
    for (const [principal, after] of changed) {
      // A machine neither joins nor leaves: it is created and deleted.
      if (machineOf(principal) !== undefined) continue;
      const before = members.has(principal) ? members.get(principal) : span.from.org.members.get(principal);
      members.set(principal, after);
      yield {
        kind: before === undefined ? 'joined' : after === undefined ? 'left' : 'moved',
        principal,
        before: standingOf(before),
        after: standingOf(after),
        cause,
        requested: invitations.get(cause.id) ?? cause,
        lastClosed: () => lastClosedOf(span, access, resources, principal, cause),
      };
    }
}

const none: ReadonlyMap<string, MemberDocument | undefined> = new Map();
const noRoles: ReadonlySet<string> = new Set();

const standingOf = (member: MemberDocument | undefined): Standing | undefined =>
  member && { role: member.role, suspended: member.suspension !== undefined };

function resourcesOf({ from, to }: Span): readonly OrgResource[] {
  const orgId = to.org.org.id;
  const ids = new Set([...environmentsOf(from), ...environmentsOf(to)].map(({ id }) => id));
  const environments = [...ids].map((environmentId) => ({ kind: 'environment', orgId, environmentId }) as const);
  return [{ kind: 'org', orgId }, ...environments];
}

/** Membership and all that came with it end with one event; what the platform's sources give may go on for a while. */
function lastClosedOf(
  span: Span,
  access: HeldAccess,
  resources: readonly OrgResource[],
  principal: string,
  left: EventCause,
): Cause | undefined {
  let last: Cause = left;
  for (const resource of resources) {
    let [hasLeft, holding] = [false, false];
    for (const turn of courseOf(span, principal, resource)) {
      if (hasLeft && turn.facts?.member !== undefined) break;
      const cause = turn.cause(noRoles);
      hasLeft ||= cause.kind === 'event' && cause.id === left.id;
      const held = access.of(turn.facts, principal, resource, turn.at).size > 0;
      if (hasLeft && holding && !held && Date.parse(cause.at) > Date.parse(last.at)) last = cause;
      holding = held;
    }
    if (holding) return undefined;
  }
  return last;
}
