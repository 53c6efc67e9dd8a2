import type { TableOf } from './row.js';

/** Commands of a person about what is theirs. */
export const userRows = {} as const satisfies TableOf<'user'>;
