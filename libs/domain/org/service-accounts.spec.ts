import { describe, expect, it } from '@jest/globals';
import {
  acmeOf,
  builtIn,
  epoch,
  fold,
  given,
  newId,
  newKey,
  nothing,
  refused,
  stamp,
} from '../../../test/support/decider.js';
import { holderIn } from './org.js';
import type { OrgEvent } from './events.js';
import { liveKey } from '../keys.js';

const created = acmeOf('olga');
const account = { accountId: 'ci', name: 'CI', role: 'org.checker' };
const ci: OrgEvent = { type: 'ServiceAccountCreated', data: account };
const key = { accountId: 'ci', keyId: 'k1', ...newKey() };
const issued: OrgEvent = { type: 'ServiceAccountKeyIssued', data: key };
const deleted: OrgEvent = { type: 'ServiceAccountDeleted', data: { accountId: 'ci' } };
const later = '2026-02-01T00:00:00.000Z';
const now = new Date(epoch).toISOString();

describe('service accounts (X-03)', () => {
  it('are created with one of the roles of the organization', () => {
    given([created]).when('CreateServiceAccount', account).then([ci]);
    given([created, ci]).when('CreateServiceAccount', account).then(nothing);
    given([created, ci])
      .when('CreateServiceAccount', { ...account, role: 'org.admin' })
      .then(refused('service_account_exists'));
    given([created])
      .when('CreateServiceAccount', { ...account, role: 'org.ghost' })
      .then(refused('role_unknown'));
    given([]).when('CreateServiceAccount', account).then(refused('org_not_found'));
    const unnamed = { name: 'CI', role: 'org.checker' };
    given([created])
      .when('CreateServiceAccount', unnamed)
      .then([{ type: 'ServiceAccountCreated', data: { ...account, accountId: newId } }]);
  });

  it.each(['enterprise', 'teams', 'studio', 'projects'])(
    'of %s hold no role that must always be held by somebody, and none that a second person confirms',
    (id) => {
      const scheme = builtIn(id);
      const bounded = scheme.document.roles.filter(
        ({ scope, holders, confirmed }) => scope === 'org' && (holders || confirmed),
      );
      expect(bounded.length).toBeGreaterThan(2);
      const begun = acmeOf('olga', id);
      const owner = { userId: 'olga', role: scheme.document.orgCreation.ownerRole };
      for (const { key: role } of bounded)
        given([{ ...begun, data: { ...begun.data, owner } }], scheme)
          .when('CreateServiceAccount', { ...account, role })
          .then(refused('not_for_machines'));
    },
  );

  it('are renamed and given another role, at once', () => {
    given([created, ci])
      .when('UpdateServiceAccount', { accountId: 'ci', name: 'Builds', role: 'org.admin' })
      .then([
        { type: 'ServiceAccountRenamed', data: { accountId: 'ci', name: 'Builds' } },
        { type: 'ServiceAccountRoleChanged', data: { accountId: 'ci', role: 'org.admin', from: 'org.checker' } },
      ]);
    given([created, ci]).when('UpdateServiceAccount', account).then(nothing);
    given([created, ci])
      .when('UpdateServiceAccount', { accountId: 'ci', role: 'org.owner' })
      .then(refused('not_for_machines'));
    given([created, ci, deleted]).when('UpdateServiceAccount', account).then(refused('service_account_not_found'));
  });

  it('are deleted with role and keys, and their ids are never used again (P3)', () => {
    given([created, ci, issued]).when('DeleteServiceAccount', { accountId: 'ci' }).then([deleted]);
    given([created]).when('DeleteServiceAccount', { accountId: 'ci' }).then(refused('service_account_not_found'));
    given([created, ci, deleted]).when('CreateServiceAccount', account).then(refused('service_account_exists'));
    const state = fold('org', [created, ci, issued, deleted]);
    expect(holderIn(state, 'service:acme/ci')).toBeUndefined();
    expect(state.services.get('ci')?.keys).toEqual({});
  });

  it('neither assign nor confirm what takes two people', () => {
    const assignment = { userId: 'pat', role: 'org.auditor' };
    const pat: OrgEvent = { type: 'MemberAdded', data: { userId: 'pat', role: 'org.participant' } };
    const assigned: OrgEvent = { type: 'RoleAssigned', data: { ...assignment, assignedBy: 'olga', notAfter: later } };
    const asMachine = (events: readonly OrgEvent[]) => given(events, builtIn('enterprise'), 'service:acme/ci');
    asMachine([created, pat])
      .when('AssignRole', { ...assignment, notAfter: later })
      .then(refused('not_for_machines'));
    asMachine([created, pat, assigned]).when('ConfirmRole', assignment).then(refused('not_for_machines'));
  });
});

describe("a service account's keys (X-03)", () => {
  it('are issued, one id once', () => {
    given([created, ci]).when('IssueServiceAccountKey', { accountId: 'ci', keyId: 'k1' }).then([issued]);
    given([created, ci, issued])
      .when('IssueServiceAccountKey', { accountId: 'ci', keyId: 'k1' })
      .then(refused('key_exists'));
    given([created]).when('IssueServiceAccountKey', { accountId: 'ci' }).then(refused('service_account_not_found'));
    given([created, ci])
      .when('IssueServiceAccountKey', { accountId: 'ci', notAfter: now })
      .then(refused('grant_window_empty'));
  });

  it('are twenty at once, not counting those that are over', () => {
    const many = (notAfter: string): OrgEvent[] =>
      Array.from({ length: 20 }, (_, i) => ({
        type: 'ServiceAccountKeyIssued',
        data: { ...key, keyId: `k${i}`, notAfter },
      }));
    given([created, ci, ...many(later)])
      .when('IssueServiceAccountKey', { accountId: 'ci', keyId: 'more' })
      .then(refused('keys_full'));
    given([created, ci, ...many(now)])
      .when('IssueServiceAccountKey', { accountId: 'ci', keyId: 'more' })
      .then([{ type: 'ServiceAccountKeyIssued', data: { ...key, keyId: 'more' } }]);
  });

  it('are rotated: the former one is accepted until the stated time, and another cannot take its place again', () => {
    const rotated = (fromUntil: string): OrgEvent => ({
      type: 'ServiceAccountKeyRotated',
      data: { ...key, keyId: 'k2', from: 'k1', fromUntil },
    });
    const rotate = { accountId: 'ci', keyId: 'k1', newKeyId: 'k2' };
    given([created, ci, issued])
      .when('RotateServiceAccountKey', { ...rotate, until: later })
      .then([rotated(later)]);
    given([created, ci, issued])
      .when('RotateServiceAccountKey', rotate)
      .then([rotated(now)]);
    given([created, ci, issued, rotated(later)])
      .when('RotateServiceAccountKey', { ...rotate, newKeyId: 'k3' })
      .then(refused('key_rotated'));
    given([created, ci]).when('RotateServiceAccountKey', rotate).then(refused('key_not_found'));
    const { keys } = fold('org', [created, ci, issued, rotated(later)]).services.get('ci') ?? { keys: {} };
    const end = Date.parse(later);
    expect([liveKey(keys, 'k1', end - 1) !== undefined, liveKey(keys, 'k1', end)]).toEqual([true, undefined]);
    expect(liveKey(keys, 'k2', end)).toEqual({ ...newKey(), issuedAt: stamp(4).occurredAt });
  });

  it('end no later for being rotated', () => {
    const short: OrgEvent = { type: 'ServiceAccountKeyIssued', data: { ...key, notAfter: later } };
    const data = { ...key, keyId: 'k2', from: 'k1', fromUntil: '2027-01-01T00:00:00.000Z' };
    const state = fold('org', [created, ci, short, { type: 'ServiceAccountKeyRotated', data }]);
    expect(state.services.get('ci')?.keys.k1?.notAfter).toBe(later);
  });

  it('are revoked', () => {
    const named = { accountId: 'ci', keyId: 'k1' };
    given([created, ci, issued])
      .when('RevokeServiceAccountKey', named)
      .then([{ type: 'ServiceAccountKeyRevoked', data: named }]);
    given([created, ci]).when('RevokeServiceAccountKey', named).then(nothing);
  });
});
