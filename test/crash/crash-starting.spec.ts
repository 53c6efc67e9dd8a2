import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './enumerate.js';
import { NEW_LOG, pointsOf, startingCalls } from './points.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
}, 300_000);
afterAll(() => lab.close());

describe('a crash while a deployment starts for the first time', () => {
  it('leaves tables as the log says, at each point alone', async () => {
    for (const point of pointsOf(startingCalls.filter((call) => call !== NEW_LOG))) await lab.found([point]);
    expect({ mismatches: lab.mismatches, unreached: lab.unreached }).toEqual({ mismatches: [], unreached: [] });
  }, 600_000);

  it.each(pointsOf([NEW_LOG]))('leaves one realm: %s', async (point) => {
    const first = await Lab.open([point]);
    await first.close();
    expect({ mismatches: first.mismatches, unreached: first.unreached }).toEqual({ mismatches: [], unreached: [] });
  });
});
