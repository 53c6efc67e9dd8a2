import { z } from 'zod';
import { keyFields, withKey } from '../../keys.js';
import { instant, principalId, slug } from '../../text.js';
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
  ApiKeyCreated: orgEvent(key.extend({ ...keyFields.shape, notAfter: instant.optional() }), {
    ...rest,
    evolve: (state, { userId, keyId, fingerprint, lastFour, notAfter }, { occurredAt: issuedAt }) =>
      changedMember(state, userId, (found) => ({
        ...found,
        apiKeys: withKey(found.apiKeys ?? {}, keyId, {
          fingerprint,
          lastFour,
          issuedAt,
          ...(notAfter === undefined ? {} : { notAfter }),
        }),
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
