import type { Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { type Category, evolve, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import { holderIn } from '#libs/domain/org/org.js';
import { isPermission } from '#libs/domain/schemes/actions.js';
import { factsOf } from '../../facts.js';
import { endsCommand, meta, required } from '../../metadata.js';
import type { ProvenLeaf } from './leaves.js';

/** Who could do what, when: as a person asks it. */
export interface EvidenceQuestion {
  readonly subject: string;
  readonly action: string;
  /** An organization's id, or `<organization>/<environment>`. */
  readonly resource: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
}

export interface EvidenceAnswer {
  readonly decision: boolean;
  readonly reason: string;
  /** The role that allowed. */
  readonly role: string | null;
  /** Ids of the events that it rests on. */
  readonly evidence: readonly string[];
  readonly scheme: { readonly id: string; readonly version: number } | null;
  /** Of the organization, at that instant; -1 before it was there. */
  readonly revision: string;
}

/** What bears on a question, each stream from its first event, in order. */
export interface EvidenceEvents {
  readonly org: readonly ProvenLeaf[];
  readonly realm: readonly ProvenLeaf[];
  readonly person: readonly ProvenLeaf[];
}

/** Folds the events up to the instant that is asked about, and asks the same `permit()` that decided then. */
export function decided(events: EvidenceEvents, { subject, action, resource, at }: EvidenceQuestion): EvidenceAnswer {
  const instant = Date.parse(at);
  const asked = resourceOf(resource);
  const org = folded('org', events.org, instant);
  const realm = folded('realm', events.realm, instant);
  const person = folded('user', events.person, instant);
  const environment = asked.kind === 'environment' ? org.state.environments.get(asked.environmentId) : undefined;
  const member = holderIn(org.state, subject);
  const facts = factsOf(realm.state.realm, person.state.user, org.state.org, member, environment);
  const revision = `${org.revision}`;
  const nothing = { decision: false, role: null, evidence: [], scheme: null, revision };
  if (facts === undefined) return { ...nothing, reason: 'unknown_resource' };
  const { id, version } = facts.scheme.document;
  const scheme = { id, version };
  if (!isPermission(action)) return { ...nothing, scheme, reason: 'unknown_action' };
  const answer = permit(facts, { principal: subject, permission: action, resource: asked, at: instant });
  if (!answer.allowed) return { ...nothing, scheme, reason: answer.reason };
  return { decision: true, reason: answer.reason, role: answer.role, evidence: answer.evidence, scheme, revision };
}

function resourceOf(name: string): Extract<Resource, { readonly orgId: string }> {
  const [orgId = '', environmentId] = name.split('/');
  return environmentId === undefined ? { kind: 'org', orgId } : { kind: 'environment', orgId, environmentId };
}

/** Up to the last whole command at the instant, as readers of the past do. */
function folded<C extends Category>(
  category: C,
  events: readonly ProvenLeaf[],
  instant: number,
): { readonly state: StateByCategory[C]; readonly revision: bigint } {
  let state = initialState(category);
  let revision = -1n;
  let whole = { state, revision };
  for (const { id, type, data, metadata, ...event } of events) {
    if (!(Date.parse(metadata[meta.occurredAt] ?? '') <= instant)) break;
    revision = BigInt(event.revision);
    state = evolve(category, state, {
      type,
      data,
      stamp: { id, revision, occurredAt: required(metadata, 'occurredAt') },
    });
    if (endsCommand(metadata)) whole = { state, revision };
  }
  return whole;
}
