import { describe, expect, it } from '@jest/globals';
import { acmeOf, decide, epoch, fold, given, newId, newKey, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';
import { holderIn } from './org.js';

const created = acmeOf('olga');
const asked = { keyId: 'exports', name: 'Exports', role: 'org.checker' };
const key: OrgEvent = { type: 'OrgApiKeyCreated', data: { ...asked, ...newKey() } };
const revoked: OrgEvent = { type: 'OrgApiKeyRevoked', data: { keyId: 'exports' } };
const account: OrgEvent = {
  type: 'ServiceAccountCreated',
  data: { accountId: 'ci', name: 'CI', role: 'org.checker' },
};
const now = new Date(epoch).toISOString();

describe("an organization's own API keys (V21)", () => {
  it('are created with a role that machines may have, each under an id of its own', () => {
    given([created]).when('CreateOrgApiKey', asked).then([key]);
    given([created])
      .when('CreateOrgApiKey', { name: 'Exports', role: 'org.checker' })
      .then([{ type: 'OrgApiKeyCreated', data: { ...key.data, keyId: newId } } as OrgEvent]);
    for (const before of [key, account])
      given([created, before])
        .when('CreateOrgApiKey', { ...asked, keyId: before === key ? 'exports' : 'ci' })
        .then(refused('key_exists'));
    given([created, key, revoked]).when('CreateOrgApiKey', asked).then(refused('key_exists'));
    given([created])
      .when('CreateOrgApiKey', { ...asked, role: 'org.ghost' })
      .then(refused('role_unknown'));
    for (const role of ['org.owner', 'org.auditor'])
      given([created])
        .when('CreateOrgApiKey', { ...asked, role })
        .then(refused('not_for_machines'));
    given([created])
      .when('CreateOrgApiKey', { ...asked, notAfter: now })
      .then(refused('grant_window_empty'));
    given([]).when('CreateOrgApiKey', asked).then(refused('org_not_found'));
    const byKey = { name: 'CreateOrgApiKey', input: asked, newId, byKey: true } as const;
    expect(decide(fold('org', [created]), byKey)).toEqual(refused('not_by_key'));
  });

  it('are revoked for ever, and hold nothing from then on (P3)', () => {
    given([created, key]).when('RevokeOrgApiKey', { keyId: 'exports' }).then([revoked]);
    given([created, key, revoked]).when('RevokeOrgApiKey', { keyId: 'exports' }).then(nothing);
    for (const keyId of ['exports', 'ci'])
      given([created, account]).when('RevokeOrgApiKey', { keyId }).then(refused('key_not_found'));
    expect(holderIn(fold('org', [created, key]), 'service:acme/exports')).toMatchObject({ role: 'org.checker' });
    const after = fold('org', [created, key, revoked]);
    expect(holderIn(after, 'service:acme/exports')).toBeUndefined();
    expect(after.services.get('exports')?.keys).toEqual({});
  });

  it('are no service accounts: nobody gives them another role, or another key', () => {
    const accountId = 'exports';
    for (const [name, input] of [
      ['UpdateServiceAccount', { accountId, role: 'org.admin' }],
      ['DeleteServiceAccount', { accountId }],
      ['IssueServiceAccountKey', { accountId, keyId: 'more' }],
      ['RotateServiceAccountKey', { accountId, keyId: 'exports' }],
      ['RevokeServiceAccountKey', { accountId, keyId: 'exports' }],
    ] as const)
      given([created, key]).when(name, input).then(refused('service_account_not_found'));
    given([created, key])
      .when('CreateServiceAccount', { accountId, name: 'Exports', role: 'org.checker' })
      .then(refused('service_account_exists'));
  });
});
