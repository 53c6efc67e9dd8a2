import { describe, expect, it } from '@jest/globals';
import { Lag } from './lag.js';

const at = (place: number) => ({ commit: BigInt(place), prepare: BigInt(place) });

describe('the lag of the read models', () => {
  it('is the age of the oldest head that was seen and is not reached', () => {
    const lag = new Lag();
    expect(lag.measure(at(5), undefined, 1_000)).toBe(0);
    expect(lag.measure(at(6), undefined, 3_000)).toBe(2_000);
    expect(lag.measure(at(7), at(5), 4_000)).toBe(1_000);
    expect(lag.measure(at(7), at(7), 5_000)).toBe(0);
  });

  it('does not grow under steady load, where the newest events are always missing', () => {
    const lag = new Lag();
    for (let now = 0; now < 60_000; now += 1_000)
      expect(lag.measure(at(now + 1), at(now), now)).toBeLessThanOrEqual(1_000);
  });

  it('is nothing on an empty log, and keeps the first sight through a long outage', () => {
    const lag = new Lag();
    expect(lag.measure(undefined, undefined, 0)).toBe(0);
    for (let n = 1; n <= 3_000; n++) lag.measure(at(n), undefined, n);
    expect(lag.measure(at(9_999), undefined, 10_000)).toBe(9_999);
  });
});
