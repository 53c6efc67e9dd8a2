import { bindingsOf, type Facts, type Resource } from '#libs/domain/access/bindings.js';
import { holderIn } from '#libs/domain/org/org.js';
import { factsOf } from '../facts.js';
import { type Cause, type Edge, edgesOf } from './cause.js';
import type { Span } from './span.js';
import type { Step } from './steps.js';

/** What a principal's access to a resource rests on from an instant on. */
export interface Turn {
  readonly at: number;
  readonly facts: Facts | undefined;
  /** What brought it; of several bindings that begin or end at once, the one to a role of `roles` where there is one. */
  cause(roles: ReadonlySet<string>): Cause;
}

/**
 * Every turn that a principal's access to a resource may have taken within the span, in order: after each event that bears
 * on it, and at each instant at which a binding began or ended. At most one event's change lies between two turns.
 */
export function* courseOf(span: Span, principal: string, resource: Resource): Iterable<Turn> {
  const { from, to } = span;
  let documents: Documents = {
    realm: from.realm,
    user: from.users.get(principal),
    org: from.org.org,
    member: holderIn(from.org, principal),
    environment: resource.kind === 'environment' ? from.org.environments.get(resource.environmentId) : undefined,
  };
  let facts = factsIn(documents);
  let last = from.at;
  for (const step of span.bearingOn(principal, resource)) {
    // An event of a revision that is asked for may have been appended before the instant that is asked for with it.
    const at = Math.max(last, step.at);
    yield* passing(facts, principal, resource, last, at);
    documents = after(documents, step, principal, resource);
    facts = factsIn(documents);
    last = at;
    yield { at, facts, cause: () => step.cause };
  }
  yield* passing(facts, principal, resource, last, to.at);
}

function* passing(
  facts: Facts | undefined,
  principal: string,
  resource: Resource,
  after: number,
  upTo: number,
): Iterable<Turn> {
  if (facts === undefined || upTo <= after) return;
  const edges = edgesOf(bindingsOf(facts, principal, resource), after, upTo);
  for (const [first, ...rest] of groupedByInstant(edges)) {
    if (first === undefined) continue;
    const cause = (roles: ReadonlySet<string>) =>
      ([first, ...rest].findLast(({ role }) => roles.has(role)) ?? first).cause;
    yield { at: first.at, facts, cause };
  }
}

function groupedByInstant(edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const groups: Edge[][] = [];
  for (const edge of edges) {
    const group = groups.at(-1);
    if (group?.[0]?.at === edge.at) group.push(edge);
    else groups.push([edge]);
  }
  return groups;
}

type Documents = Pick<Facts, 'realm' | 'user' | 'org' | 'member' | 'environment'>;

const factsIn = ({ realm, user, org, member, environment }: Documents) =>
  factsOf(realm, user, org, member, environment);

function after(before: Documents, step: Step, principal: string, resource: Resource): Documents {
  const environmentId = resource.kind === 'environment' ? resource.environmentId : '';
  return {
    realm: step.realm ?? before.realm,
    user: step.user?.id === principal ? step.user : before.user,
    org: step.org ?? before.org,
    member: step.members?.has(principal) ? step.members.get(principal) : before.member,
    environment: step.environments?.has(environmentId) ? step.environments.get(environmentId) : before.environment,
  };
}
