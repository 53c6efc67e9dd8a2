import type { Environment } from '#libs/platform/config.js';

/** What a command reads and writes. Results go to `out`, everything else to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Shows one line in place of the last one, until anything else is written. Undefined where nobody watches. */
  readonly status?: ((text: string) => void) | undefined;
  /** Undefined: the process's own. */
  readonly environment?: Environment | undefined;
}

export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const;

export interface Command {
  /** Answers the exit code. Throws UsageError where the arguments make no sense. */
  run(argv: readonly string[], io: Io): Promise<number>;
}

/** The arguments make no sense; the message says which. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
