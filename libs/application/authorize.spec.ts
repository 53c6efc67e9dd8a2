import { expect, it } from '@jest/globals';
import { acmeOf, enterprise, enterpriseWith, epoch, fold, newKey } from '../../test/support/decider.js';
import type { UserEvent } from '#libs/domain/user/user.js';
import { factsFrom } from './authorize.js';
import type { Caller } from './caller.js';
import { emptyFold } from './fold.js';

const token = { issuer: '', subject: 'olga', email: null, name: null, groups: [], issuedAt: 0, expiresAtMs: 1e15 };
const apiKey = { orgId: undefined, keyId: 'k' };
const olga: Caller = { id: 'olga', realm: 'default', credential: 'key:k', token, apiKey };
const need = { permission: 'org:view', resource: { kind: 'org', orgId: 'acme' } } as const;
const created: UserEvent = {
  type: 'PersonalApiKeyCreated',
  data: { userId: 'olga', keyId: 'k', realm: 'default', ...newKey() },
};
const revoked: UserEvent = { type: 'PersonalApiKeyRevoked', data: { userId: 'olga', keyId: 'k' } };

it("a key to all of a person's organizations holds what they are there by the person's own stream alone (G11)", () => {
  const held = (events: readonly UserEvent[] | undefined, caller = olga, scheme = enterprise) => {
    const platform = events && {
      realm: emptyFold('realm'),
      user: { ...emptyFold('user'), state: fold('user', events) },
    };
    return factsFrom(scheme, fold('org', [acmeOf('olga')]), caller, need, platform, epoch).member?.role;
  };
  expect(held([created])).toBe('org.owner');
  expect(held([created, revoked])).toBeUndefined();
  expect(held([])).toBeUndefined();
  expect(held(undefined)).toBeUndefined();
  expect(held([created], { ...olga, realm: 'other' })).toBeUndefined();
  expect(held([created], { ...olga, id: 'pat' })).toBeUndefined();
  const roles = enterprise.document.roles.filter(({ key }) => key !== 'self.person');
  const sources = { ...enterprise.document.sources, everyone: [] };
  expect(held([created], olga, enterpriseWith({ roles, sources }))).toBeUndefined();
});
