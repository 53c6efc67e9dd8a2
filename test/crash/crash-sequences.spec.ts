import { describe, expect, it } from '@jest/globals';
import { crashSeed } from './seed.js';
import { crewings, PER_WORLD, runBlock } from './sequences.js';

const SEQUENCES = 50;
const number = process.env.CRASH_SEQUENCE === undefined ? undefined : Number(process.env.CRASH_SEQUENCE);
const blocks = number === undefined ? crewings.keys() : [Math.floor(number / PER_WORLD)];
const range = number === undefined ? { count: SEQUENCES } : { from: number % PER_WORLD, count: 1 };

describe('random sequences of commands, questions and crashes', () => {
  it.each([...blocks])(
    'end with rows, documents and answers as the log says, block %i',
    async (block) => {
      const seed = crashSeed();
      const tally = await runBlock(seed, block, range);
      process.stdout.write(
        `CRASH_SEED=${seed}: ${tally.sequences} sequences of ${tally.commands} commands, ${tally.crashes} crashes\n`,
      );
      expect(tally.mismatches).toEqual([]);
    },
    240_000,
  );
});
