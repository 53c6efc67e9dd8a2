import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { PER_WORLD, runBlock } from './sequences.js';

const SEQUENCES = 200;

describe('random sequences of commands, questions and crashes', () => {
  it('end with rows, documents and answers as the log says', async () => {
    const { CRASH_SEED, CRASH_SEQUENCE } = process.env;
    const seed = Number(CRASH_SEED ?? randomInt(2 ** 31));
    const number = CRASH_SEQUENCE === undefined ? undefined : Number(CRASH_SEQUENCE);
    const block = number === undefined ? seed % 4 : Math.floor(number / PER_WORLD);
    const range = number === undefined ? { count: SEQUENCES } : { from: number % PER_WORLD, count: 1 };
    const tally = await runBlock(seed, block, range);
    process.stdout.write(
      `CRASH_SEED=${seed}: ${tally.sequences} sequences of ${tally.commands} commands, ${tally.crashes} crashes\n`,
    );
    expect(tally.mismatches).toEqual([]);
  }, 240_000);
});
