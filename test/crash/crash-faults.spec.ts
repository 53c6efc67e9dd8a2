import { describe, expect, it } from '@jest/globals';
import { runBlock, wanted } from './sequences.js';
import { crashSeed } from './seed.js';

const SEQUENCES = 20;

describe('crashes while the event store drops, repeats, refuses, or loses answers', () => {
  it('end with rows, documents and answers as the log says', async () => {
    const seed = crashSeed();
    const [block = 0] = wanted.blocks;
    const tally = await runBlock(seed, block, { count: SEQUENCES, ...wanted.range, faulty: true });
    process.stdout.write(`CRASH_SEED=${seed}: ${tally.sequences} sequences, ${tally.crashes} crashes\n`);
    expect(tally.mismatches).toEqual([]);
  }, 240_000);
});
