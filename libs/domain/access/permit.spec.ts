import { describe, expect, it } from '@jest/globals';
import { enterprise, enterpriseWith, fold } from '../../../test/support/decider.js';
import type { OrgEvent } from '../org/events.js';
import type { RealmEvent } from '../realm/events.js';
import type { Permission } from '../schemes/actions.js';
import type { UserEvent } from '../user/user.js';
import { bindingsOf, type Facts, type Resource } from './bindings.js';
import { examine, permit, type Question } from './permit.js';

const orgEvents: OrgEvent[] = [
  {
    type: 'OrgCreated',
    data: {
      orgId: 'acme',
      name: 'Acme',
      scheme: { id: 'enterprise', version: 1 },
      owner: { userId: 'olga', role: 'org.owner' },
    },
  },
  { type: 'MemberAdded', data: { userId: 'adam', role: 'org.admin' } },
  { type: 'MemberAdded', data: { userId: 'pat', role: 'org.participant' } },
  { type: 'EnvironmentCreated', data: { environmentId: 'prod', name: 'prod' } },
];
const realmEvents: RealmEvent[] = [
  { type: 'RealmCreated', data: { realmId: 'default', scheme: { id: 'enterprise', version: 1 } } },
  {
    type: 'PlatformAdminSourcesSet',
    data: { adminGroup: 'alpha', adminEmailIndexes: ['x1'], systemUserId: 'robot' },
  },
];
const observed = (groups: string[], emailIndex: string | null = null): UserEvent => ({
  type: 'ClaimsObserved',
  data: { userId: 'pia', groups, emailIndex, issuedAt: 1 },
});
const granted = (window: { notBefore?: string; notAfter?: string } = {}): OrgEvent => ({
  type: 'EnvironmentAccessGranted',
  data: { environmentId: 'prod', grantee: { type: 'user', id: 'pat' }, ...window },
});
const patGone: OrgEvent = { type: 'MemberRemoved', data: { userId: 'pat', role: 'org.participant' } };
const patJoins: OrgEvent = { type: 'MemberAdded', data: { userId: 'pat', role: 'org.participant' } };

const realm: Resource = { kind: 'realm' };
const acme: Resource = { kind: 'org', orgId: 'acme' };
const prod: Resource = { kind: 'environment', orgId: 'acme', environmentId: 'prod' };
const lab: Resource = { ...prod, environmentId: 'lab' };
const personal = (ownerId: string): Resource => ({ kind: 'personal_environment', ownerId });
const later = Date.parse('2026-06-01T00:00:00.000Z');

/** Loads the facts as every caller does: the documents that the question names. */
function factsOf(
  principal: string,
  org: readonly OrgEvent[],
  user: readonly UserEvent[],
  environmentId = 'prod',
): Facts {
  const state = fold('org', org);
  return {
    scheme: enterprise,
    realm: fold('realm', realmEvents).realm,
    user: fold('user', user).user,
    org: state.org,
    member: state.members.get(principal),
    environment: state.environments.get(environmentId),
  };
}

function ask(
  principal: string,
  permission: Permission,
  resource: Resource,
  { org = [], user = [], at = later }: { org?: readonly OrgEvent[]; user?: readonly UserEvent[]; at?: number } = {},
) {
  const environmentId = resource.kind === 'environment' ? resource.environmentId : undefined;
  const facts = factsOf(principal, [...orgEvents, ...org], user, environmentId);
  const question: Question = { principal, permission, resource, at };
  const answer = permit(facts, question);
  const supports = examine(facts, question).filter(({ outcome }) => outcome === 'supports');
  expect(supports.length > 0).toBe(answer.allowed);
  return answer;
}

const allowed = (role: string, ...evidence: string[]) => ({ allowed: true, reason: 'allowed', role, evidence });
const denied = (reason: string) => ({ allowed: false, reason });

describe('an allow names its role and one chain of events', () => {
  it('by membership: the event that gave the role', () => {
    expect(ask('olga', 'org:view', acme)).toEqual(allowed('org.owner', 'e1'));
    expect(ask('pat', 'org:view', acme)).toEqual(allowed('org.participant', 'e3'));
  });

  it('by a changed role: the event of the change', () => {
    const change: OrgEvent = {
      type: 'MemberRoleChanged',
      data: { userId: 'pat', role: 'org.admin', from: 'org.participant' },
    };
    expect(ask('pat', 'member:manage', acme, { org: [change] })).toEqual(allowed('org.admin', 'e5'));
  });

  it('by a transfer of ownership, for both sides', () => {
    const transfer: OrgEvent = {
      type: 'OrgOwnershipTransferred',
      data: { from: 'olga', to: 'adam', role: 'org.owner', given: 'org.admin', left: 'org.admin' },
    };
    expect(ask('adam', 'org:request-transfer', acme, { org: [transfer] })).toEqual(allowed('org.owner', 'e5'));
    expect(ask('olga', 'org:request-transfer', acme, { org: [transfer] })).toEqual(denied('role_lacks_permission'));
    expect(ask('olga', 'member:manage', acme, { org: [transfer] })).toEqual(allowed('org.admin', 'e5'));
  });

  it('by what a role implies in every environment, without a row of its own (T38)', () => {
    expect(ask('adam', 'environment:use', prod)).toEqual(allowed('environment.user', 'e2'));
  });

  it('by a grant: the membership and the grant', () => {
    expect(ask('pat', 'environment:use', prod, { org: [granted()] })).toEqual(allowed('environment.user', 'e3', 'e5'));
  });

  it("by being oneself, in one's own environment", () => {
    expect(ask('stranger', 'environment:use', personal('stranger'))).toEqual(allowed('self.person'));
  });
});

describe('a denial says why', () => {
  it.each<[string, string, Permission, Resource]>([
    ['unknown_resource', 'olga', 'org:view', { kind: 'org', orgId: 'beta' }],
    ['unknown_resource', 'olga', 'environment:use', lab],
    ['not_member', 'stranger', 'org:view', acme],
    ['not_member', 'stranger', 'environment:use', prod],
    ['not_owner', 'olga', 'environment:use', personal('pat')],
    ['role_lacks_permission', 'pat', 'environment:use', prod],
    ['role_lacks_permission', 'pat', 'member:manage', acme],
    ['role_lacks_permission', 'olga', 'org:create', realm],
    ['role_lacks_permission', 'pat', 'environment:delete', personal('pat')],
    ['role_lacks_permission', 'olga', 'environment:use', acme],
    ['role_lacks_permission', 'olga', 'owner:remove', acme],
  ])('%s: %s may not %s', (reason, principal, permission, resource) => {
    expect(ask(principal, permission, resource)).toEqual(denied(reason));
  });

  it('unknown_resource, for everybody, once an environment is deleted', () => {
    const org: OrgEvent[] = [granted(), { type: 'EnvironmentDeleted', data: { environmentId: 'prod' } }];
    for (const principal of ['olga', 'adam', 'pat'])
      expect(ask(principal, 'environment:use', prod, { org })).toEqual(denied('unknown_resource'));
  });

  it('unknown_resource where the scheme knows no personal environment', () => {
    const scheme = enterpriseWith({ tenancy: { orgsPerUser: 1, personalEnvironment: false } });
    const question: Question = {
      principal: 'pat',
      permission: 'environment:use',
      resource: personal('pat'),
      at: later,
    };
    const facts = { ...factsOf('pat', orgEvents, []), scheme };
    expect(permit(facts, question)).toEqual(denied('unknown_resource'));
    expect(examine(facts, question)).toEqual([]);
  });

  it('and examines each source that it looked at', () => {
    const facts = factsOf('pat', [...orgEvents, granted({ notAfter: '2026-05-01T00:00:00.000Z' })], []);
    const question: Question = { principal: 'pat', permission: 'environment:use', resource: prod, at: later };
    expect(examine(facts, question)).toEqual([
      { role: 'org.participant', source: 'record', outcome: 'role_lacks_permission', evidence: ['e3'] },
      { role: 'environment.user', source: 'grant', outcome: 'expired', evidence: ['e3', 'e5'] },
    ]);
    expect(examine(facts, { ...question, at: Date.parse('2026-04-01T00:00:00.000Z') })[1]?.outcome).toBe('supports');
  });
});

describe('a grant holds in [notBefore, notAfter)', () => {
  const from = Date.parse('2026-03-01T00:00:00.000Z');
  const until = Date.parse('2026-04-01T00:00:00.000Z');
  const window = granted({ notBefore: '2026-03-01T00:00:00.000Z', notAfter: '2026-04-01T00:00:00.000Z' });
  it.each([
    ['not_yet_valid', from - 1],
    ['allowed', from],
    ['allowed', until - 1],
    ['expired', until],
    ['expired', until + 1],
  ])('%s at %d', (reason, at) => {
    expect(ask('pat', 'environment:use', prod, { org: [window], at }).reason).toBe(reason);
    const facts = factsOf('pat', [...orgEvents, window], []);
    const question: Question = { principal: 'pat', permission: 'environment:use', resource: prod, at };
    expect(examine(facts, question).at(-1)?.outcome).toBe(reason === 'allowed' ? 'supports' : reason);
  });

  it('and without bounds at any instant', () => {
    for (const at of [-8.64e15, 8.64e15])
      expect(ask('pat', 'environment:use', prod, { org: [granted()], at }).allowed).toBe(true);
  });

  it('and not at all on another environment', () => {
    const org: OrgEvent[] = [{ type: 'EnvironmentCreated', data: { environmentId: 'lab', name: 'lab' } }, granted()];
    expect(ask('pat', 'environment:use', lab, { org })).toEqual(denied('role_lacks_permission'));
  });
});

describe('removal leaves no residue', () => {
  const revoked: OrgEvent = {
    type: 'EnvironmentAccessRevoked',
    data: { environmentId: 'prod', grantee: { type: 'user', id: 'pat' } },
  };

  it('a revoked grant is gone', () => {
    expect(ask('pat', 'environment:use', prod, { org: [granted(), revoked] })).toEqual(denied('role_lacks_permission'));
  });

  it('a removed member has nothing left (T43)', () => {
    expect(ask('pat', 'environment:use', prod, { org: [granted(), patGone] })).toEqual(denied('not_member'));
    expect(ask('pat', 'org:view', acme, { org: [granted(), patGone] })).toEqual(denied('not_member'));
  });

  it('adding the person again does not revive a grant', () => {
    const answer = ask('pat', 'environment:use', prod, { org: [granted(), patGone, patJoins] });
    expect(answer).toEqual(denied('role_lacks_permission'));
  });

  it('a demoted admin keeps what was granted, and loses what was implied', () => {
    const change = (role: string, from: string): OrgEvent => ({
      type: 'MemberRoleChanged',
      data: { userId: 'pat', role, from },
    });
    const org = [change('org.admin', 'org.participant'), change('org.participant', 'org.admin')];
    expect(ask('pat', 'environment:use', prod, { org })).toEqual(denied('role_lacks_permission'));
    expect(ask('pat', 'environment:use', prod, { org: [granted(), ...org] }).allowed).toBe(true);
  });
});

describe('a platform admin', () => {
  const seen = Date.parse('2026-01-01T00:00:01.000Z');
  const day = 86_400_000;

  it.each([
    ['a group of the identity provider', observed(['alpha']), {}],
    ['a verified address on the allowlist', observed([], 'x1'), { breakGlass: true }],
  ])('comes from %s, with the rule and the observation as evidence (G14, G17)', (_, claims, marked) => {
    expect(ask('pia', 'org:create', realm, { user: [claims], at: seen })).toEqual({
      ...allowed('platform.admin', 'e2', 'e1'),
      ...marked,
    });
  });

  it.each([
    ['allowed', seen - 1],
    ['allowed', seen],
    ['allowed', seen + day - 1],
    ['expired', seen + day],
  ])('by claims that hold until their maximum age after the observation: %s at %d', (reason, at) => {
    expect(ask('pia', 'org:create', realm, { user: [observed(['alpha'])], at }).reason).toBe(reason);
    expect(ask('pia', 'org:create', realm, { user: [observed([], 'x1')], at }).reason).toBe(reason);
  });

  it('is one as long as either source holds', () => {
    const facts = { ...factsOf('pia', orgEvents, [observed(['alpha'], 'other')]), scheme: enterprise };
    const question: Question = { principal: 'pia', permission: 'org:create', resource: realm, at: seen };
    expect(permit(facts, question).allowed).toBe(true);
    expect(examine(facts, question).map(({ source }) => source)).toEqual(['idp_group']);
  });

  it('may be the system user, at any instant (T5)', () => {
    for (const at of [0, later])
      expect(ask('robot', 'org:create', realm, { at })).toEqual(allowed('platform.admin', 'e2'));
  });

  it.each([
    ['another group', observed(['beta'])],
    ['another address', observed([], 'x2')],
    ['no claims that bear a role', observed([])],
  ])('is nobody with %s', (_, claims) => {
    expect(ask('pia', 'org:create', realm, { user: [claims], at: seen }).reason).toBe('role_lacks_permission');
  });

  it('is nobody by a missing group, where neither the realm nor the person names one', () => {
    const facts: Facts = {
      ...factsOf('pia', orgEvents, [observed([])]),
      realm: fold('realm', realmEvents.slice(0, 1)).realm,
    };
    const question: Question = { principal: 'pia', permission: 'org:create', resource: realm, at: seen };
    expect(permit(facts, question).allowed).toBe(false);
    expect(examine({ ...facts, realm: undefined }, question)).toEqual([]);
  });

  it('is nobody where the scheme has no such source', () => {
    const scheme = enterpriseWith({ sources: { record: true } });
    const facts = { ...factsOf('pia', orgEvents, [observed(['alpha'], 'x1')]), scheme };
    expect(examine(facts, { principal: 'pia', permission: 'org:create', resource: realm, at: seen })).toEqual([]);
    const robot = { ...factsOf('robot', orgEvents, []), scheme };
    expect(examine(robot, { principal: 'robot', permission: 'org:create', resource: realm, at: seen })).toEqual([]);
  });

  it('resolves an organization, and reads nothing in it (T6, T12, T13)', () => {
    const claims = { user: [observed(['alpha'])], at: seen };
    expect(ask('pia', 'org:resolve', acme, claims).allowed).toBe(true);
    expect(ask('pia', 'org:view', acme, claims)).toEqual(denied('not_member'));
    expect(ask('pia', 'environment:see', prod, claims)).toEqual(denied('not_member'));
    expect(ask('pia', 'org:resolve', { kind: 'org', orgId: 'beta' }, claims)).toEqual(denied('unknown_resource'));
  });
});

describe('documents of others never support an allow', () => {
  const facts = factsOf('adam', orgEvents, [observed(['alpha'])]);
  const at = later;

  it("somebody else's membership", () => {
    expect(permit(facts, { principal: 'pat', permission: 'member:manage', resource: acme, at })).toEqual(
      denied('not_member'),
    );
  });

  it('membership in another organization', () => {
    const beta: Resource = { kind: 'org', orgId: 'beta' };
    const question: Question = { principal: 'adam', permission: 'member:manage', resource: beta, at };
    expect(permit(facts, question)).toEqual(denied('unknown_resource'));
    expect(bindingsOf(facts, 'adam', beta)).toEqual([]);
  });

  it('access to another environment', () => {
    const question: Question = { principal: 'adam', permission: 'environment:use', resource: lab, at };
    expect(permit(facts, question)).toEqual(denied('unknown_resource'));
    expect(bindingsOf(facts, 'adam', lab).map(({ source }) => source)).toEqual(['record']);
  });

  it("somebody else's claims", () => {
    const seen = Date.parse('2026-01-01T00:00:01.000Z');
    const question: Question = { principal: 'adam', permission: 'org:create', resource: realm, at: seen };
    expect(permit(facts, question)).toEqual(denied('role_lacks_permission'));
  });
});
