import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, fold, given, nothing, refused } from '../../../test/support/decider.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';

const teams = builtIn('teams');

const created = (scheme: string) => acmeOf('olga', scheme);
const acme = created('enterprise');
const joined = (userId: string, role: string): OrgEvent => ({ type: 'MemberAdded', data: { userId, role } });
const pat = joined('pat', 'org.participant');
const left = (userId: string, role: string): OrgEvent => ({ type: 'MemberRemoved', data: { userId, role } });
const suspended = (userId: string): OrgEvent => ({ type: 'MemberSuspended', data: { userId } });
const resumed = (userId: string): OrgEvent => ({ type: 'MemberResumed', data: { userId } });

describe('UpdateOrg', () => {
  it('renames', () => {
    given([acme])
      .when('UpdateOrg', { name: 'Acme Corporation' })
      .then([{ type: 'OrgRenamed', data: { name: 'Acme Corporation' } }]);
  });

  it('describes, renames or both, and takes a description away (C7)', () => {
    const described = (description: string | null) => ({ type: 'OrgDescribed', data: { description } }) as const;
    given([acme])
      .when('UpdateOrg', { description: ' Makers of everything ' })
      .then([described('Makers of everything')]);
    given([acme, described('Old')])
      .when('UpdateOrg', { name: 'Acme Corporation', description: 'New' })
      .then([{ type: 'OrgRenamed', data: { name: 'Acme Corporation' } }, described('New')]);
    for (const none of ['', '  ', null]) {
      given([acme, described('Old')])
        .when('UpdateOrg', { description: none })
        .then([described(null)]);
      given([acme]).when('UpdateOrg', { name: 'Acme', description: none }).then(nothing);
    }
    given([acme, described('Old')])
      .when('UpdateOrg', { description: 'Old' })
      .then(nothing);
  });

  it('takes a description of 500 characters, and asks for something', () => {
    const schema = orgCommands.UpdateOrg;
    expect(schema.safeParse({ description: 'x'.repeat(500) }).success).toBe(true);
    for (const wrong of [{}, { name: undefined }, { name: null }, { name: '' }, { description: 'x'.repeat(501) }])
      expect([wrong, schema.safeParse(wrong).success]).toEqual([wrong, false]);
  });

  it('does nothing under the same name, and nothing where there is no organization', () => {
    given([acme]).when('UpdateOrg', { name: 'Acme' }).then(nothing);
    given([]).when('UpdateOrg', { name: 'Acme' }).then(refused('org_not_found'));
  });
});

describe('LeaveOrg', () => {
  it('is the removal of whoever asks', () => {
    given([acme, pat], undefined, 'pat')
      .when('LeaveOrg', {})
      .then([left('pat', 'org.participant')]);
    given([acme, pat], undefined, 'stranger').when('LeaveOrg', {}).then(nothing);
  });

  it('is refused to the only owner, not to one of two (C33)', () => {
    given([acme, pat], undefined, 'olga').when('LeaveOrg', {}).then(refused('role_holders_short'));
    const two = [created('teams'), joined('oscar', 'org.owner')];
    given(two, teams, 'olga')
      .when('LeaveOrg', {})
      .then([left('olga', 'org.owner')]);
    given([...two, suspended('oscar')], teams, 'olga')
      .when('LeaveOrg', {})
      .then(refused('role_holders_short'));
  });
});

describe('SuspendMember and ResumeMember', () => {
  it('take what a member holds, and give it back', () => {
    given([acme, pat])
      .when('SuspendMember', { userId: 'pat' })
      .then([suspended('pat')]);
    given([acme, pat, suspended('pat')])
      .when('ResumeMember', { userId: 'pat' })
      .then([resumed('pat')]);
  });

  it('do nothing where it is so already, and refuse who is no member', () => {
    given([acme, pat, suspended('pat')])
      .when('SuspendMember', { userId: 'pat' })
      .then(nothing);
    given([acme, pat]).when('ResumeMember', { userId: 'pat' }).then(nothing);
    for (const name of ['SuspendMember', 'ResumeMember'] as const)
      given([acme]).when(name, { userId: 'pat' }).then(refused('member_not_found'));
  });

  it('leave role, grants and groups as they are', () => {
    const before = fold('org', [
      acme,
      pat,
      { type: 'EnvironmentCreated', data: { environmentId: 'prod', name: 'prod' } },
      { type: 'EnvironmentAccessGranted', data: { environmentId: 'prod', grantee: { type: 'user', id: 'pat' } } },
      { type: 'GroupCreated', data: { groupId: 'team', name: 'Team' } },
      { type: 'GroupMemberAdded', data: { groupId: 'team', userId: 'pat' } },
    ]);
    const away = fold('org', [suspended('pat')], before, 6);
    expect(away.members.get('pat')).toEqual({ ...before.members.get('pat'), suspension: { evidence: 'e7' } });
    const back = fold('org', [resumed('pat')], away, 7);
    expect(back.members.get('pat')).toEqual(before.members.get('pat'));
    expect(back.org.suspendedHolders).toEqual({ 'org.participant': 0 });
  });

  it('leave an owner who acts, always (T14, C33)', () => {
    given([acme]).when('SuspendMember', { userId: 'olga' }).then(refused('role_holders_short'));
    const two = [created('teams'), joined('oscar', 'org.owner'), suspended('oscar')];
    for (const name of ['SuspendMember', 'RemoveMember'] as const)
      given(two, teams).when(name, { userId: 'olga' }).then(refused('role_holders_short'));
    given(two, teams)
      .when('ChangeMemberRole', { userId: 'olga', role: 'org.admin' })
      .then(refused('role_holders_short'));
    given(two, teams)
      .when('RemoveMember', { userId: 'oscar' })
      .then([left('oscar', 'org.owner')]);
  });

  it('follow the member into another role, and end with the membership', () => {
    const changed: OrgEvent = {
      type: 'MemberRoleChanged',
      data: { userId: 'pat', role: 'org.admin', from: 'org.participant' },
    };
    const history = [acme, pat, suspended('pat'), changed];
    expect(fold('org', history).org.suspendedHolders).toEqual({ 'org.participant': 0, 'org.admin': 1 });
    const again = fold('org', [...history, left('pat', 'org.admin'), pat]);
    expect(again.members.get('pat')?.suspension).toBeUndefined();
    expect(again.org.suspendedHolders).toEqual({ 'org.participant': 0, 'org.admin': 0 });
  });

  it('keep the ownership from moving to or from who is suspended', () => {
    given([acme, joined('adam', 'org.admin'), suspended('adam')])
      .when('TransferOrgOwnership', { toUserId: 'adam' })
      .then(refused('member_suspended'));
    const two = [created('teams'), joined('oscar', 'org.owner'), joined('adam', 'org.admin'), suspended('olga')];
    given(two, teams).when('TransferOrgOwnership', { toUserId: 'adam' }).then(refused('member_suspended'));
  });
});

describe('SuspendOrg and ResumeOrg', () => {
  const away: OrgEvent = { type: 'OrgSuspended', data: {} };
  const back: OrgEvent = { type: 'OrgResumed', data: {} };

  it('suspend, resume, and do nothing where it is so already', () => {
    given([acme]).when('SuspendOrg', {}).then([away]);
    given([acme, away]).when('SuspendOrg', {}).then(nothing);
    given([acme, away]).when('ResumeOrg', {}).then([back]);
    given([acme, away, back]).when('ResumeOrg', {}).then(nothing);
    expect(fold('org', [acme, away, back]).org).toEqual(fold('org', [acme]).org);
  });

  it('are refused where there is no organization', () => {
    for (const name of ['SuspendOrg', 'ResumeOrg'] as const) given([]).when(name, {}).then(refused('org_not_found'));
  });
});
