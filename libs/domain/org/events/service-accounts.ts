import { z } from 'zod';
import { issuedKeyFields, issuedKeyFrom, withKey, withRotated } from '../../keys.js';
import { instant, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { changedService, service, without, withService } from '../org.js';

const named = z.strictObject({ accountId: slug });
const key = named.extend({ keyId: slug });
const issued = key.extend(issuedKeyFields.shape);

const targets = ({ accountId }: { accountId: string }) => [accountId];
const touches = ({ accountId }: { accountId: string }) => [service(accountId)];
const ofKey = { targets: ({ accountId, keyId }: z.output<typeof key>) => [accountId, keyId], touches };

// Stored format: add event types and optional fields, never change them.
export const serviceAccountEvents = {
  /** A machine of the organization with a role in it; it acts by keys. */
  ServiceAccountCreated: orgEvent(named.extend({ name: text(200), role: roleKey }), {
    targets,
    touches,
    evolve: (state, { accountId, name, role }, { id, occurredAt }) =>
      withService(state, {
        id: accountId,
        name,
        role,
        status: 'active',
        createdAt: occurredAt,
        keys: {},
        evidence: id,
      }),
  }),
  ServiceAccountRenamed: orgEvent(named.extend({ name: text(200) }), {
    targets,
    touches,
    evolve: (state, { accountId, name }) => changedService(state, accountId, (found) => ({ ...found, name })),
  }),
  ServiceAccountRoleChanged: orgEvent(named.extend({ role: roleKey, from: roleKey }), {
    targets,
    touches,
    evolve: (state, { accountId, role }, { id }) =>
      changedService(state, accountId, (found) => ({ ...found, role, evidence: id })),
  }),
  /** Takes its role and every key with it. */
  ServiceAccountDeleted: orgEvent(named, {
    targets,
    touches,
    evolve: (state, { accountId }) =>
      changedService(state, accountId, (found) => ({ ...found, status: 'deleted', keys: {} })),
  }),
  /** The text of the key was shown to whom it was issued, once. */
  ServiceAccountKeyIssued: orgEvent(issued, {
    ...ofKey,
    evolve: (state, data, { occurredAt }) =>
      changedService(state, data.accountId, (found) => ({
        ...found,
        keys: withKey(found.keys, data.keyId, issuedKeyFrom(data, occurredAt)),
      })),
  }),
  /** One key takes the place of another, which is still accepted until `fromUntil`. */
  ServiceAccountKeyRotated: orgEvent(issued.extend({ from: slug, fromUntil: instant }), {
    targets: ({ accountId, from, keyId }) => [accountId, from, keyId],
    touches,
    evolve: (state, data, { occurredAt }) =>
      changedService(state, data.accountId, (found) => ({
        ...found,
        keys: withKey(
          withRotated(found.keys, data.from, data.fromUntil, occurredAt),
          data.keyId,
          issuedKeyFrom(data, occurredAt),
        ),
      })),
  }),
  ServiceAccountKeyRevoked: orgEvent(key, {
    ...ofKey,
    evolve: (state, { accountId, keyId }) =>
      changedService(state, accountId, (found) => ({ ...found, keys: without(found.keys, keyId) })),
  }),
};
