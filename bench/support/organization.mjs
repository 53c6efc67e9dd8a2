import { evolve, initialState } from '../../dist/libs/domain/aggregates.js';
import { schemeOf } from '../../dist/libs/domain/schemes/built-in.js';

const scheme = { id: 'enterprise', version: 1 };
const PEOPLE_PER_ENVIRONMENT = 50;
const instant = '2026-01-01T00:00:00.000Z';

/** Numbers that look random and are the same in every run (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Events of an organization: one owner, one admin in ten people, two environments granted to everybody else. */
export function eventsOf(orgId, people) {
  const environments = Math.max(2, Math.floor(people / PEOPLE_PER_ENVIRONMENT));
  const owner = { userId: `${orgId}-p0`, role: 'org.owner' };
  const events = [{ type: 'OrgCreated', data: { orgId, name: orgId, scheme, owner } }];
  for (let i = 0; i < environments; i++)
    events.push({ type: 'EnvironmentCreated', data: { environmentId: `env-${i}`, name: `Environment ${i}` } });
  for (let i = 1; i < people; i++) {
    const userId = `${orgId}-p${i}`;
    const role = i % 10 === 1 ? 'org.admin' : 'org.participant';
    events.push({ type: 'MemberAdded', data: { userId, role } });
    if (role === 'org.admin') continue;
    for (const environmentId of grantedTo(i, environments))
      events.push({ type: 'EnvironmentAccessGranted', data: { environmentId, grantee: { type: 'user', id: userId } } });
  }
  return events;
}

/** Members only: what an organization holds per person at the least. */
export const membersOf = (orgId, people) =>
  eventsOf(orgId, people).filter(({ type }) => type !== 'EnvironmentAccessGranted');

const grantedTo = (i, environments) => [`env-${i % environments}`, `env-${(i + 1) % environments}`];

/** One folded organization with that many members. */
export function organization(people, orgId = 'acme') {
  let state = initialState('org');
  let realm = initialState('realm');
  const stamp = (revision) => ({ id: `event-${orgId}-${revision}`, revision: BigInt(revision), occurredAt: instant });
  realm = evolve('realm', realm, { type: 'RealmCreated', data: { realmId: 'default', scheme }, stamp: stamp(0) });
  const memberships = new Map();
  for (const [revision, event] of eventsOf(orgId, people).entries()) {
    state = evolve('org', state, { ...event, stamp: stamp(revision) });
    const { type, data } = event;
    if (type === 'OrgCreated') memberships.set(data.owner.userId, { ...data.owner, grants: [] });
    if (type === 'MemberAdded') memberships.set(data.userId, { ...data, grants: [] });
    if (type === 'EnvironmentAccessGranted') memberships.get(data.grantee.id).grants.push(data.environmentId);
  }
  return {
    state,
    realm: realm.realm,
    byUser: memberships,
    memberships: [...memberships.values()],
    scheme: schemeOf(scheme),
  };
}

/** Looks up what `permit()` needs for a question in the folded organization, as a command does it. */
export function factsIn({ state, realm }) {
  const scheme = schemeOf(state.org.scheme);
  return ({ principal, resource }) => {
    const member = state.members.get(principal);
    const environment = resource.kind === 'environment' ? state.environments.get(resource.environmentId) : undefined;
    return { scheme, realm, user: undefined, org: state.org, member, environment };
  };
}

/** A service's mixture: mostly uses of environments by those who may, some of the organization, some that are denied. */
export function questionsOf({ state, memberships }, count, people = memberships.length) {
  const next = random(7);
  const every = Math.floor(memberships.length / people);
  const asking = memberships.filter((_, i) => i % every === Math.floor(i / every) % every);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const environments = [...state.environments.values()].map(({ id }) => id);
  const orgId = state.org.id;
  const at = Date.parse('2026-06-01T00:00:00.000Z');
  const org = { kind: 'org', orgId };
  const environment = (environmentId) => ({ kind: 'environment', orgId, environmentId });
  return Array.from({ length: count }, () => {
    const { userId: principal, grants } = pick(asking);
    const kind = next();
    if (kind < 0.55)
      return {
        principal,
        permission: 'environment:use',
        resource: environment(pick(grants) ?? pick(environments)),
        at,
      };
    if (kind < 0.7) return { principal, permission: 'org:view', resource: org, at };
    if (kind < 0.8) return { principal, permission: 'member:manage', resource: org, at };
    if (kind < 0.93) return { principal, permission: 'environment:use', resource: environment(pick(environments)), at };
    return {
      principal: `stranger-${Math.floor(next() * 1000)}`,
      permission: 'environment:use',
      resource: environment(pick(environments)),
      at,
    };
  });
}
