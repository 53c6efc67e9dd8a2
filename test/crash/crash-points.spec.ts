import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seeded } from '../fault/crash-plan.js';
import { Lab, type Recorded, recordPoints, singles } from './enumerate.js';
import { calls, pointsOf, startingCalls } from './points.js';

const PAIRS = 40;
let recorded: Recorded;
let lab: Lab;
beforeAll(async () => {
  recorded = await recordPoints();
  lab = await Lab.open();
}, 300_000);
afterAll(() => lab.close());

describe('a crash at any point', () => {
  it('is possible before and after every call that a process makes, and each of them is listed', () => {
    const passed = [...recorded.scenarios.values()].flat();
    expect([...new Set(passed)].sort()).toEqual(pointsOf(calls).sort());
    const starting = recorded.founding.filter((point) => !passed.includes(point));
    expect(starting.sort()).toEqual(pointsOf(startingCalls).sort());
  });

  it('leaves rows, documents and answers as the log says: each point alone', async () => {
    for (const { scenario, point } of singles(recorded)) await lab.scenario(scenario, [point]);
    expect({ mismatches: lab.mismatches, unreached: lab.unreached }).toEqual({ mismatches: [], unreached: [] });
  }, 600_000);

  it('and a second one at any point after it', async () => {
    const random = seeded(11);
    const all = singles(recorded);
    const pick = () => all[Math.floor(random() * all.length)] ?? { scenario: '', point: '' };
    for (let pair = 0; pair < PAIRS; pair++) await lab.pair(pick(), pick());
    expect(lab.mismatches).toEqual([]);
  }, 600_000);
});
