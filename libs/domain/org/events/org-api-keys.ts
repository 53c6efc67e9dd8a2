import { z } from 'zod';
import { issuedKeyFrom, issuedKeyFields } from '../../keys.js';
import { slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { changedService, service, withService } from '../org.js';

const key = z.strictObject({ keyId: slug });
const rest = {
  targets: ({ keyId }: z.output<typeof key>) => [keyId],
  touches: ({ keyId }: z.output<typeof key>) => [service(keyId)],
};

// Stored format: add event types and optional fields, never change them.
export const orgApiKeyEvents = {
  /** A key of the organization itself (V21): a machine of one key, which is all that it ever has. */
  OrgApiKeyCreated: orgEvent(key.extend({ name: text(200), role: roleKey, ...issuedKeyFields.shape }), {
    ...rest,
    evolve: (state, { keyId, name, role, ...issued }, { id, occurredAt }) =>
      withService(state, {
        id: keyId,
        name,
        role,
        status: 'active',
        isApiKey: true,
        createdAt: occurredAt,
        keys: { [keyId]: issuedKeyFrom(issued, occurredAt) },
        evidence: id,
      }),
  }),
  /** Takes its role with it. */
  OrgApiKeyRevoked: orgEvent(key, {
    ...rest,
    evolve: (state, { keyId }) => changedService(state, keyId, (found) => ({ ...found, status: 'deleted', keys: {} })),
  }),
};
