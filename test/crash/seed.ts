import { randomInt } from 'node:crypto';

/**
 * The seed of the random numbers of a run: each run of a revision tries the same, unless `CRASH_SEED` names another one or
 * says `random`. A failure prints the seed that repeats it.
 */
export function crashSeed(otherwise: number | 'random' = 2026): number {
  const { CRASH_SEED = otherwise } = process.env;
  return CRASH_SEED === 'random' ? randomInt(2 ** 31) : Number(CRASH_SEED);
}
