import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { builtInSchemes } from './built-in.js';
import { compileScheme, readScheme } from './compiled.js';
import { schemeDocument } from './scheme.js';

type Document = z.input<typeof schemeDocument>;
type Role = Document['roles'][number];

const person: Role = { key: 'org.person', title: 'Person', scope: 'org', holders: { min: 1, max: null } };
const room: Role = { key: 'workspace.guest', title: 'Guest', scope: 'workspace' };
const staff: Role = { key: 'platform.staff', title: 'Staff', scope: 'platform' };
const smallest: Document = {
  id: 'small',
  version: 1,
  children: ['workspace'],
  roles: [person, room, staff],
  sources: { record: true },
  tenancy: { orgsPerUser: null },
  orgCreation: { by: 'any_account', ownerRole: 'org.person' },
  platformReach: { content: false, audit: false, usage: false, actsAsOrgAdmin: false },
  refusals: { audit: 'none', style: 'forbid' },
};

/** The faults of the smallest scheme with some of it exchanged, as `path: message`. */
function faults(changes: object): string[] {
  const read = readScheme({ ...smallest, ...changes });
  return 'faults' in read ? read.faults.map(({ path, message }) => `${path}: ${message}`) : [];
}
const withRoles = (...roles: Role[]) => faults({ roles: [...smallest.roles, ...roles] });

describe('a broken role scheme is refused with the path of each fault:', () => {
  it('the smallest one has none, nor has any that is built in', () => {
    expect(faults({})).toEqual([]);
    for (const { document } of builtInSchemes) expect(readScheme(document)).not.toHaveProperty('faults');
  });

  it('all of them at once', () => {
    expect(
      faults({ roles: [...smallest.roles, person], implicit: [{ from: 'org.ghost', to: 'workspace.guest' }] }),
    ).toEqual([
      'roles.3.key: has the same key as another: org.person',
      'implicit.0.from: names an unknown role org.ghost',
    ]);
    expect(() =>
      compileScheme(schemeDocument.parse({ ...smallest, implicit: [{ from: 'org.a', to: 'org.b' }] })),
    ).toThrow('scheme small: implicit.0.from: names an unknown role org.a; implicit.0.to: names an unknown role org.b');
  });

  it('roles that inherit in a circle, told once (P7)', () => {
    const b: Role = { key: 'org.b', title: 'B', scope: 'org', inherits: ['org.c'] };
    const c: Role = { key: 'org.c', title: 'C', scope: 'org', inherits: ['org.b'] };
    expect(withRoles(b, c)).toEqual(['roles.3.inherits: inherits in a circle: org.b > org.c > org.b']);
    expect(withRoles({ ...b, inherits: ['org.b'] })).toEqual(['roles.3.inherits: inherits in a circle: org.b > org.b']);
    expect(withRoles({ ...b, key: 'org.a', inherits: ['org.b'] }, b, c)).toEqual([
      'roles.4.inherits: inherits in a circle: org.b > org.c > org.b',
    ]);
  });

  it('but a role may inherit the same one twice over, and look-up stays cheap where many do', () => {
    const diamond = Array.from({ length: 40 }, (_, i) => [`org.a${'x'.repeat(i)}`, `org.b${'x'.repeat(i)}`]);
    const roles = diamond.flatMap((pair, i) =>
      pair.map((key): Role => ({ key, title: key, scope: 'org', inherits: diamond[i + 1] ?? ['org.person'] })),
    );
    expect(withRoles(...roles)).toEqual([]);
  });

  const ghost = 'org.ghost';
  it.each<[string, Partial<Document>, string]>([
    [
      'a role that inherits',
      { roles: [...smallest.roles, { ...person, key: 'org.b', inherits: [ghost] }] },
      'roles.3.inherits.0',
    ],
    ['everyone', { sources: { record: true, everyone: [ghost] } }, 'sources.everyone.0'],
    ['the default', { sources: { record: true, default: ghost } }, 'sources.default'],
    ['a group', { sources: { record: true, idpGroup: ghost } }, 'sources.idpGroup'],
    [
      'the allowlist',
      { sources: { record: true, emailAllowlist: { role: ghost, breakGlass: true } } },
      'sources.emailAllowlist.role',
    ],
    [
      'a team',
      { sources: { record: true, teamMembership: [{ team: 'a', roles: ['b'], role: ghost }] } },
      'sources.teamMembership.0.role',
    ],
    ['the system user', { sources: { record: true, systemUser: ghost } }, 'sources.systemUser'],
    ['an implication, from', { implicit: [{ from: ghost, to: room.key }] }, 'implicit.0.from'],
    ['an implication, to', { implicit: [{ from: person.key, to: ghost }] }, 'implicit.0.to'],
    [
      'an override, from',
      { override: { scope: 'workspace', mode: 'raise', allowed: { [ghost]: [] } } },
      'override.allowed.org.ghost',
    ],
    [
      'an override, to',
      { override: { scope: 'workspace', mode: 'raise', allowed: { [person.key]: [ghost] } } },
      'override.allowed.org.person.0',
    ],
    ['a grant, effect', { grants: [{ on: 'workspace', grantee: ['user'], effect: ghost }] }, 'grants.0.effect'],
    [
      'a grant, of',
      { grants: [{ on: 'workspace', grantee: ['user'], effect: room.key, of: [ghost] }] },
      'grants.0.of.0',
    ],
    ['the creation', { orgCreation: { by: 'platform', ownerRole: ghost } }, 'orgCreation.ownerRole'],
    ['a transfer, role', { transfer: { role: ghost, target: [person.key], former: person.key } }, 'transfer.role'],
    [
      'a transfer, target',
      { transfer: { role: person.key, target: [ghost], former: person.key } },
      'transfer.target.0',
    ],
    ['a transfer, former', { transfer: { role: person.key, target: [person.key], former: ghost } }, 'transfer.former'],
    [
      'an invitation',
      { invitations: { batchMax: 1, forbidRoles: [ghost], countPending: true, ttlHours: 1 } },
      'invitations.forbidRoles.0',
    ],
    [
      'an option',
      { options: [{ key: 'a', title: 'A', on: false, gives: [{ role: ghost, permissions: ['org:view'] }] }] },
      'options.0.gives.0.role',
    ],
  ])('an unknown role: %s', (_, changes, path) => {
    expect(faults(changes)).toEqual([`${path}: names an unknown role org.ghost`]);
  });

  it.each<[string, Partial<Document>, string]>([
    [
      'an org role for the platform',
      { sources: { record: true, idpGroup: person.key } },
      'sources.idpGroup: takes a role of platform, not org.person',
    ],
    [
      'a platform role for everyone',
      { sources: { record: true, everyone: [staff.key] } },
      'sources.everyone.0: takes a role of self or realm, not platform.staff',
    ],
    [
      'an override that reaches the organization',
      { override: { scope: 'workspace', mode: 'raise', allowed: { [person.key]: [person.key] } } },
      'override.allowed.org.person.0: takes a role of workspace, not org.person',
    ],
    [
      'an implication that reaches the organization',
      { implicit: [{ from: person.key, to: person.key }] },
      'implicit.0.to: takes a role of workspace, not org.person',
    ],
    [
      'a kind of environment that the scheme lacks',
      { conjunctions: [{ permission: 'org:view', and: 'environment:use', on: 'project' }] },
      'conjunctions.0.on: the scheme has no project',
    ],
    [
      'a count of holders beyond one organization',
      { roles: [person, room, { ...staff, holders: { min: 1, max: 1 } }] },
      'roles.2.holders: only roles of an organization are counted, not of platform',
    ],
    [
      'a permission of the organization in a child',
      { roles: [person, { ...room, permissions: ['environment:see', 'org:view'] }, staff] },
      'roles.1.permissions.1: a role of workspace cannot hold org:view',
    ],
    [
      'the same by an option',
      { options: [{ key: 'a', title: 'A', on: false, gives: [{ role: room.key, permissions: ['billing:manage'] }] }] },
      'options.0.gives.0.permissions.0: a role of workspace cannot hold billing:manage',
    ],
    [
      'a role that inherits from another scope',
      { roles: [person, { ...room, inherits: [person.key] }, staff] },
      'roles.1.inherits.0: takes a role of workspace, not org.person',
    ],
  ])('something out of place: %s', (_, changes, fault) => {
    expect(faults(changes)).toEqual([fault]);
  });

  it('an organization that could be left without anybody in its first role', () => {
    const { holders: _, ...uncounted } = person;
    const left = 'orgCreation.ownerRole: nobody need hold org.person, and no platform role may give it';
    expect(faults({ roles: [uncounted] })).toEqual([expect.stringContaining(left)]);
    const appointed: Role = { ...uncounted, assignedWith: 'admin:appoint' };
    expect(faults({ roles: [appointed, staff] })).toEqual([expect.stringContaining(left)]);
    expect(faults({ roles: [appointed, { ...staff, permissions: ['admin:appoint'] }] })).toEqual([]);
  });

  it('an organization for everybody that not everybody may create (C1)', () => {
    const tenancy = { orgsPerUser: null, personalOrg: true };
    const account: Role = { key: 'realm.account', title: 'Account', scope: 'realm', permissions: ['org:create'] };
    const roles = [...smallest.roles, account];
    expect(faults({ tenancy, roles })).toEqual(['tenancy.personalOrg: no role in sources.everyone holds org:create']);
    const sources = { record: true, everyone: ['realm.account'] };
    expect(faults({ tenancy, roles, sources })).toEqual([]);
    const orgCreation = { ...smallest.orgCreation, uniqueNames: true };
    const alike = 'orgCreation.uniqueNames: organizations of tenancy.personalOrg begin with the same name';
    expect(faults({ tenancy, roles, sources, orgCreation })).toEqual([alike]);
  });

  it('an organization erases people who may belong to another one as well (X-06)', () => {
    const roles: Role[] = [
      ...smallest.roles,
      { key: 'org.officer', title: 'Officer', scope: 'org', permissions: ['subject:export', 'subject:erase'] },
    ];
    const told = 'roles.3.permissions.1: takes tenancy.orgsPerUser 1';
    for (const orgsPerUser of [null, 2]) expect(faults({ roles, tenancy: { orgsPerUser } })).toEqual([told]);
    expect(faults({ roles, tenancy: { orgsPerUser: 1 } })).toEqual([]);
    const gives = [{ role: 'org.officer', permissions: ['subject:erase' as const] }];
    const options = [{ key: 'erasing', title: 'Erasing', on: false, gives }];
    const without = [...smallest.roles, { ...roles.at(-1), permissions: [] } as Role];
    expect(faults({ roles: without, options, tenancy: { orgsPerUser: null } })).toEqual([
      'options.0.gives.0.permissions.0: takes tenancy.orgsPerUser 1',
    ]);
  });

  describe('somebody may give what they do not hold:', () => {
    const clerk: Role = { key: 'org.clerk', title: 'Clerk', scope: 'org', permissions: ['member:manage'] };
    const chief: Role = {
      key: 'org.chief',
      title: 'Chief',
      scope: 'org',
      permissions: ['billing:manage'],
      assignedWith: 'member:manage',
    };
    const told =
      'roles.4.assignedWith: escalation: org.clerk may give org.chief, and does not hold billing:manage itself';

    it('a role', () => {
      expect(withRoles(clerk, chief)).toEqual([told]);
      expect(withRoles({ ...clerk, inherits: ['org.chief'] }, chief)).toEqual([]);
    });

    it('unless a second person confirms, or the scheme says that it may be', () => {
      expect(withRoles(clerk, { ...chief, confirmed: true })).toEqual([]);
      expect(faults({ noEscalation: false, roles: [...smallest.roles, clerk, chief] })).toEqual([]);
    });

    it('by an option, as soon as it is on', () => {
      const { permissions: _, ...idle } = clerk;
      const option = { key: 'a', title: 'A', gives: [{ role: 'org.clerk', permissions: ['member:manage'] }] };
      const roles = [...smallest.roles, idle, chief];
      expect(faults({ roles, options: [{ ...option, on: false }] })).toEqual([]);
      expect(faults({ roles, options: [{ ...option, on: true }] })).toEqual([told]);
    });

    const guest: Role = { ...room, permissions: ['operation:run'] };
    it('by a grant, or by a role that a grant names', () => {
      const granting: Role = { ...clerk, permissions: ['environment:grant', 'environment:override-role'] };
      const roles = [person, guest, staff, granting];
      const grants: Document['grants'] = [{ on: 'workspace', grantee: ['user'], effect: room.key }];
      const allowed = { [person.key]: [room.key] };
      const more = 'escalation: org.clerk may give workspace.guest, and does not hold operation:run itself';
      expect(faults({ roles, grants })).toEqual([`grants.0.effect: ${more}`]);
      for (const mode of ['raise', 'replace'] as const)
        expect(faults({ roles, override: { scope: 'workspace', mode, allowed } })).toEqual([
          `override.allowed.org.person.0: ${more}`,
        ]);
      expect(faults({ roles, grants, implicit: [{ from: 'org.clerk', to: room.key }] })).toEqual([]);
    });

    it('by having a workflow run in an environment, or in their personal one (T46)', () => {
      const using = (key: string, scope: Role['scope'], ...more: string[]): Role =>
        ({ key, title: key, scope, permissions: ['environment:use', ...more] }) as Role;
      const [self, user, runner] = [
        using('self.person', 'self'),
        using('environment.user', 'environment'),
        using('environment.runner', 'environment', 'workflow:move'),
      ];
      const sources = (workflow: string) => ({
        record: true,
        everyone: [self.key],
        workflow: { environment: workflow },
      });
      const told = (personalEnvironment: boolean, workflow: string) =>
        faults({
          children: ['environment'],
          roles: [person, self, user, runner, staff],
          sources: sources(workflow),
          tenancy: { orgsPerUser: null, personalEnvironment },
        });
      const path = 'sources.workflow.environment: escalation';
      const fault = (who: string) =>
        `${path}: ${who} may give environment.runner, and does not hold workflow:move itself`;
      expect(told(true, runner.key)).toEqual([fault(self.key), fault(user.key)]);
      expect(told(false, runner.key)).toEqual([fault(user.key)]);
      expect(told(true, user.key)).toEqual([]);
    });
  });

  it.each<[string, object, string]>([
    [
      'an unknown permission',
      { roles: [{ ...person, permissions: ['org:explode'] }] },
      'roles.0.permissions.0: is no permission of the catalogue: org:explode',
    ],
    [
      'a property of Object as a permission',
      { roles: [{ ...person, permissions: ['constructor'] }] },
      'roles.0.permissions.0: is no permission',
    ],
    ['no roles', { roles: [] }, 'roles: '],
    ['an unknown member', { surprise: true }, ': '],
    ['a maximum of no holders', { roles: [{ ...person, holders: { min: 0, max: 0 } }] }, 'roles.0.holders.max: '],
    [
      'more holders at least than at most',
      { roles: [{ ...person, holders: { min: 2, max: 1 } }] },
      'roles.0.holders: must not require more holders than it allows',
    ],
  ])('what does not parse: %s', (_, changes, fault) => {
    const found = faults(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${fault}`));
  });
});
