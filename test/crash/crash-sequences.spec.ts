import { describe, expect, it } from '@jest/globals';
import { crashSeed } from './seed.js';
import { crewings, runBlock, wanted } from './sequences.js';

const SEQUENCES = 50;
const blocks = wanted.blocks.length > 0 ? wanted.blocks : [...crewings.keys()];

describe('random sequences of commands, questions and crashes', () => {
  it.each(blocks)(
    'end with rows, documents and answers as the log says, block %i',
    async (block) => {
      const seed = crashSeed();
      const tally = await runBlock(seed, block, { count: SEQUENCES, ...wanted.range });
      process.stdout.write(
        `CRASH_SEED=${seed}: ${tally.sequences} sequences of ${tally.commands} commands, ${tally.crashes} crashes\n`,
      );
      expect(tally.mismatches).toEqual([]);
    },
    240_000,
  );
});
