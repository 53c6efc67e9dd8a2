import { describe, expect, it } from '@jest/globals';
import {
  acmeOf,
  builtIn,
  emailIndex,
  epoch,
  fold,
  given,
  newId,
  nothing,
  refused,
} from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';

const teams = builtIn('teams');
const hours = (n: number) => new Date(epoch + n * 3_600_000).toISOString();
const created = acmeOf('olga', 'teams');
const workspace: OrgEvent = {
  type: 'EnvironmentCreated',
  data: { environmentId: 'main', name: 'Main', kind: 'workspace' },
};
const planned = (plan: string): OrgEvent => ({ type: 'OrgPlanSet', data: { plan } });
const joined = (userId: string): OrgEvent => ({ type: 'MemberAdded', data: { userId, role: 'org.viewer' } });
type Invited = Extract<OrgEvent, { type: 'InvitationCreated' }>;
const invited = (who: string, changes: Partial<Invited['data']> = {}): Invited => ({
  type: 'InvitationCreated',
  data: {
    invitationId: `to-${who}`,
    emailIndex: emailIndex(`${who}@acme.test`),
    email: `${who}@acme.test`,
    role: 'org.viewer',
    environments: [],
    expiresAt: hours(168),
    ...changes,
  },
});
const over = { expiresAt: hours(0) };
const inviting = (...people: string[]) => ({ emails: people.map((who) => `${who}@acme.test`), role: 'org.viewer' });

describe('InviteMembers (C9, C10)', () => {
  it('invites every address once, for as long as the scheme says', () => {
    given([created], teams)
      .when('InviteMembers', inviting('ann', 'bob', 'ANN'))
      .then([
        invited('ann', { invitationId: newId, email: 'ANN@acme.test' }),
        invited('bob', { invitationId: `${newId}-1` }),
      ]);
  });

  it('takes ten addresses at once, and refuses eleven whole', () => {
    const people = Array.from({ length: 11 }, (_, i) => `p${i}`);
    const { batchMax } = teams.document.invitations ?? {};
    expect(batchMax).toBe(10);
    given([created], teams)
      .when('InviteMembers', inviting(...people))
      .then(refused('invitation_batch_too_large'));
    const ten = people.slice(0, 10);
    given([created], teams)
      .when('InviteMembers', inviting(...ten))
      .then(ten.map((who, i) => invited(who, { invitationId: i === 0 ? newId : `${newId}-${i}` })));
  });

  it('passes over who is invited to the same already, and refuses where it is to something else', () => {
    given([created, invited('ann')], teams)
      .when('InviteMembers', inviting('ann', 'bob'))
      .then([invited('bob', { invitationId: newId })]);
    given([created, invited('ann', { role: 'org.admin' })], teams)
      .when('InviteMembers', inviting('ann', 'bob'))
      .then(refused('invitation_exists'));
    given([created, invited('ann', { ...over, role: 'org.admin' })], teams)
      .when('InviteMembers', inviting('ann'))
      .then([invited('ann', { invitationId: newId })]);
  });

  it('refuses roles that nobody is invited to, and environments that would give nothing', () => {
    const to = (role: string, environments: object[] = []) => ({ emails: ['a@b.test'], role, environments }) as never;
    given([created], teams).when('InviteMembers', to('org.owner')).then(refused('role_not_invitable'));
    given([created], teams).when('InviteMembers', to('org.ghost')).then(refused('role_unknown'));
    given([created], teams).when('InviteMembers', to('org.auditor')).then(refused('role_needs_confirmation'));
    given([created], teams)
      .when('InviteMembers', to('org.viewer', [{ environmentId: 'main' }]))
      .then(refused('environment_not_found'));
    given([created, workspace], teams)
      .when('InviteMembers', to('org.viewer', [{ environmentId: 'main', role: 'workspace.admin' }]))
      .then(refused('grant_role_not_allowed'));
    given([created, workspace], teams)
      .when('InviteMembers', to('org.admin', [{ environmentId: 'main' }]))
      .then(refused('grant_without_effect'));
  });

  it('is unknown where people are added', () => {
    const org: OrgEvent = { ...created, data: { ...created.data, scheme: { id: 'enterprise', version: 1 } } };
    given([org])
      .when('InviteMembers', { emails: ['a@b.test'], role: 'org.participant' })
      .then(refused('invitations_unknown'));
  });
});

describe('the answer of who was invited', () => {
  const toAnn = { invitationId: 'to-ann' };

  it('accepting makes a member, with the environments that are still there', () => {
    const places = {
      environments: [{ environmentId: 'main', role: 'workspace.developer' }, { environmentId: 'gone' }],
    };
    const history = [created, workspace, invited('ann', places)];
    const accepted: OrgEvent = {
      type: 'InvitationAccepted',
      data: {
        invitationId: 'to-ann',
        userId: 'ann',
        role: 'org.viewer',
        environments: [{ environmentId: 'main', role: 'workspace.developer' }],
      },
    };
    given(history, teams, 'ann').when('AcceptInvitation', toAnn).then([accepted]);
    const { members } = fold('org', [...history, accepted]);
    expect(members.get('ann')).toEqual({
      id: 'ann',
      role: 'org.viewer',
      evidence: 'e4',
      grants: { main: { role: 'workspace.developer', evidence: 'e4' } },
    });
  });

  it('is for nobody but the address that was invited', () => {
    for (const name of ['AcceptInvitation', 'DeclineInvitation'] as const) {
      given([created, invited('ann')], teams, 'bob')
        .when(name, toAnn)
        .then(refused('invitation_not_found'));
      given([created], teams, 'ann').when(name, toAnn).then(refused('invitation_not_found'));
    }
  });

  it('comes too late once the invitation is over, and to nothing once it was canceled or declined', () => {
    const canceled: OrgEvent = { type: 'InvitationCanceled', data: toAnn };
    const declined: OrgEvent = { type: 'InvitationDeclined', data: toAnn };
    for (const history of [[invited('ann', over)], [invited('ann'), canceled], [invited('ann'), declined]])
      given([created, ...history], teams, 'ann')
        .when('AcceptInvitation', toAnn)
        .then(refused('invitation_not_found'));
    const barely = invited('ann', { expiresAt: new Date(epoch + 1).toISOString() });
    given([created, barely], teams, 'ann').when('DeclineInvitation', toAnn).then([declined]);
  });

  it('is no second membership', () => {
    given([created, joined('ann'), invited('ann')], teams, 'ann')
      .when('AcceptInvitation', toAnn)
      .then(refused('already_member'));
  });
});

describe('an invitation that waits (C11, C12)', () => {
  it('is sent again with a time of its own, also after it was over', () => {
    const resent = { type: 'InvitationResent', data: { invitationId: 'to-ann', expiresAt: hours(168) } } as const;
    given([created, invited('ann', over)], teams)
      .when('ResendInvitation', { invitationId: 'to-ann' })
      .then([resent]);
    given([created], teams).when('ResendInvitation', { invitationId: 'x' }).then(refused('invitation_not_found'));
  });

  it('is canceled once, and not once it was accepted', () => {
    const cancel = { invitationId: 'to-ann' };
    const canceled: OrgEvent = { type: 'InvitationCanceled', data: cancel };
    given([created, invited('ann')], teams)
      .when('CancelInvitation', cancel)
      .then([canceled]);
    given([created, invited('ann'), canceled], teams)
      .when('CancelInvitation', cancel)
      .then(nothing);
    const accepted: OrgEvent = {
      type: 'InvitationAccepted',
      data: { ...cancel, userId: 'ann', role: 'org.viewer', environments: [] },
    };
    given([created, invited('ann'), accepted], teams)
      .when('CancelInvitation', cancel)
      .then(refused('invitation_accepted'));
  });
});

describe('the limits of a plan (C18 to C20)', () => {
  const full = { refused: 'limit_exceeded', exceeded: { limited: 'members', limit: 5, usage: 5 } } as const;
  const starter = [created, planned('starter')];

  it('count members and who is invited; cancelling frees the place, and accepting keeps it', () => {
    const four = [joined('b'), joined('c'), joined('d'), invited('ann')];
    given([...starter, ...four], teams)
      .when('InviteMembers', inviting('e'))
      .then(full);
    given([...starter, ...four], teams)
      .when('AddMember', { userId: 'e', role: 'org.viewer' })
      .then(full);
    const canceled: OrgEvent = { type: 'InvitationCanceled', data: { invitationId: 'to-ann' } };
    given([...starter, ...four, canceled], teams)
      .when('InviteMembers', inviting('e'))
      .then([invited('e', { invitationId: newId })]);
    given([...starter, ...four], teams, 'ann')
      .when('AcceptInvitation', { invitationId: 'to-ann' })
      .then([
        {
          type: 'InvitationAccepted',
          data: { invitationId: 'to-ann', userId: 'ann', role: 'org.viewer', environments: [] },
        },
      ]);
  });

  it('do not count invitations that are over, and count one that begins anew', () => {
    const four = [joined('b'), joined('c'), joined('d'), joined('e')];
    given([...starter, ...four, invited('ann', over)], teams)
      .when('ResendInvitation', { invitationId: 'to-ann' })
      .then(full);
    given([...starter, ...four.slice(1), invited('ann', over)], teams)
      .when('InviteMembers', inviting('f'))
      .then([invited('f', { invitationId: newId })]);
  });

  it('take nothing away when a plan is lowered, and leave no room for more', () => {
    const six = ['b', 'c', 'd', 'e', 'f'].map(joined);
    given([created, planned('advanced'), ...six], teams)
      .when('SetOrgPlan', { plan: 'starter' })
      .then([{ type: 'OrgPlanSet', data: { plan: 'starter', from: 'advanced' } }]);
    given([created, ...six, planned('starter')], teams)
      .when('AddMember', { userId: 'g', role: 'org.viewer' })
      .then({ refused: 'limit_exceeded', exceeded: { limited: 'members', limit: 5, usage: 6 } });
  });

  it('count workspaces that are there', () => {
    const one = (environmentId: string): OrgEvent => ({
      type: 'EnvironmentCreated',
      data: { environmentId, name: environmentId, kind: 'workspace' },
    });
    const deleted: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'a' } };
    const three = [one('a'), one('b'), one('c')];
    given([...starter, ...three], teams)
      .when('CreateEnvironment', { environmentId: 'd', name: 'd' })
      .then({ refused: 'limit_exceeded', exceeded: { limited: 'workspaces', limit: 3, usage: 3 } });
    given([...starter, ...three, deleted], teams)
      .when('CreateEnvironment', { environmentId: 'd', name: 'd' })
      .then([one('d')]);
  });

  it('are those of a plan that the scheme has; a scheme without plans takes any name', () => {
    given([created], teams).when('ChangeSubscription', { plan: 'gold' }).then(refused('plan_unknown'));
    given([{ ...created, data: { ...created.data, scheme: { id: 'enterprise', version: 1 } } } as OrgEvent])
      .when('SetOrgPlan', { plan: 'gold' })
      .then([{ type: 'OrgPlanSet', data: { plan: 'gold' } }]);
  });
});
