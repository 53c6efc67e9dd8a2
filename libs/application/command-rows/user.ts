import type { Need, TableOf } from './row.js';

const key = { keyId: 'laptop' };
const own = ({ actor }: { actor: string }): readonly Need[] => [
  { permission: 'own-api-key:manage', resource: { kind: 'account', ownerId: actor } },
];

/** Commands of a person about what is theirs. */
export const userRows = {
  CreatePersonalApiKey: {
    target: 'me',
    summary: 'Create an own key to every organization that one belongs to; its text is shown in this answer alone',
    example: { ...key, notAfter: '2031-01-01T00:00:00.000Z' },
    needs: own,
    creates: 'keyId',
    issuesKey: true,
  },
  RevokePersonalApiKey: {
    target: 'me',
    summary: 'Revoke an own key to every organization that one belongs to',
    example: key,
    needs: own,
  },
} as const satisfies TableOf<'user'>;
