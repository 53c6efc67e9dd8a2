import { describe, expect, it } from '@jest/globals';
import { acmeOf, contextOf, enterprise, epoch, fold, realmWith } from '../../../test/support/decider.js';
import { exampleScheme } from '../../application/command-rows/scheme-example.js';
import type { Decision } from '../decision.js';
import { orgDecisions } from '../org/decisions.js';
import type { OrgEvent } from '../org/events.js';
import { schemeOf } from '../schemes/built-in.js';
import { type SchemeDocument, schemeDocument } from '../schemes/scheme.js';
import type { RealmDecisionContext } from './command.js';
import { realmDecisions } from './commands.js';
import type { RealmEvent } from './events.js';

const sixth = schemeDocument.parse(exampleScheme);
const created: RealmEvent = {
  type: 'RealmCreated',
  data: { realmId: 'default', scheme: { id: 'enterprise', version: 1 } },
};
const defined = (document: SchemeDocument): RealmEvent => {
  const { id, version } = document;
  return { type: 'RoleSchemeDefined', data: { scheme: { id, version }, document: JSON.stringify(document) } };
};
const adopted = (id: string, version: number): RealmEvent => ({
  type: 'RoleSchemeAdopted',
  data: { scheme: { id, version } },
});

const context: RealmDecisionContext = { ...contextOf('pia'), mayUnder: () => true };
const after = (...history: readonly RealmEvent[]) => fold('realm', [created, ...history]);
const define = (document: SchemeDocument, ...history: readonly RealmEvent[]) =>
  realmDecisions.DefineRoleScheme(after(...history), { document }, context);
const adopt = (schemeId: string, version: number, ...history: readonly RealmEvent[]) =>
  realmDecisions.AdoptRoleScheme(after(...history), { schemeId, version }, context);

describe('a version of a role scheme', () => {
  it('is defined once, and never says something else', () => {
    expect(define(sixth)).toEqual([defined(sixth)]);
    expect(define(sixth, defined(sixth))).toEqual([]);
    expect(define({ ...sixth, noEscalation: false }, defined(sixth))).toEqual({ refused: 'scheme_exists' });
    expect(define({ ...enterprise.document, noEscalation: false })).toEqual({ refused: 'scheme_exists' });
  });

  it('is the next of its id', () => {
    for (const version of [2, 3]) expect(define({ ...sixth, version })).toEqual({ refused: 'scheme_version_order' });
    const second = { ...enterprise.document, version: 2 };
    expect(define(second)).toEqual([defined(second)]);
    expect(define({ ...second, version: 3 })).toEqual({ refused: 'scheme_version_order' });
    expect(define({ ...second, version: 3 }, defined(second))).toEqual([defined({ ...second, version: 3 })]);
  });

  it('is refused with the path of each fault: circles, roles without an owner, escalation, another tenancy', () => {
    const faultsOf = (changes: Partial<SchemeDocument>) => {
      const decision = define({ ...sixth, ...changes });
      return 'refused' in decision ? [decision.refused, decision.faults?.map(({ path }) => path)] : decision;
    };
    const [admin, owner, reader, user] = sixth.roles as [Role, Role, Role, Role];
    const circular = [admin, owner, { ...reader, inherits: [owner.key] }, user];
    expect(faultsOf({ roles: circular })).toEqual(['scheme_broken', ['roles.1.inherits']]);
    const { holders: _, ...ownerless } = owner;
    expect(faultsOf({ roles: [admin, ownerless, reader, user] })).toEqual(['scheme_broken', ['orgCreation.ownerRole']]);
    const raising = { ...reader, permissions: [...reader.permissions, 'member:manage' as const] };
    expect(faultsOf({ roles: [admin, owner, raising, user] })).toEqual(['scheme_broken', ['roles.1.assignedWith']]);
    const tenancy = { ...sixth.tenancy, orgsPerUser: null };
    expect(faultsOf({ tenancy })).toEqual(['scheme_broken', ['tenancy.orgsPerUser']]);
  });

  it('decides as soon as the realm has adopted it, and the former one may be gone back to', () => {
    expect(adopt('library', 1)).toEqual({ refused: 'scheme_unknown' });
    expect(adopt('teams', 1)).toEqual({ refused: 'scheme_unknown' });
    expect(adopt('library', 1, defined(sixth))).toEqual([adopted('library', 1)]);
    const { realm } = after(defined(sixth), adopted('library', 1));
    expect(realm && schemeOf(realm.scheme, realm).document).toEqual(sixth);
    expect(adopt('library', 1, defined(sixth), adopted('library', 1))).toEqual([]);
    expect(adopt('enterprise', 1, defined(sixth), adopted('library', 1))).toEqual([adopted('enterprise', 1)]);
  });

  it('is not adopted by somebody whom it would lock out', () => {
    const asked = { schemeId: 'library', version: 1 };
    const decision = realmDecisions.AdoptRoleScheme(after(defined(sixth)), asked, {
      ...context,
      mayUnder: (scheme, permission) => scheme.document.id !== 'library' || permission !== 'role-scheme:define',
    });
    expect(decision).toEqual({ refused: 'scheme_locks_out' });
  });

  it('is not adopted while it gives a machine of the platform what is for people (X-02)', () => {
    const role = 'platform.librarian';
    const librarian = (...permissions: Role['permissions']): SchemeDocument => ({
      ...sixth,
      roles: [
        ...sixth.roles,
        { ...(sixth.roles[3] as Role), key: role, title: 'Librarian', scope: 'platform', permissions },
      ],
    });
    const account: RealmEvent = {
      type: 'PlatformServiceAccountCreated',
      data: { accountId: 'desk', name: 'Desk', role },
    };
    const gone: RealmEvent = { type: 'PlatformServiceAccountDeleted', data: { accountId: 'desk' } };
    const erasing = defined(librarian('platform-subject:erase'));
    expect(adopt('library', 1, erasing)).toEqual([adopted('library', 1)]);
    expect(adopt('library', 1, erasing, account)).toEqual({ refused: 'not_for_machines' });
    expect(adopt('library', 1, erasing, account, gone)).toEqual([adopted('library', 1)]);
    expect(adopt('library', 1, defined(librarian('decision:evaluate')), account)).toEqual([adopted('library', 1)]);
    expect(adopt('library', 1, defined(sixth), account)).toEqual([adopted('library', 1)]);
  });
});

type Role = SchemeDocument['roles'][number];

describe('an organization that is to be under another version', () => {
  const [, owner] = sixth.roles as [Role, Role];
  const moving = (
    history: readonly OrgEvent[],
    changes: Partial<SchemeDocument> = {},
    at = epoch,
  ): Decision<OrgEvent> => {
    const document = { ...sixth, ...changes };
    return orgDecisions.ChangeOrgScheme(
      fold('org', history),
      { schemeId: document.id, version: document.version },
      { ...contextOf('pia'), at, realmDocument: realmWith([document]) },
    );
  };
  const acme = acmeOf('olga');
  const to = { id: 'library', version: 1 };
  const moved: OrgEvent = { type: 'OrgSchemeChanged', data: { scheme: to, from: { id: 'enterprise', version: 1 } } };
  const added = (userId: string, role: string): OrgEvent => ({ type: 'MemberAdded', data: { userId, role } });

  it('moves, once', () => {
    expect(moving([acme, added('pat', 'org.participant')])).toEqual([moved]);
    expect(moving([acme, moved])).toEqual([]);
    expect(fold('org', [acme, moved]).org.scheme).toEqual(to);
  });

  it('is refused what is none of its realm, or where there is no organization', () => {
    expect(moving([])).toEqual({ refused: 'org_not_found' });
    for (const schemeId of ['teams', 'library'])
      expect(
        orgDecisions.ChangeOrgScheme(
          fold('org', [acme]),
          { schemeId, version: 1 },
          { ...contextOf('pia'), realmDocument: realmWith([]) },
        ),
      ).toEqual({ refused: 'scheme_unknown' });
  });

  it('stays where it is while a member, or somebody invited, would be left without a role', () => {
    expect(moving([acme, added('ada', 'org.admin')])).toEqual({ refused: 'roles_missing', roles: ['org.admin'] });
    const invited: OrgEvent = {
      type: 'InvitationCreated',
      data: {
        invitationId: 'i1',
        emailIndex: 'x',
        email: null,
        role: 'org.developer',
        environments: [],
        expiresAt: new Date(epoch + 1000).toISOString(),
      },
    };
    expect(moving([acme, invited])).toEqual({ refused: 'roles_missing', roles: ['org.developer'] });
    expect(moving([acme, invited], {}, epoch + 1000)).toEqual([moved]);
  });

  it('stays where it is while a service account would have a role that must be held by people (X-02)', () => {
    const account: OrgEvent = {
      type: 'ServiceAccountCreated',
      data: { accountId: 'desk', name: 'Desk', role: 'org.participant' },
    };
    const gone: OrgEvent = { type: 'ServiceAccountDeleted', data: { accountId: 'desk' } };
    const holders = { min: 0, max: null };
    const roles = sixth.roles.map((role) => (role.key === 'org.participant' ? { ...role, holders } : role));
    expect(moving([acme, account])).toEqual([moved]);
    expect(moving([acme, account], { roles })).toEqual({ refused: 'not_for_machines' });
    expect(moving([acme, account, gone], { roles })).toEqual([moved]);
  });

  it('stays where it is while holders, environments or the plan do not fit', () => {
    const holding = (holders: { min: number; max: number | null }) => ({
      roles: sixth.roles.map((role) => (role.key === owner.key ? { ...role, holders } : role)),
    });
    expect(moving([acme], holding({ min: 2, max: null }))).toEqual({ refused: 'role_holders_short' });
    const readers = sixth.roles.map((role) =>
      role.key === 'org.participant' ? { ...role, holders: { min: 0, max: 1 } } : role,
    );
    const two = [acme, added('pat', 'org.participant'), added('pam', 'org.participant')];
    expect(moving(two, { roles: readers })).toEqual({ refused: 'role_holders_full' });
    const workspace: OrgEvent = {
      type: 'EnvironmentCreated',
      data: { environmentId: 'main', name: 'Main', kind: 'workspace' },
    };
    expect(moving([acme, workspace])).toEqual({ refused: 'environment_kind_unknown' });
    expect(moving([acme, workspace, { type: 'EnvironmentDeleted', data: { environmentId: 'main' } }])).toEqual([moved]);
    const clouded: OrgEvent = {
      type: 'EnvironmentCreated',
      data: { environmentId: 'main', name: 'Main', cloudProvider: 'aws' },
    };
    expect(moving([acme, clouded])).toEqual({ refused: 'cloud_provider_unknown' });
    expect(moving([acme, clouded], { cloudProvider: 'one_each' })).toEqual([moved]);
    const plans = { small: { members: 1 } };
    const planned: OrgEvent = { type: 'OrgPlanSet', data: { plan: 'large' } };
    expect(moving([acme, planned], { plans })).toEqual({ refused: 'plan_unknown' });
    expect(moving([acme, planned])).toEqual([moved]);
  });
});
