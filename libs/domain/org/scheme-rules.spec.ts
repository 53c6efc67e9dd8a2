import { describe, expect, it } from '@jest/globals';
import { builtIn, fold, given, nothing, refused } from '../../../test/support/decider.js';
import type { EnvironmentKind } from '../schemes/scheme.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';

const teams = builtIn('teams');
const studio = builtIn('studio');
const projects = builtIn('projects');
const gateway = builtIn('gateway');

const created = (scheme: string, role: string): OrgEvent => ({
  type: 'OrgCreated',
  data: { orgId: 'acme', name: 'Acme', scheme: { id: scheme, version: 1 }, owner: { userId: 'olga', role } },
});
const joined = (userId: string, role: string): OrgEvent => ({ type: 'MemberAdded', data: { userId, role } });
const child = (environmentId: string, kind: EnvironmentKind): OrgEvent => ({
  type: 'EnvironmentCreated',
  data: { environmentId, name: environmentId, kind },
});
const toPat = { environmentId: 'main', grantee: { type: 'user', id: 'pat' } } as const;
const granted = (role?: string): OrgEvent => ({ type: 'EnvironmentAccessGranted', data: { ...toPat, role } });

describe("a name that people would take for the platform's own", () => {
  const found = { orgId: 'acme', ownerId: 'olga' };
  const names = ['Support', 'support', ' SUPPORT ', 'ｓｕｐｐｏｒｔ'];

  it('is taken by no organization that people create, at its creation or later', () => {
    for (const name of names) {
      given([], projects, 'olga')
        .when('CreateOrg', { ...found, name })
        .then(refused('name_reserved'));
      given([created('projects', 'org.owner')], projects)
        .when('UpdateOrg', { name })
        .then(refused('name_reserved'));
    }
    given([created('projects', 'org.owner')], projects)
      .when('UpdateOrg', { name: 'Support Ltd.' })
      .then([{ type: 'OrgRenamed', data: { name: 'Support Ltd.' } }]);
  });

  it('is up to the platform where the platform creates organizations', () => {
    given([created('gateway', 'org.admin')], gateway)
      .when('UpdateOrg', { name: 'Support' })
      .then([{ type: 'OrgRenamed', data: { name: 'Support' } }]);
  });
});

describe('an environment is of a kind that the scheme has', () => {
  const acme = created('projects', 'org.owner');

  it('of the first one where none is named', () => {
    given([created('teams', 'org.owner')], teams)
      .when('CreateEnvironment', { environmentId: 'main', name: 'main' })
      .then([child('main', 'workspace')]);
    given([acme], projects)
      .when('CreateEnvironment', { environmentId: 'lab', name: 'lab' })
      .then([{ type: 'EnvironmentCreated', data: { environmentId: 'lab', name: 'lab' } }]);
  });

  it('of the one that is named', () => {
    given([acme], projects)
      .when('CreateEnvironment', { environmentId: 'rules', name: 'rules', kind: 'project' })
      .then([child('rules', 'project')]);
    given([acme], projects)
      .when('CreateEnvironment', { environmentId: 'rules', name: 'rules', kind: 'workspace' })
      .then(refused('environment_kind_unknown'));
  });

  it('and of one cloud provider where the scheme knows of them, never of another one later (C4)', () => {
    const main = { environmentId: 'main', name: 'main', cloudProvider: 'aws' };
    const onAws: OrgEvent = { type: 'EnvironmentCreated', data: { ...main, kind: 'workspace' } };
    const founded = created('teams', 'org.owner');
    given([founded], teams).when('CreateEnvironment', main).then([onAws]);
    for (const cloudProvider of ['gcp', undefined])
      given([founded, onAws], teams)
        .when('CreateEnvironment', { ...main, cloudProvider })
        .then(refused('environment_exists'));
    given([acme], projects).when('CreateEnvironment', main).then(refused('cloud_provider_unknown'));
    expect(orgCommands.UpdateEnvironment.safeParse(main).success).toBe(false);
    const renamed: OrgEvent = { type: 'EnvironmentRenamed', data: { environmentId: 'main', name: 'Other' } };
    expect(fold('org', [founded, onAws, renamed]).environments.get('main')).toMatchObject({ cloudProvider: 'aws' });
  });

  it('and never of another one later', () => {
    given([acme, child('rules', 'project')], projects)
      .when('CreateEnvironment', { environmentId: 'rules', name: 'rules' })
      .then(refused('environment_exists'));
  });
});

describe('an organization begins (K1)', () => {
  const input = { orgId: 'acme', name: 'Acme', ownerId: 'olga' };
  const workspace = { environmentId: 'default', name: 'Default Workspace', kind: 'workspace' } as const;

  it('with its default workspace where the scheme says so, of its own first kind (C2)', () => {
    given([], teams, 'olga')
      .when('CreateOrg', input)
      .then([created('teams', 'org.owner'), { type: 'EnvironmentCreated', data: workspace }]);
  });

  it('with nothing but who created it where it does not (V1, R1)', () => {
    given([], studio, 'olga')
      .when('CreateOrg', input)
      .then([created('studio', 'org.admin')]);
    given([], projects, 'olga')
      .when('CreateOrg', input)
      .then([created('projects', 'org.owner')]);
  });
});

describe('a role raised in one workspace (C16)', () => {
  const base = [created('teams', 'org.owner'), joined('adam', 'org.admin'), child('main', 'workspace')];
  const asViewer = [...base, joined('pat', 'org.viewer')];
  const asDeveloper = [...base, joined('pat', 'org.developer')];
  const grant = { ...toPat, role: 'workspace.developer' };

  it('makes a viewer a developer there, and a developer an admin', () => {
    given(asViewer, teams)
      .when('GrantEnvironmentAccess', grant)
      .then([granted('workspace.developer')]);
    given(asDeveloper, teams)
      .when('GrantEnvironmentAccess', { ...toPat, role: 'workspace.admin' })
      .then([granted('workspace.admin')]);
  });

  it('is given and taken by granting again', () => {
    given([...asViewer, granted()], teams)
      .when('GrantEnvironmentAccess', grant)
      .then([granted('workspace.developer')]);
    given([...asViewer, granted('workspace.developer')], teams)
      .when('GrantEnvironmentAccess', toPat)
      .then([granted()]);
    given([...asViewer, granted('workspace.developer')], teams)
      .when('GrantEnvironmentAccess', grant)
      .then(nothing);
  });

  it('is refused where the scheme does not allow it', () => {
    given(asViewer, teams)
      .when('GrantEnvironmentAccess', { ...toPat, role: 'workspace.admin' })
      .then(refused('grant_role_not_allowed'));
    given(asDeveloper, teams)
      .when('GrantEnvironmentAccess', { ...toPat, role: 'workspace.viewer' })
      .then(refused('grant_role_not_allowed'));
  });

  it('refuses a grant to whom it would give nothing', () => {
    given(base, teams)
      .when('GrantEnvironmentAccess', { environmentId: 'main', grantee: { type: 'user', id: 'adam' } })
      .then(refused('grant_without_effect'));
  });
});

describe('a role of its own in a workspace (V14)', () => {
  const base = [created('studio', 'org.admin'), joined('pat', 'org.member'), child('main', 'workspace')];

  it.each(['workspace.viewer', 'workspace.collaborator', 'workspace.admin'])('is %s', (role) => {
    given(base, studio)
      .when('GrantEnvironmentAccess', { ...toPat, role })
      .then([granted(role)]);
  });

  it('must be named', () => {
    given(base, studio).when('GrantEnvironmentAccess', toPat).then(refused('grant_without_effect'));
    const gatewayBase = [created('gateway', 'org.admin'), joined('pat', 'org.member'), child('main', 'project')];
    given(gatewayBase, gateway).when('GrantEnvironmentAccess', toPat).then(refused('grant_without_effect'));
  });
});

describe('holders of a role are counted as the scheme asks', () => {
  const acme = created('teams', 'org.owner');

  it('several owners, never none (C28, C33)', () => {
    given([acme], teams)
      .when('AddMember', { userId: 'pat', role: 'org.owner' })
      .then([joined('pat', 'org.owner')]);
    given([acme], teams).when('RemoveMember', { userId: 'olga' }).then(refused('role_holders_short'));
    given([acme, joined('pat', 'org.owner')], teams)
      .when('RemoveMember', { userId: 'olga' })
      .then([{ type: 'MemberRemoved', data: { userId: 'olga', role: 'org.owner' } }]);
  });

  it('and the one who hands over steps down, whoever created the organization (C27)', () => {
    const two = [acme, joined('pat', 'org.owner'), joined('dev', 'org.developer')];
    const transferred = (from: string): OrgEvent => ({
      type: 'OrgOwnershipTransferred',
      data: { from, to: 'dev', role: 'org.owner', given: 'org.developer', left: 'org.admin' },
    });
    const toDev = { toUserId: 'dev' };
    given(two, teams, 'pat')
      .when('TransferOrgOwnership', toDev)
      .then([transferred('pat')]);
    given(two, teams, 'olga')
      .when('TransferOrgOwnership', toDev)
      .then([transferred('olga')]);
    const left: OrgEvent = { type: 'MemberRemoved', data: { userId: 'olga', role: 'org.owner' } };
    given([...two, left], teams)
      .when('TransferOrgOwnership', toDev)
      .then(refused('transfer_source_role'));
  });

  it('never the last ORG Admin (V19)', () => {
    given([created('studio', 'org.admin')], studio)
      .when('ChangeMemberRole', { userId: 'olga', role: 'org.member' })
      .then(refused('role_holders_short'));
  });

  it('none where the platform appoints (K3)', () => {
    given([created('gateway', 'org.admin')], gateway)
      .when('RemoveMember', { userId: 'olga' })
      .then([{ type: 'MemberRemoved', data: { userId: 'olga', role: 'org.admin' } }]);
  });

  it('and a role that a second person confirms is no membership (X-04)', () => {
    given([acme], teams)
      .when('AddMember', { userId: 'pat', role: 'org.auditor' })
      .then(refused('role_needs_confirmation'));
  });
});
