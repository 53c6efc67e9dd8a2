import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Drain } from './drain.js';
import { type HealthProbe, Readiness } from './readiness.js';

const well: HealthProbe = { name: 'well', check: async () => ({ ok: true }) };
const failing = (error: unknown): HealthProbe => ({ name: 'failing', check: () => Promise.reject(error) });

function readinessOf(...probes: readonly HealthProbe[]) {
  const lines: string[] = [];
  const drain = new Drain();
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  return { readiness: new Readiness(probes, drain, logger), drain, lines };
}

describe('readiness', () => {
  it('tells a failure by its code and a sentence, and its own words to the log alone, once', async () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432 as hunter2'), { code: 'ECONNREFUSED' });
    const { readiness, lines } = readinessOf(well, failing(error));
    const report = await readiness.report();
    await readiness.report();
    expect(report).toEqual({
      ok: false,
      parts: {
        well: { ok: true },
        failing: { ok: false, detail: { code: 'unreachable', error: 'nothing answers at its address' } },
      },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('10.1.2.3');
  });

  it('logs again when the failure is another one, or comes back', async () => {
    let error: Error | undefined = new Error('timeout');
    const probe = { name: 'part', check: async () => (error === undefined ? { ok: true } : Promise.reject(error)) };
    const { readiness, lines } = readinessOf(probe);
    for (const next of [error, error, new Error('UNAVAILABLE'), undefined, new Error('UNAVAILABLE')]) {
      error = next;
      await readiness.report();
    }
    expect(lines).toHaveLength(3);
  });

  it('is red while the process drains, whatever the parts say', async () => {
    let asked = 0;
    const { readiness, drain } = readinessOf({ name: 'well', check: async () => ({ ok: ++asked > 0 }) });
    expect((await readiness.report()).ok).toBe(true);
    await drain.begin(0);
    expect(await readiness.report()).toEqual({ ok: false, draining: true });
    // Not asked: an answer that waits for slow parts comes too late.
    expect(asked).toBe(1);
  });

  it('stays green for a part in whose absence nobody would be served better', async () => {
    const unwell = { name: 'unwell', check: async () => ({ ok: false, serves: true }) };
    expect((await readinessOf(well, unwell).readiness.report()).ok).toBe(true);
  });
});
