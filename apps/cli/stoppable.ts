import { exitCodes, type Io } from './command.js';

class Stopped extends Error {}

/** SIGINT and SIGTERM end it after the batch under way. */
export async function stoppable(io: Io, task: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const abort = new AbortController();
  const stop = () => {
    io.err('stopping …\n');
    abort.abort(new Stopped('Stopped. What was built stays: run it again to go on.'));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await task(abort.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** What a person can mend, errors of these classes, is told in a sentence, without a stack. */
export async function explained(
  io: Io,
  known: readonly (abstract new (...of: never[]) => Error)[],
  task: () => Promise<number>,
): Promise<number> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Error) || ![...known, Stopped].some((each) => error instanceof each)) throw error;
    io.err(`${error.message}\n`);
    return exitCodes.failure;
  }
}
