import { type CommandTable, onOrg } from './row.js';

export const legalHoldRows = {
  PlaceLegalHold: {
    target: 'org',
    summary: 'Keep what is known of a person, or of everybody here, from being erased',
    example: { userId: 'bob', matter: 'Case 2026-17' },
    needs: ({ orgId }) => [onOrg(orgId, 'legal-hold:place')],
    creates: 'holdId',
  },
  ReleaseLegalHold: {
    target: 'org',
    summary: 'Release a legal hold that somebody else has placed',
    example: { holdId: 'case-2026-17' },
    needs: ({ orgId }) => [onOrg(orgId, 'legal-hold:release')],
  },
  EraseMember: {
    target: 'org',
    summary: 'Erase what is known of a member for good, everywhere; the membership ends',
    example: { userId: 'bob' },
    needs: ({ orgId }) => [onOrg(orgId, 'subject:erase')],
  },
} as const satisfies Partial<CommandTable>;
