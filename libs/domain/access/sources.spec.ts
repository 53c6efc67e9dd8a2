import { describe, expect, it } from '@jest/globals';
import { builtIn, fold } from '../../../test/support/decider.js';
import type { OrgEvent } from '../org/events.js';
import type { Permission } from '../schemes/actions.js';
import type { EnvironmentKind } from '../schemes/scheme.js';
import type { Facts, Resource } from './bindings.js';
import type { Assignment, EnvironmentDocument, MemberDocument, OrgDocument, RealmDocument } from './documents.js';
import { examine, permit, type Question } from './permit.js';

const acme: Resource = { kind: 'org', orgId: 'acme' };
const main: Resource = { kind: 'environment', orgId: 'acme', environmentId: 'main' };
const at = Date.parse('2026-06-01T00:00:00.000Z');
const edge = '2026-06-01T00:00:00.000Z';

interface Changes {
  readonly role?: string;
  readonly org?: Partial<OrgDocument>;
  readonly member?: Partial<MemberDocument>;
  readonly environment?: Partial<EnvironmentDocument>;
  readonly realm?: Partial<RealmDocument>;
}

/** Pat is a member of acme; `main` is its one environment. */
function factsOf(schemeId: string, { role = 'org.member', ...changes }: Changes = {}): Facts {
  const scheme = builtIn(schemeId);
  const ref = { id: schemeId, version: 1 };
  const [kind = 'environment'] = scheme.document.children;
  const owner = { userId: 'olga', role: scheme.document.orgCreation.ownerRole };
  const events: OrgEvent[] = [
    { type: 'OrgCreated', data: { orgId: 'acme', name: 'Acme', scheme: ref, owner } },
    { type: 'MemberAdded', data: { userId: 'pat', role } },
    { type: 'EnvironmentCreated', data: { environmentId: 'main', name: 'Main', kind } },
  ];
  const state = fold('org', events);
  const { realm } = fold('realm', [{ type: 'RealmCreated', data: { realmId: 'default', scheme: ref } }]);
  const [member, environment] = [state.members.get('pat'), state.environments.get('main')];
  if (realm === undefined || member === undefined || environment === undefined) throw new Error('no facts');
  return {
    scheme,
    realm: { ...realm, ...changes.realm },
    user: undefined,
    org: { ...state.org, ...changes.org },
    member: { ...member, ...changes.member },
    environment: { ...environment, ...changes.environment },
  };
}

const ask = (facts: Facts, permission: Permission, resource: Resource, more: Partial<Question> = {}) =>
  permit(facts, { principal: 'pat', permission, resource, at, ...more });

const assigned = (more: Partial<Assignment> = {}): Assignment => ({
  confirmed: true,
  evidence: ['given', 'confirmed'],
  ...more,
});

describe('a role beside the membership (X-04)', () => {
  const auditor = (more: Partial<Assignment> = {}) =>
    factsOf('enterprise', { role: 'org.participant', member: { assignments: { 'org.auditor': assigned(more) } } });

  it('holds with the membership, the giving and the confirmation as evidence', () => {
    expect(ask(auditor(), 'audit:read', acme)).toEqual({
      allowed: true,
      reason: 'allowed',
      role: 'org.auditor',
      evidence: ['e2', 'given', 'confirmed'],
    });
    expect(ask(auditor(), 'member:manage', acme).allowed).toBe(false);
  });

  it('not before a second person confirmed it', () => {
    expect(ask(auditor({ confirmed: false }), 'audit:read', acme).reason).toBe('not_confirmed');
    const facts = factsOf('enterprise', { member: { assignments: { 'org.checker': assigned({ confirmed: false }) } } });
    expect(ask(facts, 'decision:evaluate', acme).allowed).toBe(true);
  });

  it('in [notBefore, notAfter)', () => {
    expect(ask(auditor({ notBefore: edge }), 'audit:read', acme).allowed).toBe(true);
    expect(ask(auditor({ notBefore: edge }), 'audit:read', acme, { at: at - 1 }).reason).toBe('not_yet_valid');
    expect(ask(auditor({ notAfter: edge }), 'audit:read', acme).reason).toBe('expired');
    expect(ask(auditor({ notAfter: edge }), 'audit:read', acme, { at: at - 1 }).allowed).toBe(true);
  });
});

describe('a platform role', () => {
  const given = (scheme: string, role: string) =>
    factsOf(scheme, { realm: { assignments: { pia: { [role]: assigned() } } } });
  const asPia = { principal: 'pia' };

  it('is given to single principals, and reaches what the scheme lets it reach (K13, K14)', () => {
    expect(ask(given('gateway', 'platform.auditor'), 'audit:read', acme, asPia)).toMatchObject({
      allowed: true,
      evidence: ['given', 'confirmed'],
    });
    expect(ask(given('enterprise', 'platform.auditor'), 'audit:read', acme, asPia).allowed).toBe(false);
    expect(ask(given('gateway', 'platform.auditor'), 'audit:read', acme).allowed).toBe(false);
  });

  it('comes from a place in a team of the platform: not every place (T5)', () => {
    const inTeam = (role: string) =>
      factsOf('enterprise', { realm: { teams: { alpha: { pia: { role, evidence: 'joined' } } } } });
    for (const role of ['owner', 'admin'])
      expect(ask(inTeam(role), 'org:create', { kind: 'realm' }, asPia)).toMatchObject({ evidence: ['joined'] });
    expect(ask(inTeam('participant'), 'org:create', { kind: 'realm' }, asPia).allowed).toBe(false);
    expect(ask(inTeam('owner'), 'org:create', { kind: 'realm' }).allowed).toBe(false);
    expect(examine(inTeam('owner'), { ...asPia, permission: 'org:create', resource: acme, at })).toMatchObject([
      { source: 'team', outcome: 'supports' },
    ]);
  });
});

describe('a grant to a group', () => {
  const grant = { evidence: 'granted' };
  const facts = (groups: Record<string, string>, notAfter?: string) =>
    factsOf('enterprise', {
      role: 'org.participant',
      member: { groups },
      environment: { groupGrants: { team: { ...grant, notAfter } } },
    });

  it('holds for who is in the group, with membership, entry and grant as evidence', () => {
    expect(ask(facts({ team: 'entered' }), 'environment:use', main)).toMatchObject({
      allowed: true,
      role: 'environment.user',
      evidence: ['e2', 'entered', 'granted'],
    });
    for (const groups of [{}, { other: 'entered' }, { constructor: 'entered' }])
      expect(ask(facts(groups), 'environment:use', main).reason).toBe('role_lacks_permission');
  });

  it('and ends with its time', () => {
    expect(ask(facts({ team: 'entered' }, edge), 'environment:use', main).reason).toBe('expired');
  });
});

describe('a role that a grant names', () => {
  const facts = (scheme: string, role: string, named: string) =>
    factsOf(scheme, { role, member: { grants: { main: { role: named, evidence: 'granted' } } } });

  it('raises what the grant gives, as long as the scheme allows it to that role', () => {
    expect(ask(facts('teams', 'org.viewer', 'workspace.developer'), 'operation:run', main).allowed).toBe(true);
    expect(ask(facts('teams', 'org.viewer', 'workspace.admin'), 'environment:grant', main).allowed).toBe(false);
    expect(ask(facts('teams', 'org.viewer', 'workspace.admin'), 'environment:see', main).allowed).toBe(true);
  });

  it('or stands in place of it', () => {
    expect(ask(facts('studio', 'org.member', 'workspace.viewer'), 'environment:see', main).allowed).toBe(true);
    expect(ask(facts('studio', 'org.member', 'workspace.ghost'), 'environment:see', main).allowed).toBe(false);
    expect(ask(facts('gateway', 'org.member', 'workspace.viewer'), 'environment:see', main).allowed).toBe(false);
  });
});

describe('what is suspended holds nothing', () => {
  const suspension = { evidence: 'suspended' };

  it('a member', () => {
    const facts = factsOf('enterprise', { role: 'org.admin', member: { suspension } });
    for (const [permission, resource] of [
      ['member:manage', acme],
      ['environment:use', main],
      ['org:request-transfer', acme],
    ] as const)
      expect(ask(facts, permission, resource).reason).toBe('member_suspended');
  });

  it('and learns nothing else: an environment that is not there is answered like one that is', () => {
    const grants = { main: { evidence: 'granted' } };
    for (const facts of [
      factsOf('enterprise', { role: 'org.participant', member: { suspension, grants } }),
      factsOf('enterprise', { role: 'org.participant', org: { suspension }, member: { grants } }),
    ])
      for (const explain of [permit, examine]) {
        const question = { principal: 'pat', permission: 'environment:use', resource: main, at } as const;
        const missing = { ...facts, environment: undefined };
        expect(explain(missing, question)).toEqual(explain(facts, question));
      }
  });

  it('an organization, but for the platform', () => {
    const facts = factsOf('enterprise', { role: 'org.admin', org: { suspension }, realm: { systemUserId: 'robot' } });
    expect(ask(facts, 'member:manage', acme).reason).toBe('org_suspended');
    expect(examine(facts, { principal: 'pat', permission: 'member:manage', resource: acme, at })).toMatchObject([
      { source: 'record', outcome: 'org_suspended' },
    ]);
    expect(ask(facts, 'org:delete', acme, { principal: 'robot' }).allowed).toBe(true);
  });

  it('nobody else is: the own account and environment stay', () => {
    const facts = factsOf('enterprise', { member: { suspension } });
    expect(ask(facts, 'environment:use', { kind: 'personal_environment', ownerId: 'pat' }).allowed).toBe(true);
    expect(ask(facts, 'own-api-key:manage', { kind: 'account', ownerId: 'pat' }).allowed).toBe(true);
    expect(ask(facts, 'own-api-key:manage', { kind: 'account', ownerId: 'olga' }).reason).toBe('not_owner');
  });
});

describe('a session in one organization (R11 to R16)', () => {
  const inSession = (activeOrg: string | null, scheme = 'projects') => ({
    ...factsOf(scheme),
    session: { principal: 'pat', activeOrg },
  });

  it('reaches that one, and no other until it has entered it', () => {
    expect(ask(inSession('acme'), 'org:view', acme).allowed).toBe(true);
    expect(ask(inSession('beta'), 'org:view', acme).reason).toBe('not_active_org');
    expect(ask(inSession(null), 'environment:see', main).reason).toBe('not_active_org');
    for (const activeOrg of ['beta', null]) expect(ask(inSession(activeOrg), 'org:select', acme).allowed).toBe(true);
    expect(examine(inSession(null), { principal: 'pat', permission: 'org:view', resource: acme, at })).toEqual([]);
  });

  it("is no bound where there is none, for others than its person, where the scheme knows none, outside of organizations, and to the platform's own roles", () => {
    expect(ask(factsOf('projects'), 'org:view', acme).allowed).toBe(true);
    expect(ask({ ...inSession(null), session: { principal: 'olga', activeOrg: null } }, 'org:view', acme).allowed).toBe(
      true,
    );
    expect(ask(inSession('beta', 'gateway'), 'org:view', acme).allowed).toBe(true);
    expect(ask(inSession(null), 'org:create', { kind: 'realm' }).allowed).toBe(true);
    const operator = factsOf('projects', { realm: { systemUserId: 'pat' } });
    const asOperator = { ...operator, session: { principal: 'pat', activeOrg: null } };
    expect(ask(asOperator, 'org:set-plan', acme).allowed).toBe(true);
    expect(ask(asOperator, 'org:update', acme).reason).toBe('not_active_org');
    expect(ask({ ...asOperator, member: undefined }, 'org:update', acme).reason).toBe('not_member');
  });
});

describe('a feature on an object of a workspace (X9)', () => {
  const facts = (role: string, more: Changes = {}) =>
    factsOf('studio', { ...more, member: { grants: { main: { role, evidence: 'granted' } }, ...more.member } });

  it('takes a role in the workspace too, and rests on both', () => {
    expect(ask(facts('workspace.collaborator'), 'feature:build', main)).toMatchObject({
      allowed: true,
      role: 'org.member',
      evidence: ['e2', 'granted'],
    });
    expect(ask(facts('workspace.viewer'), 'feature:build', main).reason).toBe('lacks_second_permission');
    expect(ask(facts('workspace.viewer'), 'feature:build', acme).allowed).toBe(true);
  });

  it('says what else is in the way of the second one', () => {
    const until = { role: 'workspace.collaborator', evidence: 'granted', notAfter: edge };
    expect(ask(factsOf('studio', { member: { grants: { main: until } } }), 'feature:build', main).reason).toBe(
      'expired',
    );
    expect(ask(factsOf('studio'), 'feature:build', main, { principal: 'nora' }).reason).toBe('not_member');
  });

  it('and explains each part', () => {
    const question = { principal: 'pat', permission: 'feature:build', resource: main, at } as const;
    expect(examine(facts('workspace.collaborator'), question).map(({ role, outcome }) => [role, outcome])).toEqual([
      ['org.member', 'supports'],
      ['workspace.collaborator', 'supports'],
    ]);
  });
});

it.each<[EnvironmentKind, boolean]>([
  ['workspace', true],
  ['project', false],
  ['environment', false],
])('an environment asked for as a %s is there: %s', (type, there) => {
  const answer = ask(factsOf('studio', { role: 'org.admin' }), 'environment:see', { ...main, type });
  expect(answer.reason).toBe(there ? 'allowed' : 'unknown_resource');
});
