import { describe, expect, it } from '@jest/globals';
import { acmeOf, epoch, fold, given, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';

const until = new Date(epoch + 86_400_000).toISOString();
const later = new Date(epoch + 2 * 86_400_000).toISOString();
const auditor = { userId: 'carol', role: 'org.auditor' };
const created = acmeOf('alice');
const carol: OrgEvent = { type: 'MemberAdded', data: { userId: 'carol', role: 'org.participant' } };
const assigned = (notAfter = until): OrgEvent => ({
  type: 'RoleAssigned',
  data: { ...auditor, assignedBy: 'alice', notAfter },
});
const confirmed: OrgEvent = { type: 'RoleAssignmentConfirmed', data: { ...auditor, confirmedBy: 'bob' } };
const by = (actor: string, ...history: OrgEvent[]) => given([created, carol, ...history], undefined, actor);

describe('a role beside a membership (X-04, X-05)', () => {
  it('is assigned to a member until an instant to come', () => {
    by('alice')
      .when('AssignRole', { ...auditor, notAfter: until })
      .then([assigned()]);
    by('alice', assigned())
      .when('AssignRole', { ...auditor, notAfter: later })
      .then([assigned(later)]);
    by('alice')
      .when('AssignRole', { ...auditor, notAfter: new Date(epoch).toISOString() })
      .then(refused('grant_window_empty'));
    by('alice')
      .when('AssignRole', { userId: 'zoe', role: 'org.auditor', notAfter: until })
      .then(refused('member_not_found'));
  });

  it('is one that two people give: others are memberships', () => {
    by('alice')
      .when('AssignRole', { userId: 'carol', role: 'org.admin', notAfter: until })
      .then(refused('role_is_membership'));
    by('alice')
      .when('AssignRole', { userId: 'carol', role: 'org.ghost', notAfter: until })
      .then(refused('role_unknown'));
  });

  it('is confirmed by a third person, once, and while it lasts', () => {
    by('bob', assigned()).when('ConfirmRole', auditor).then([confirmed]);
    by('bob', assigned(), confirmed).when('ConfirmRole', auditor).then(nothing);
    by('alice', assigned()).when('ConfirmRole', auditor).then(refused('confirmation_by_another'));
    by('carol', assigned()).when('ConfirmRole', auditor).then(refused('confirmation_by_another'));
    by('bob').when('ConfirmRole', auditor).then(refused('assignment_not_found'));
    const over = assigned(new Date(epoch).toISOString());
    by('bob', over).when('ConfirmRole', auditor).then(refused('assignment_not_found'));
  });

  it('needs to be confirmed anew where it was assigned anew', () => {
    const { members } = fold('org', [created, carol, assigned(), confirmed, assigned(later)]);
    expect(members.get('carol')?.assignments).toEqual({
      'org.auditor': { notAfter: later, assignedBy: 'alice', confirmed: false, evidence: ['e5'] },
    });
  });

  it('is taken back, and goes with the membership', () => {
    const revoked: OrgEvent = { type: 'RoleAssignmentRevoked', data: auditor };
    by('alice', assigned(), confirmed).when('RevokeRole', auditor).then([revoked]);
    by('alice').when('RevokeRole', auditor).then(nothing);
    const { members } = fold('org', [created, carol, assigned(), confirmed, revoked]);
    expect(members.get('carol')).not.toHaveProperty('assignments');
    const left: OrgEvent = { type: 'MemberRemoved', data: { userId: 'carol', role: 'org.participant' } };
    expect(fold('org', [created, carol, assigned(), left, carol]).members.get('carol')).not.toHaveProperty(
      'assignments',
    );
  });
});
