import { describe, expect, it } from '@jest/globals';
import {
  enterprise,
  enterpriseWith,
  faultsOf,
  fold,
  given,
  newId,
  nothing,
  refused,
} from '../../../test/support/decider.js';
import { secretReferenceTo } from '../../../test/support/secret-reference.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';

const created: Extract<OrgEvent, { type: 'OrgCreated' }> = {
  type: 'OrgCreated',
  data: {
    orgId: 'acme',
    name: 'Acme',
    scheme: { id: 'enterprise', version: 1 },
    owner: { userId: 'olga', role: 'org.owner' },
  },
};
const joined = (userId: string, role: string): OrgEvent => ({ type: 'MemberAdded', data: { userId, role } });
const adam = joined('adam', 'org.admin');
const pat = joined('pat', 'org.participant');
const environment = (environmentId: string, name = environmentId): OrgEvent => ({
  type: 'EnvironmentCreated',
  data: { environmentId, name },
});
const gone = (environmentId: string): OrgEvent => ({ type: 'EnvironmentDeleted', data: { environmentId } });
const toPat = { environmentId: 'prod', grantee: { type: 'user', id: 'pat' } } as const;
const toTeam = { environmentId: 'prod', grantee: { type: 'group', id: 'team' } } as const;
const granted = (window: { notBefore?: string; notAfter?: string } = {}): OrgEvent => ({
  type: 'EnvironmentAccessGranted',
  data: { ...toPat, ...window },
});
const claude = { environmentId: 'prod', modelId: 'claude', provider: 'anthropic', name: 'Claude' };
const march = '2026-03-01T00:00:00.000Z';
const april = '2026-04-01T00:00:00.000Z';

describe('CreateOrg', () => {
  it('creates the organization and designates its owner in the same act (T7)', () => {
    given([]).when('CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' }).then([created]);
  });

  it('takes the id derived from the command where none is given', () => {
    const data = { ...created.data, orgId: newId };
    given([])
      .when('CreateOrg', { name: 'Acme', ownerId: 'olga' })
      .then([{ type: 'OrgCreated', data }]);
  });

  it('refuses an organization that exists', () => {
    given([created]).when('CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' }).then(refused('org_exists'));
  });

  it('is possible where a membership claim was voided before', () => {
    given([{ type: 'MembershipClaimVoided', data: { claimId: '5f0c9f9e-8c5b-4a57-9d0c-3a2a54e0a001' } }])
      .when('CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' })
      .then([created]);
  });
});

describe('AddMember', () => {
  it('adds a person with a role', () => {
    given([created]).when('AddMember', { userId: 'pat', role: 'org.participant' }).then([pat]);
  });

  it('adds any number of admins (T17)', () => {
    given([created, adam])
      .when('AddMember', { userId: 'ada', role: 'org.admin' })
      .then([joined('ada', 'org.admin')]);
  });

  it('does nothing for a member who holds the role', () => {
    given([created, pat]).when('AddMember', { userId: 'pat', role: 'org.participant' }).then(nothing);
  });

  it('refuses a member who holds another role', () => {
    given([created, pat]).when('AddMember', { userId: 'pat', role: 'org.admin' }).then(refused('already_member'));
  });

  it('refuses a role that the scheme does not have', () => {
    given([created]).when('AddMember', { userId: 'pat', role: 'org.ghost' }).then(refused('role_unknown'));
  });

  it('refuses a second owner', () => {
    given([created]).when('AddMember', { userId: 'pat', role: 'org.owner' }).then(refused('role_holders_full'));
  });

  it('refuses where there is no organization', () => {
    given([]).when('AddMember', { userId: 'pat', role: 'org.participant' }).then(refused('org_not_found'));
  });

  it('counts a role free again once its holder has gone', () => {
    const scheme = enterpriseWith({
      roles: enterprise.document.roles.map((role) =>
        role.key === 'org.admin' ? { ...role, holders: { min: 0, max: 1 } } : role,
      ),
    });
    const left: OrgEvent = { type: 'MemberRemoved', data: { userId: 'adam', role: 'org.admin' } };
    const ada = { userId: 'ada', role: 'org.admin' };
    given([created, adam], scheme).when('AddMember', ada).then(refused('role_holders_full'));
    given([created, adam, left], scheme)
      .when('AddMember', ada)
      .then([joined('ada', 'org.admin')]);
  });
});

describe('RemoveMember', () => {
  it('removes a member, with the role in the record', () => {
    given([created, pat])
      .when('RemoveMember', { userId: 'pat' })
      .then([{ type: 'MemberRemoved', data: { userId: 'pat', role: 'org.participant' } }]);
  });

  it('does nothing for somebody who is no member', () => {
    given([created]).when('RemoveMember', { userId: 'pat' }).then(nothing);
  });

  it('refuses the owner: an organization always has one', () => {
    given([created, adam]).when('RemoveMember', { userId: 'olga' }).then(refused('role_holders_short'));
  });

  it('removes a former owner', () => {
    const transferred: OrgEvent = {
      type: 'OrgOwnershipTransferred',
      data: { from: 'olga', to: 'adam', role: 'org.owner', given: 'org.admin', left: 'org.admin' },
    };
    given([created, adam, transferred])
      .when('RemoveMember', { userId: 'olga' })
      .then([{ type: 'MemberRemoved', data: { userId: 'olga', role: 'org.admin' } }]);
  });
});

describe('ChangeMemberRole', () => {
  it('changes a role, and says from which', () => {
    given([created, pat])
      .when('ChangeMemberRole', { userId: 'pat', role: 'org.admin' })
      .then([{ type: 'MemberRoleChanged', data: { userId: 'pat', role: 'org.admin', from: 'org.participant' } }]);
  });

  it('does nothing where the member holds the role', () => {
    given([created, pat]).when('ChangeMemberRole', { userId: 'pat', role: 'org.participant' }).then(nothing);
  });

  it('refuses somebody who is no member', () => {
    given([created]).when('ChangeMemberRole', { userId: 'pat', role: 'org.admin' }).then(refused('member_not_found'));
  });

  it('refuses a role that the scheme does not have', () => {
    given([created, pat]).when('ChangeMemberRole', { userId: 'pat', role: 'org.ghost' }).then(refused('role_unknown'));
  });

  it('refuses to make a second owner', () => {
    given([created, adam])
      .when('ChangeMemberRole', { userId: 'adam', role: 'org.owner' })
      .then(refused('role_holders_full'));
  });

  it('refuses to leave the organization without an owner', () => {
    given([created, adam])
      .when('ChangeMemberRole', { userId: 'olga', role: 'org.admin' })
      .then(refused('role_holders_short'));
  });
});

describe('AppointOrgAdmin', () => {
  it('makes an admin of a member, and of somebody who was none', () => {
    given([created, pat])
      .when('AppointOrgAdmin', { userId: 'pat' })
      .then([{ type: 'MemberRoleChanged', data: { userId: 'pat', role: 'org.admin', from: 'org.participant' } }]);
    given([created])
      .when('AppointOrgAdmin', { userId: 'pat' })
      .then([{ type: 'MemberAdded', data: { userId: 'pat', role: 'org.admin' } }]);
    given([created, adam]).when('AppointOrgAdmin', { userId: 'adam' }).then(nothing);
  });

  it('leaves no organization without an owner', () => {
    given([created, adam]).when('AppointOrgAdmin', { userId: 'olga' }).then(refused('role_holders_short'));
  });
});

describe('TransferOrgOwnership', () => {
  it('moves ownership to an admin in one event; the former owner becomes an admin (T9, T14)', () => {
    given([created, adam])
      .when('TransferOrgOwnership', { toUserId: 'adam' })
      .then([
        {
          type: 'OrgOwnershipTransferred',
          data: { from: 'olga', to: 'adam', role: 'org.owner', given: 'org.admin', left: 'org.admin' },
        },
      ]);
  });

  it('moves on from the owner of the day, not from the first one', () => {
    const first: OrgEvent = {
      type: 'OrgOwnershipTransferred',
      data: { from: 'olga', to: 'adam', role: 'org.owner', given: 'org.admin', left: 'org.admin' },
    };
    given([created, adam, first])
      .when('TransferOrgOwnership', { toUserId: 'olga' })
      .then([{ type: 'OrgOwnershipTransferred', data: { ...first.data, from: 'adam', to: 'olga' } }]);
  });

  it('does nothing for the owner', () => {
    given([created]).when('TransferOrgOwnership', { toUserId: 'olga' }).then(nothing);
  });

  it('refuses somebody outside the organization', () => {
    given([created]).when('TransferOrgOwnership', { toUserId: 'adam' }).then(refused('member_not_found'));
  });

  it('refuses a member who is not an admin', () => {
    given([created, pat]).when('TransferOrgOwnership', { toUserId: 'pat' }).then(refused('transfer_target_role'));
  });

  it('takes any member where the scheme says so', () => {
    const transfer = { role: 'org.owner', target: ['org.admin', 'org.participant'], former: 'org.participant' };
    given([created, pat], enterpriseWith({ transfer }))
      .when('TransferOrgOwnership', { toUserId: 'pat' })
      .then([
        {
          type: 'OrgOwnershipTransferred',
          data: { from: 'olga', to: 'pat', role: 'org.owner', given: 'org.participant', left: 'org.participant' },
        },
      ]);
  });

  it('refuses where the scheme knows no transfer', () => {
    given([created, adam], enterpriseWith({ transfer: null }))
      .when('TransferOrgOwnership', { toUserId: 'adam' })
      .then(refused('transfer_target_role'));
  });
});

describe('CreateEnvironment', () => {
  it('creates an environment', () => {
    given([created])
      .when('CreateEnvironment', { environmentId: 'prod', name: 'prod' })
      .then([environment('prod')]);
  });

  it('takes the id derived from the command where none is given', () => {
    given([created])
      .when('CreateEnvironment', { name: 'prod' })
      .then([environment(newId, 'prod')]);
  });

  it('does nothing where it exists under the same name', () => {
    given([created, environment('prod')])
      .when('CreateEnvironment', { environmentId: 'prod', name: 'prod' })
      .then(nothing);
  });

  it('refuses an id that is taken under another name', () => {
    given([created, environment('prod')])
      .when('CreateEnvironment', { environmentId: 'prod', name: 'Production' })
      .then(refused('environment_exists'));
  });

  it('refuses an id that was used before', () => {
    given([created, environment('prod'), gone('prod')])
      .when('CreateEnvironment', { environmentId: 'prod', name: 'prod' })
      .then(refused('environment_exists'));
  });

  it('refuses where there is no organization', () => {
    given([]).when('CreateEnvironment', { environmentId: 'prod', name: 'prod' }).then(refused('org_not_found'));
  });

  it('takes an id that is a property of every object', () => {
    given([created])
      .when('CreateEnvironment', { environmentId: 'constructor', name: 'c' })
      .then([environment('constructor', 'c')]);
  });
});

describe('DeleteEnvironment', () => {
  it('deletes an environment', () => {
    given([created, environment('prod')])
      .when('DeleteEnvironment', { environmentId: 'prod' })
      .then([gone('prod')]);
  });

  it('does nothing where it is deleted', () => {
    given([created, environment('prod'), gone('prod')])
      .when('DeleteEnvironment', { environmentId: 'prod' })
      .then(nothing);
  });

  it('refuses one that never was', () => {
    given([created]).when('DeleteEnvironment', { environmentId: 'prod' }).then(refused('environment_not_found'));
  });
});

describe('GrantEnvironmentAccess', () => {
  const base = [created, pat, environment('prod')];

  it('grants a member access', () => {
    given(base).when('GrantEnvironmentAccess', toPat).then([granted()]);
  });

  it('grants from an instant on, and until another, both in UTC', () => {
    given(base)
      .when('GrantEnvironmentAccess', { ...toPat, notBefore: '2026-03-01T01:00:00+01:00', notAfter: april })
      .then([granted({ notBefore: march, notAfter: april })]);
  });

  it('does nothing where the same grant stands', () => {
    given([...base, granted()])
      .when('GrantEnvironmentAccess', toPat)
      .then(nothing);
    given([...base, granted({ notAfter: april })])
      .when('GrantEnvironmentAccess', { ...toPat, notAfter: april })
      .then(nothing);
  });

  it('replaces a grant with another window', () => {
    given([...base, granted({ notAfter: march })])
      .when('GrantEnvironmentAccess', { ...toPat, notAfter: april })
      .then([granted({ notAfter: april })]);
    given([...base, granted({ notBefore: march })])
      .when('GrantEnvironmentAccess', toPat)
      .then([granted()]);
  });

  it('refuses a window that ends as or before it begins', () => {
    for (const notAfter of [march, '2026-02-28T23:59:59.999Z'])
      given(base)
        .when('GrantEnvironmentAccess', { ...toPat, notBefore: march, notAfter })
        .then(refused('grant_window_empty'));
  });

  it('refuses somebody who is no member', () => {
    given([created, environment('prod')])
      .when('GrantEnvironmentAccess', toPat)
      .then(refused('member_not_found'));
  });

  it('refuses a group that the organization does not have', () => {
    given(base).when('GrantEnvironmentAccess', toTeam).then(refused('group_not_found'));
  });

  it('refuses an environment that is not there, or not any more', () => {
    given([created, pat]).when('GrantEnvironmentAccess', toPat).then(refused('environment_not_found'));
    given([...base, gone('prod')])
      .when('GrantEnvironmentAccess', toPat)
      .then(refused('environment_not_found'));
  });

  it('sees no grant in a property of every object', () => {
    const toConstructor = { ...toPat, environmentId: 'constructor' };
    given([created, pat, environment('constructor')])
      .when('GrantEnvironmentAccess', toConstructor)
      .then([{ type: 'EnvironmentAccessGranted', data: toConstructor }]);
    given([created, pat, environment('constructor')])
      .when('RevokeEnvironmentAccess', toConstructor)
      .then(nothing);
  });
});

describe('RevokeEnvironmentAccess', () => {
  const base = [created, pat, environment('prod')];

  it('revokes what was granted', () => {
    given([...base, granted()])
      .when('RevokeEnvironmentAccess', toPat)
      .then([{ type: 'EnvironmentAccessRevoked', data: toPat }]);
  });

  it('revokes what was granted to a group', () => {
    given([...base, { type: 'EnvironmentAccessGranted', data: toTeam }])
      .when('RevokeEnvironmentAccess', toTeam)
      .then([{ type: 'EnvironmentAccessRevoked', data: toTeam }]);
  });

  it('does nothing where nothing is granted: to a member, to nobody, to a group', () => {
    given(base).when('RevokeEnvironmentAccess', toPat).then(nothing);
    given([created, environment('prod')])
      .when('RevokeEnvironmentAccess', toPat)
      .then(nothing);
    given(base).when('RevokeEnvironmentAccess', toTeam).then(nothing);
  });

  it('refuses an environment that is not there, or not any more', () => {
    given([created, pat]).when('RevokeEnvironmentAccess', toPat).then(refused('environment_not_found'));
    given([...base, granted(), gone('prod')])
      .when('RevokeEnvironmentAccess', toPat)
      .then(refused('environment_not_found'));
  });
});

describe('AddModel and RemoveModel', () => {
  const key = { keyId: 'k', provider: 'anthropic', name: 'K', credential: secretReferenceTo('k') };
  const base: OrgEvent[] = [created, environment('prod'), { type: 'ProviderKeyAdded', data: key }];
  const added: OrgEvent = { type: 'ModelAdded', data: claude };
  const removal = { environmentId: 'prod', modelId: 'claude' };

  it('add a model to an environment', () => {
    given(base).when('AddModel', claude).then([added]);
  });

  it('take the id derived from the command where none is given', () => {
    const { modelId: _, ...unnamed } = claude;
    given(base)
      .when('AddModel', unnamed)
      .then([{ type: 'ModelAdded', data: { ...claude, modelId: newId } }]);
  });

  it('do nothing where the model is there already, or not there', () => {
    given([...base, added])
      .when('AddModel', claude)
      .then(nothing);
    given(base).when('RemoveModel', removal).then(nothing);
  });

  it('refuse an id that stands for another model', () => {
    given([...base, added])
      .when('AddModel', { ...claude, name: 'Other' })
      .then(refused('model_exists'));
    given([...base, added])
      .when('AddModel', { ...claude, provider: 'openai' })
      .then(refused('model_exists'));
  });

  it('remove a model', () => {
    given([...base, added])
      .when('RemoveModel', removal)
      .then([{ type: 'ModelRemoved', data: removal }]);
  });

  it('add a removed model again', () => {
    given([...base, added, { type: 'ModelRemoved', data: removal }])
      .when('AddModel', claude)
      .then([added]);
  });

  it('refuse an environment that is not there, or not any more', () => {
    for (const events of [[created], [...base, gone('prod')]]) {
      given(events).when('AddModel', claude).then(refused('environment_not_found'));
      given(events).when('RemoveModel', removal).then(refused('environment_not_found'));
    }
  });
});

describe('what folds', () => {
  it('keeps grants through a change of role and a transfer, and drops them with the member', () => {
    const grants = (events: readonly OrgEvent[]) => fold('org', events).members.get('pat')?.grants;
    const held = { prod: { notBefore: undefined, notAfter: undefined, evidence: 'e4' } };
    const events: OrgEvent[] = [created, pat, environment('prod'), granted()];
    expect(grants(events)).toEqual(held);
    events.push({ type: 'MemberRoleChanged', data: { userId: 'pat', role: 'org.admin', from: 'org.participant' } });
    expect(grants(events)).toEqual(held);
    events.push({ type: 'MemberRemoved', data: { userId: 'pat', role: 'org.admin' } }, pat);
    expect(grants(events)).toEqual({});
  });

  it('empties a deleted environment of its models and its grants to groups', () => {
    const deleted = fold('org', [
      created,
      environment('prod'),
      { type: 'ModelAdded', data: claude },
      { type: 'EnvironmentAccessGranted', data: toTeam },
      gone('prod'),
    ]).environments.get('prod');
    expect(deleted).toEqual({ id: 'prod', name: 'prod', status: 'deleted', models: {}, groupGrants: {} });
  });

  it('remembers voided claims from before the organization was', () => {
    const claimId = '5f0c9f9e-8c5b-4a57-9d0c-3a2a54e0a001';
    const state = fold('org', [{ type: 'MembershipClaimVoided', data: { claimId } }, created]);
    expect(state.org.voidedClaims).toEqual([claimId]);
    expect(faultsOf(state)).toEqual([]);
  });

  it('passes over a command without effect', () => {
    const before = fold('org', [created]);
    expect(fold('org', [{ type: 'CommandHadNoEffect', data: { command: 'AddMember' } }], before, 1)).toBe(before);
  });
});

describe('what a command takes', () => {
  it.each<[string, keyof typeof orgCommands, object]>([
    ['a role of the platform', 'AddMember', { userId: 'pat', role: 'platform.admin' }],
    ['a role of an environment', 'AddMember', { userId: 'pat', role: 'environment.user' }],
    ['an unknown field', 'RemoveMember', { userId: 'pat', force: true }],
    ['a name that a store would refuse', 'CreateEnvironment', { name: 'a\u0000' }],
    ['an id that is no slug', 'DeleteEnvironment', { environmentId: '../prod' }],
    ['a day as an instant', 'GrantEnvironmentAccess', { ...toPat, notAfter: '2026-03-01' }],
    ['a grantee of no kind', 'GrantEnvironmentAccess', { environmentId: 'prod', grantee: { type: 'role', id: 'x' } }],
  ])('never: %s', (_, name, input) => {
    expect(orgCommands[name].safeParse(input).success).toBe(false);
  });
});
