import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, fold, given, newId, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';

const acme = acmeOf('olga');
const pat: OrgEvent = { type: 'MemberAdded', data: { userId: 'pat', role: 'org.participant' } };
const environment = (environmentId: string): OrgEvent => ({
  type: 'EnvironmentCreated',
  data: { environmentId, name: environmentId },
});
const team = (name = 'Team'): OrgEvent => ({ type: 'GroupCreated', data: { groupId: 'team', name } });
const deleted: OrgEvent = { type: 'GroupDeleted', data: { groupId: 'team' } };
const patIn = { groupId: 'team', userId: 'pat' };
const entered: OrgEvent = { type: 'GroupMemberAdded', data: patIn };
const exited: OrgEvent = { type: 'GroupMemberRemoved', data: patIn };
const toTeam = (environmentId = 'prod') => ({ environmentId, grantee: { type: 'group' as const, id: 'team' } });
const granted = (environmentId = 'prod'): OrgEvent => ({
  type: 'EnvironmentAccessGranted',
  data: toTeam(environmentId),
});
const revoked = (environmentId = 'prod'): OrgEvent => ({
  type: 'EnvironmentAccessRevoked',
  data: toTeam(environmentId),
});

describe('CreateGroup', () => {
  it('creates, under the given id or the derived one', () => {
    given([acme]).when('CreateGroup', { groupId: 'team', name: 'Team' }).then([team()]);
    given([acme])
      .when('CreateGroup', { name: 'Team' })
      .then([{ type: 'GroupCreated', data: { groupId: newId, name: 'Team' } }]);
  });

  it('does nothing where it is so already; refuses an id that is or was taken, and a missing organization', () => {
    given([acme, team()]).when('CreateGroup', { groupId: 'team', name: 'Team' }).then(nothing);
    given([acme, team()]).when('CreateGroup', { groupId: 'team', name: 'Other' }).then(refused('group_exists'));
    given([acme, team(), deleted]).when('CreateGroup', { groupId: 'team', name: 'Team' }).then(refused('group_exists'));
    given([]).when('CreateGroup', { groupId: 'team', name: 'Team' }).then(refused('org_not_found'));
  });
});

describe('RenameGroup', () => {
  it('renames what is there', () => {
    given([acme, team()])
      .when('RenameGroup', { groupId: 'team', name: 'The Team' })
      .then([{ type: 'GroupRenamed', data: { groupId: 'team', name: 'The Team' } }]);
    given([acme, team()]).when('RenameGroup', { groupId: 'team', name: 'Team' }).then(nothing);
    for (const history of [[acme], [acme, team(), deleted]])
      given(history).when('RenameGroup', { groupId: 'team', name: 'The Team' }).then(refused('group_not_found'));
  });
});

describe('DeleteGroup', () => {
  it('revokes all that was granted to the group, in the same append (T43)', () => {
    given([acme, team(), environment('prod'), environment('dev'), environment('lab'), granted('prod'), granted('dev')])
      .when('DeleteGroup', { groupId: 'team' })
      .then([revoked('dev'), revoked('prod'), deleted]);
  });

  it('does nothing to a deleted one, and refuses one that never was', () => {
    given([acme, team(), deleted]).when('DeleteGroup', { groupId: 'team' }).then(nothing);
    given([acme]).when('DeleteGroup', { groupId: 'team' }).then(refused('group_not_found'));
  });
});

describe('AddGroupMember and RemoveGroupMember', () => {
  it('put a member in and out', () => {
    given([acme, pat, team()]).when('AddGroupMember', patIn).then([entered]);
    given([acme, pat, team(), entered]).when('AddGroupMember', patIn).then(nothing);
    given([acme, pat, team(), entered]).when('RemoveGroupMember', patIn).then([exited]);
    given([acme, pat, team()]).when('RemoveGroupMember', patIn).then(nothing);
    given([acme, team()]).when('RemoveGroupMember', patIn).then(nothing);
  });

  it('refuse who is no member, and a group that is not there (T44)', () => {
    given([acme, team()]).when('AddGroupMember', patIn).then(refused('member_not_found'));
    for (const name of ['AddGroupMember', 'RemoveGroupMember'] as const)
      for (const history of [
        [acme, pat],
        [acme, pat, team(), deleted],
      ])
        given(history).when(name, patIn).then(refused('group_not_found'));
  });

  it('are ended by the removal of the member, and not revived by another membership (T43)', () => {
    const history = [acme, pat, team(), entered];
    const removed: OrgEvent = { type: 'MemberRemoved', data: { userId: 'pat', role: 'org.participant' } };
    expect(fold('org', history).members.get('pat')?.groups).toEqual({ team: 'e4' });
    expect(fold('org', [...history, removed, pat]).members.get('pat')?.groups).toBeUndefined();
  });

  it('survive a change of the role', () => {
    const changed: OrgEvent = {
      type: 'MemberRoleChanged',
      data: { userId: 'pat', role: 'org.admin', from: 'org.participant' },
    };
    expect(fold('org', [acme, pat, team(), entered, changed]).members.get('pat')?.groups).toEqual({ team: 'e4' });
  });
});

describe('a grant to a group', () => {
  const history = [acme, environment('prod'), team()];

  it('stands with the environment, with its bounds', () => {
    given(history).when('GrantEnvironmentAccess', toTeam()).then([granted()]);
    given([...history, granted()])
      .when('GrantEnvironmentAccess', toTeam())
      .then(nothing);
    const notAfter = '2026-03-01T00:00:00.000Z';
    given([...history, granted()])
      .when('GrantEnvironmentAccess', { ...toTeam(), notAfter })
      .then([{ type: 'EnvironmentAccessGranted', data: { ...toTeam(), notAfter } }]);
    given([...history, granted()])
      .when('RevokeEnvironmentAccess', toTeam())
      .then([revoked()]);
  });

  it('is refused where there is no such group (T44), and where it would name a role that nobody may have', () => {
    for (const past of [history.slice(0, 2), [...history, deleted]])
      given(past).when('GrantEnvironmentAccess', toTeam()).then(refused('group_not_found'));
    given(history)
      .when('GrantEnvironmentAccess', { ...toTeam(), role: 'environment.user' })
      .then(refused('grant_role_not_allowed'));
  });

  it.each(['teams', 'studio', 'projects', 'gateway'])(
    'is refused under %s, which grants to people only (K12)',
    (id) => {
      const scheme = builtIn(id);
      const [kind] = scheme.document.children;
      const owner = { userId: 'olga', role: scheme.document.orgCreation.ownerRole };
      const founded: OrgEvent = {
        type: 'OrgCreated',
        data: { orgId: 'acme', name: 'Acme', scheme: { id, version: 1 }, owner },
      };
      const child: OrgEvent = { type: 'EnvironmentCreated', data: { environmentId: 'prod', name: 'prod', kind } };
      given([founded, child, team()], scheme)
        .when('GrantEnvironmentAccess', toTeam())
        .then(refused('group_grants_unknown'));
    },
  );
});

describe('UpdateEnvironment', () => {
  const renamed: OrgEvent = { type: 'EnvironmentRenamed', data: { environmentId: 'prod', name: 'Production' } };

  it('renames what is there', () => {
    const input = { environmentId: 'prod', name: 'Production' };
    given([acme, environment('prod')])
      .when('UpdateEnvironment', input)
      .then([renamed]);
    given([acme, environment('prod'), renamed])
      .when('UpdateEnvironment', input)
      .then(nothing);
    const gone: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'prod' } };
    for (const past of [[acme], [acme, environment('prod'), gone]])
      given(past).when('UpdateEnvironment', input).then(refused('environment_not_found'));
  });
});
