import type { OrgState } from './org.js';

/** Ids of the holds that keep what is known of the person from being erased. */
export function holdsOver({ org: { legalHolds = {} } }: OrgState, userId: string): readonly string[] {
  return Object.entries(legalHolds)
    .filter(([, hold]) => hold.userId === undefined || hold.userId === userId)
    .map(([id]) => id);
}
