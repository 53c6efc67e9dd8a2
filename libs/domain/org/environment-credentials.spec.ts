import { describe, expect, it } from '@jest/globals';
import { acmeOf, epoch, fold, given, nothing, refused } from '../../../test/support/decider.js';
import { secretReferenceTo } from '../../../test/support/secret-reference.js';
import type { OrgEvent } from './events.js';

const created = acmeOf('olga');
const live: OrgEvent = { type: 'EnvironmentCreated', data: { environmentId: 'live', name: 'Live' } };
const gone: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'live' } };
const [first, second, third] = ['one', 'two', 'three'].map(secretReferenceTo) as [
  ReturnType<typeof secretReferenceTo>,
  ReturnType<typeof secretReferenceTo>,
  ReturnType<typeof secretReferenceTo>,
];
const place = { environmentId: 'live' };
const issued: OrgEvent = { type: 'EnvironmentCredentialIssued', data: { ...place, credential: first } };
const rotated = (credential = second): OrgEvent => ({
  type: 'EnvironmentCredentialRotated',
  data: { ...place, credential, formerUntil: new Date(epoch + 60_000).toISOString() },
});
const revoked: OrgEvent = { type: 'EnvironmentCredentialRevoked', data: place };
const credentialAfter = (...events: OrgEvent[]) =>
  fold('org', [created, live, ...events]).environments.get('live')?.credential;

describe("an environment's credential (T33)", () => {
  it('is issued once: an environment has one', () => {
    given([created, live])
      .when('IssueEnvironmentCredential', { ...place, credential: first })
      .then([issued]);
    given([created, live, issued])
      .when('IssueEnvironmentCredential', { ...place, credential: second })
      .then(refused('credential_exists'));
    expect(credentialAfter(issued)).toEqual({ id: first.secretId });
  });

  it('is rotated: the one before is accepted until a stated time, one that is older still no more', () => {
    given([created, live, issued])
      .when('RotateEnvironmentCredential', { ...place, credential: second, overlapSeconds: 60 })
      .then([rotated()]);
    given([created, live])
      .when('RotateEnvironmentCredential', { ...place, credential: second })
      .then(refused('credential_not_found'));
    expect(credentialAfter(issued, rotated(), rotated(third))).toEqual({
      id: third.secretId,
      former: { id: second.secretId, until: new Date(epoch + 60_000).toISOString() },
    });
  });

  it('is revoked with the one that it replaces, and goes with its environment', () => {
    given([created, live, issued, rotated()]).when('RevokeEnvironmentCredential', place).then([revoked]);
    given([created, live]).when('RevokeEnvironmentCredential', place).then(nothing);
    expect(credentialAfter(issued, rotated(), revoked)).toBeUndefined();
    expect(credentialAfter(issued, gone)).toBeUndefined();
    for (const name of ['IssueEnvironmentCredential', 'RotateEnvironmentCredential'] as const)
      given([created, live, issued, gone])
        .when(name, { ...place, credential: second })
        .then(refused('environment_not_found'));
    given([created, live, gone]).when('RevokeEnvironmentCredential', place).then(refused('environment_not_found'));
  });
});
