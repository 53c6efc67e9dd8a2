import { z } from 'zod';
import { issuedKeyFields, issuedKeyFrom, withKey } from '../../keys.js';
import { principalId, slug } from '../../text.js';
import { orgEvent } from '../event.js';
import { changedMember, member, without } from '../org.js';

const key = z.strictObject({ userId: principalId, keyId: slug });
const rest = {
  targets: ({ userId, keyId }: z.output<typeof key>) => [userId, keyId],
  touches: ({ userId }: z.output<typeof key>) => [member(userId)],
};

// Stored format: add event types and optional fields, never change them.
export const apiKeyEvents = {
  /** A member's own key to this organization; whatever ends the membership ends the key with it. */
  ApiKeyCreated: orgEvent(key.extend(issuedKeyFields.shape), {
    ...rest,
    evolve: (state, { userId, keyId, ...issued }, { occurredAt }) =>
      changedMember(state, userId, (found) => ({
        ...found,
        apiKeys: withKey(found.apiKeys ?? {}, keyId, issuedKeyFrom(issued, occurredAt)),
      })),
  }),
  ApiKeyRevoked: orgEvent(key, {
    ...rest,
    evolve: (state, { userId, keyId }) =>
      changedMember(state, userId, (found) => {
        const { apiKeys = {}, ...others } = found;
        const left = without(apiKeys, keyId);
        return Object.keys(left).length === 0 ? others : { ...others, apiKeys: left };
      }),
  }),
};
