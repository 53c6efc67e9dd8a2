import { describe, expect, it } from '@jest/globals';
import {
  builtIn,
  contextOf,
  enterprise,
  epoch,
  fold,
  newKey,
  nothing,
  refused,
} from '../../../test/support/decider.js';
import { prepareScheme } from '../schemes/compiled.js';
import { allowsPersonalKeys, livePersonalKey } from './api-keys.js';
import { userCommands, userDecisions } from './commands.js';
import { type UserEvent, userEvents } from './user.js';

const later = new Date(epoch + 86_400_000).toISOString();
const created = (keyId = 'laptop', more: object = {}): UserEvent => ({
  type: 'PersonalApiKeyCreated',
  data: { userId: 'ann', keyId, realm: 'default', ...newKey(), ...more },
});
const revoked: UserEvent = { type: 'PersonalApiKeyRevoked', data: { userId: 'ann', keyId: 'laptop' } };
const context = contextOf('ann');
const create = (history: readonly UserEvent[], input: object = { keyId: 'laptop' }, more: object = {}) =>
  userDecisions.CreatePersonalApiKey(fold('user', history), userCommands.CreatePersonalApiKey.parse(input), {
    ...context,
    ...more,
  });
const revoke = (history: readonly UserEvent[], realm = 'default') =>
  userDecisions.RevokePersonalApiKey(fold('user', history), { keyId: 'laptop' }, { ...context, realm });
const live = (history: readonly UserEvent[], realm = 'default', at = epoch) =>
  livePersonalKey(fold('user', history).user, realm, 'laptop', at) !== undefined;

describe("a person's key to all of their organizations (G11)", () => {
  it('is created, one id once, with an end or without', () => {
    expect(create([])).toEqual([created()]);
    expect(create([], {})).toEqual([created('new-id')]);
    expect(create([], { keyId: 'laptop', notAfter: later })).toEqual([created('laptop', { notAfter: later })]);
    for (const { type, data } of [created(), revoked]) expect(userEvents[type].parse(data)).toEqual(data);
    expect(create([created()])).toEqual(refused('key_exists'));
    const over = { keyId: 'laptop', notAfter: new Date(epoch).toISOString() };
    expect(create([], over)).toEqual(refused('grant_window_empty'));
    const many = Array.from({ length: 20 }, (_, i) => created(`k${i}`));
    expect(create(many)).toEqual(refused('keys_full'));
  });

  it('is made by no key, and by no session in one organization', () => {
    expect(create([], {}, { byKey: true })).toEqual(refused('not_by_key'));
    expect(create([], {}, { inSession: true })).toEqual(refused('not_in_session'));
  });

  it('is of its realm, until it is revoked, its end has come or its person was erased (P3)', () => {
    const brief = created('laptop', { notAfter: later });
    expect([live([created()]), live([created()], 'other'), live([brief], 'default', epoch + 86_400_000)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(revoke([created()])).toEqual([revoked]);
    for (const [history, realm] of [[[]], [[created(), revoked]], [[created()], 'other']] as const)
      expect(revoke(history, realm)).toEqual(nothing);
    const erased: UserEvent = { type: 'PersonErased', data: { userId: 'ann', requestId: 'r', keyIds: [] } };
    for (const end of [revoked, erased]) expect(live([created(), end])).toBe(false);
    expect(fold('user', [created(), erased]).user).not.toHaveProperty('apiKeys');
  });

  it('is let into an organization by its scheme: by every one of those built in', () => {
    for (const id of ['enterprise', 'teams', 'studio', 'projects', 'gateway'])
      expect([id, allowsPersonalKeys(builtIn(id))]).toEqual([id, true]);
    const { document } = enterprise;
    const roles = document.roles.map((role) => ({
      ...role,
      permissions: role.permissions.filter((permission) => permission !== 'own-api-key:manage'),
    }));
    expect(allowsPersonalKeys(prepareScheme({ ...document, roles }))).toBe(false);
  });
});
