import { describe, expect, it } from '@jest/globals';
import {
  acmeOf,
  decide,
  enterprise,
  epoch,
  fold,
  given,
  newKey,
  nothing,
  refused,
} from '../../../test/support/decider.js';
import { refuse } from '../decision.js';
import type { OrgEvent } from './events.js';

const created = acmeOf('olga');
const pat: OrgEvent = { type: 'MemberAdded', data: { userId: 'pat', role: 'org.participant' } };
const key: OrgEvent = { type: 'ApiKeyCreated', data: { userId: 'pat', keyId: 'k1', ...newKey() } };
const left: OrgEvent = { type: 'MemberRemoved', data: { userId: 'pat', role: 'org.participant' } };
const asPat = (events: readonly OrgEvent[]) => given(events, enterprise, 'pat');

describe("members' own keys (G11)", () => {
  it('are created by the member alone, one id once', () => {
    asPat([created, pat]).when('CreateApiKey', { keyId: 'k1' }).then([key]);
    asPat([created, pat, key]).when('CreateApiKey', { keyId: 'k1' }).then(refused('key_exists'));
    asPat([created]).when('CreateApiKey', { keyId: 'k1' }).then(refused('member_not_found'));
    const over = { keyId: 'k1', notAfter: new Date(epoch).toISOString() };
    asPat([created, pat]).when('CreateApiKey', over).then(refused('grant_window_empty'));
  });

  it('make no other keys', () => {
    const command = { name: 'CreateApiKey', input: { keyId: 'k2' }, newId: 'n', actor: 'pat', byKey: true } as const;
    expect(decide(fold('org', [created, pat, key]), command)).toEqual(refuse('not_by_key'));
  });

  it('are revoked by the member, and by whoever may revoke those of others (G-M19)', () => {
    const revoked: OrgEvent = { type: 'ApiKeyRevoked', data: { userId: 'pat', keyId: 'k1' } };
    asPat([created, pat, key]).when('RevokeApiKey', { keyId: 'k1' }).then([revoked]);
    asPat([created, pat]).when('RevokeApiKey', { keyId: 'k1' }).then(nothing);
    given([created, pat, key]).when('RevokeMemberApiKey', { userId: 'pat', keyId: 'k1' }).then([revoked]);
    given([created]).when('RevokeMemberApiKey', { userId: 'pat', keyId: 'k1' }).then(nothing);
    expect(fold('org', [created, pat, key, revoked]).members.get('pat')).not.toHaveProperty('apiKeys');
  });

  it('end with the membership, and stay ended when the person comes back (P3)', () => {
    expect(fold('org', [created, pat, key, left, pat]).members.get('pat')).not.toHaveProperty('apiKeys');
  });

  it('stay with a member whose role changes', () => {
    const changed: OrgEvent = {
      type: 'MemberRoleChanged',
      data: { userId: 'pat', role: 'org.admin', from: 'org.participant' },
    };
    expect(Object.keys(fold('org', [created, pat, key, changed]).members.get('pat')?.apiKeys ?? {})).toEqual(['k1']);
  });
});
