import { describe, expect, it } from '@jest/globals';
import { builtIn, contextOf, emailIndex, epoch, fold, nothing, refused } from '../../../test/support/decider.js';
import type { Decision } from '../decision.js';
import type { RealmDecisionContext } from './command.js';
import { type RealmCommandName, realmCommands, realmDecisions } from './commands.js';
import { type RealmEvent, realmEvents } from './events.js';

const created: RealmEvent = {
  type: 'RealmCreated',
  data: { realmId: 'default', scheme: { id: 'enterprise', version: 1 } },
};
const day = (n: number) => new Date(epoch + n * 86_400_000).toISOString();
const officer = { userId: 'petra', role: 'platform.privacy-officer' };

/** Beside the outcome, shows that the events are stored as they are, and that asking again adds nothing. */
function by(actor: string, history: readonly RealmEvent[] = [], more: Partial<RealmDecisionContext> = {}) {
  const state = fold('realm', [created, ...history]);
  const context = { ...contextOf(actor), mayUnder: () => true, ...more };
  return {
    when(name: RealmCommandName, input: unknown) {
      const decide = realmDecisions[name] as (...args: unknown[]) => Decision<RealmEvent>;
      const parsed = realmCommands[name].parse(input);
      const decision = decide(state, parsed, context);
      return {
        then(expected: Decision<RealmEvent>): void {
          expect(decision).toEqual(expected);
          if ('refused' in decision) return;
          for (const { type, data } of decision) expect(realmEvents[type].parse(data)).toEqual(data);
          // An erasure may be asked for again: the person may have come back.
          if (name === 'EraseUser') return;
          expect(decide(fold('realm', decision, state, 1 + history.length), parsed, context)).toEqual([]);
        },
      };
    },
  };
}

const assigned = (notAfter?: string): RealmEvent => ({
  type: 'PlatformRoleAssigned',
  data: { ...officer, assignedBy: 'pia', ...(notAfter === undefined ? {} : { notAfter }) },
});
const confirmed: RealmEvent = { type: 'PlatformRoleConfirmed', data: { ...officer, confirmedBy: 'paul' } };
const revoked: RealmEvent = { type: 'PlatformRoleRevoked', data: officer };

describe("a role of the platform's own", () => {
  it('is assigned for a time, and for good where no second person confirms it', () => {
    const checker = { userId: 'chuck', role: 'platform.checker' };
    by('pia')
      .when('AssignPlatformRole', checker)
      .then([{ type: 'PlatformRoleAssigned', data: { ...checker, assignedBy: 'pia' } }]);
    for (const role of ['platform.auditor', 'platform.privacy-officer'])
      by('pia').when('AssignPlatformRole', { userId: 'petra', role }).then(refused('end_needed'));
    by('pia', [assigned()])
      .when('AssignPlatformRole', { ...officer, notAfter: day(1) })
      .then([assigned(day(1))]);
    by('pia')
      .when('AssignPlatformRole', { ...officer, notAfter: day(0) })
      .then(refused('grant_window_empty'));
    for (const role of ['org.owner', 'platform.ghost'])
      by('pia').when('AssignPlatformRole', { userId: 'petra', role }).then(refused('role_unknown'));
  });

  it('is assigned and confirmed by people, whatever the role of a machine holds in a later version of the scheme', () => {
    const machine = 'service:@default/robot';
    by(machine).when('AssignPlatformRole', officer).then(refused('not_for_machines'));
    by(machine, [assigned()]).when('ConfirmPlatformRole', officer).then(refused('not_for_machines'));
  });

  it('is confirmed by a third person, while it lasts', () => {
    by('paul', [assigned()]).when('ConfirmPlatformRole', officer).then([confirmed]);
    by('paul', [assigned(), confirmed]).when('ConfirmPlatformRole', officer).then(nothing);
    for (const actor of ['pia', 'petra'])
      by(actor, [assigned()]).when('ConfirmPlatformRole', officer).then(refused('confirmation_by_another'));
    by('paul').when('ConfirmPlatformRole', officer).then(refused('assignment_not_found'));
    by('paul', [assigned(day(-1))])
      .when('ConfirmPlatformRole', officer)
      .then(refused('assignment_not_found'));
    const anew = fold('realm', [created, assigned(), confirmed, assigned(day(1))]).realm?.assignments;
    expect(anew?.petra?.[officer.role]).toMatchObject({ confirmed: false, evidence: ['e4'] });
  });

  it('is taken back, and leaves nothing', () => {
    by('pia', [assigned(), confirmed]).when('RevokePlatformRole', officer).then([revoked]);
    by('pia').when('RevokePlatformRole', officer).then(nothing);
    expect(fold('realm', [created, assigned(), revoked]).realm?.assignments).toEqual({});
  });
});

describe("the platform's own team (T5)", () => {
  const set = (role: string): RealmEvent => ({ type: 'TeamMemberSet', data: { team: 'alpha', userId: 'petra', role } });
  const gone: RealmEvent = { type: 'TeamMemberRemoved', data: { team: 'alpha', userId: 'petra' } };

  it('takes people in by the roles that it knows, and lets them go', () => {
    by('pia')
      .when('AddPlatformAdmin', { userId: 'petra' })
      .then([set('admin')]);
    by('pia', [set('admin')])
      .when('AddPlatformAdmin', { userId: 'petra', role: 'participant' })
      .then([set('participant')]);
    by('pia').when('AddPlatformAdmin', { userId: 'petra', role: 'king' }).then(refused('team_unknown'));
    by('pia', [set('owner')])
      .when('RemovePlatformAdmin', { userId: 'petra' })
      .then([gone]);
    by('pia').when('RemovePlatformAdmin', { userId: 'petra' }).then(nothing);
  });

  it('is there only where the scheme has one', () => {
    const more = { scheme: builtIn('gateway') };
    by('pia', [], more).when('AddPlatformAdmin', { userId: 'petra' }).then(refused('team_unknown'));
    by('pia', [], more).when('RemovePlatformAdmin', { userId: 'petra' }).then(refused('team_unknown'));
  });
});

describe('how people come into the realm', () => {
  it('is set once for each change', () => {
    const methods: RealmEvent = { type: 'LoginMethodsSet', data: { methods: ['saml', 'password'] } };
    by('pia').when('SetLoginMethods', { methods: [] }).then(nothing);
    by('pia').when('SetLoginMethods', methods.data).then([methods]);
    const none: RealmEvent = { type: 'LoginMethodsSet', data: { methods: [] } };
    by('pia', [methods]).when('SetLoginMethods', { methods: [] }).then([none]);
    const rules: RealmEvent = { type: 'SignUpRulesSet', data: { rule: 'domains', domains: ['a.test', 'b.test'] } };
    by('pia').when('SetSignUpRules', { rule: 'open' }).then(nothing);
    by('pia')
      .when('SetSignUpRules', { rule: 'domains', domains: ['b.test', 'a.test', 'b.test'] })
      .then([rules]);
    const closed: RealmEvent = { type: 'SignUpRulesSet', data: { rule: 'invited', domains: [] } };
    by('pia', [rules]).when('SetSignUpRules', { rule: 'invited' }).then([closed]);
    const claims = { email: 'upn', name: 'display_name' };
    const issuer = { issuer: 'https://login.acme.test', audiences: ['tenantry'], claims };
    const issuers: RealmEvent = { type: 'RealmIssuersSet', data: { issuers: [issuer] } };
    by('pia').when('SetRealmIssuers', { issuers: [] }).then(nothing);
    const shuffled = { claims: { name: 'display_name', email: 'upn' }, audiences: ['tenantry'], issuer: issuer.issuer };
    by('pia')
      .when('SetRealmIssuers', { issuers: [shuffled] })
      .then([issuers]);
  });
});

it("models of the platform's own are added and removed, at most 500 (T41)", () => {
  const added = (modelId: string): RealmEvent => ({
    type: 'PlatformModelAdded',
    data: { modelId, provider: 'openai', name: 'GPT-4o' },
  });
  const { data } = added('gpt');
  const removed: RealmEvent = { type: 'PlatformModelRemoved', data: { modelId: 'gpt' } };
  by('pia')
    .when('AddPlatformModel', data)
    .then([added('gpt')]);
  by('pia', [added('gpt')])
    .when('AddPlatformModel', { ...data, name: 'Other' })
    .then(refused('model_exists'));
  by('pia', [added('gpt')])
    .when('RemovePlatformModel', { modelId: 'gpt' })
    .then([removed]);
  by('pia').when('RemovePlatformModel', { modelId: 'gpt' }).then(nothing);
  const many = Array.from({ length: 500 }, (_, i) => added(`m${i}`));
  by('pia', many).when('AddPlatformModel', data).then(refused('platform_models_full'));
  by('pia', many.slice(1))
    .when('AddPlatformModel', data)
    .then([added('gpt')]);
  expect(fold('realm', [created, added('gpt'), removed]).settings?.models).toEqual({});
});

it('a realm is registered once, with its own scheme and admins', () => {
  const lab = { realmId: 'lab', schemeId: 'studio', adminEmails: ['b@lab.test', 'a@lab.test', 'a@lab.test'] };
  const registered: RealmEvent = {
    type: 'RealmRegistered',
    data: {
      realmId: 'lab',
      scheme: { id: 'studio', version: 1 },
      adminGroup: null,
      adminEmailIndexes: [emailIndex('a@lab.test'), emailIndex('b@lab.test')],
    },
  };
  by('pia').when('CreateRealm', lab).then([registered]);
  for (const other of [{ schemeId: 'teams' }, { adminGroup: 'admins' }, { adminEmails: ['c@lab.test'] }])
    by('pia', [registered])
      .when('CreateRealm', { ...lab, ...other })
      .then(refused('realm_exists'));
  by('pia')
    .when('CreateRealm', { ...lab, schemeId: 'none' })
    .then(refused('scheme_unknown'));
  const full = Array.from({ length: 1000 }, (_, i): RealmEvent => {
    return { type: 'RealmRegistered', data: { ...registered.data, realmId: `lab-${i}` } } as RealmEvent;
  });
  by('pia', full).when('CreateRealm', lab).then(refused('realms_full'));
});

it('a person is erased whom something is known of, whom nothing holds, and who is nowhere the last owner', () => {
  const asked = (erasure: RealmDecisionContext['erasure']) => by('petra', [], { erasure });
  const free = { heldBy: [], lastOwnerOf: [] };
  asked(free)
    .when('EraseUser', { userId: 'bob' })
    .then([{ type: 'PersonErasureRequested', data: { userId: 'bob' } }]);
  asked(undefined).when('EraseUser', { userId: 'bob' }).then(refused('person_not_found'));
  asked({ heldBy: ['acme'], lastOwnerOf: ['beta'] })
    .when('EraseUser', { userId: 'bob' })
    .then({ refused: 'under_legal_hold', orgs: ['acme'] });
  asked({ ...free, lastOwnerOf: ['beta'] })
    .when('EraseUser', { userId: 'bob' })
    .then({ refused: 'last_owner', orgs: ['beta'] });
});
