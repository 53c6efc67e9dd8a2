import { describe, expect, it } from '@jest/globals';
import { killAndCompare } from './kills.js';
import { crashSeed } from './seed.js';

const KILLS = 6;

describe('processes that are killed while clients send commands', () => {
  it('leave every acknowledged command in the log once, and rows and answers as the log says', async () => {
    const seed = crashSeed();
    const { mismatches, ...told } = await killAndCompare(KILLS, seed);
    process.stdout.write(`CRASH_SEED=${seed}: ${JSON.stringify(told)}\n`);
    expect(mismatches).toEqual([]);
    expect(told.commands.acknowledged).toBeGreaterThan(0);
  }, 300_000);
});
