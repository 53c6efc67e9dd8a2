import { z } from 'zod';
import { accountNamed, keyIssued, keyNamed, keyRotated, withIssued, withRotation } from '../../service-keys.js';
import { text } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { changedService, service, without, withService } from '../org.js';

const targets = ({ accountId }: { accountId: string }) => [accountId];
const touches = ({ accountId }: { accountId: string }) => [service(accountId)];
const ofKey = { targets: ({ accountId, keyId }: z.output<typeof keyNamed>) => [accountId, keyId], touches };

// Stored format: add event types and optional fields, never change them.
export const serviceAccountEvents = {
  /** A machine of the organization with a role in it; it acts by keys. */
  ServiceAccountCreated: orgEvent(accountNamed.extend({ name: text(200), role: roleKey }), {
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
  ServiceAccountRenamed: orgEvent(accountNamed.extend({ name: text(200) }), {
    targets,
    touches,
    evolve: (state, { accountId, name }) => changedService(state, accountId, (found) => ({ ...found, name })),
  }),
  ServiceAccountRoleChanged: orgEvent(accountNamed.extend({ role: roleKey, from: roleKey }), {
    targets,
    touches,
    evolve: (state, { accountId, role }, { id }) =>
      changedService(state, accountId, (found) => ({ ...found, role, evidence: id })),
  }),
  /** Takes its role and every key with it. */
  ServiceAccountDeleted: orgEvent(accountNamed, {
    targets,
    touches,
    evolve: (state, { accountId }) =>
      changedService(state, accountId, (found) => ({ ...found, status: 'deleted', keys: {} })),
  }),
  /** The text of the key was shown to whom it was issued, once. */
  ServiceAccountKeyIssued: orgEvent(keyIssued, {
    ...ofKey,
    evolve: (state, data, { occurredAt }) =>
      changedService(state, data.accountId, (found) => withIssued(found, data, occurredAt)),
  }),
  /** One key takes the place of another, which is still accepted until `fromUntil`. */
  ServiceAccountKeyRotated: orgEvent(keyRotated, {
    targets: ({ accountId, from, keyId }) => [accountId, from, keyId],
    touches,
    evolve: (state, data, { occurredAt }) =>
      changedService(state, data.accountId, (found) => withRotation(found, data, occurredAt)),
  }),
  ServiceAccountKeyRevoked: orgEvent(keyNamed, {
    ...ofKey,
    evolve: (state, { accountId, keyId }) =>
      changedService(state, accountId, (found) => ({ ...found, keys: without(found.keys, keyId) })),
  }),
};
