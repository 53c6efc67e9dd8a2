import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, epoch, fold } from '../../../test/support/decider.js';
import { type Decision, isRefusal } from '../decision.js';
import type { OrgEvent } from '../org/events.js';
import { type UsageCommandName, usageCommands, usageDecisions } from './commands.js';
import { metered, meterKey } from './meters.js';
import type { UsageEvent } from './usage.js';

const scheme = builtIn('projects');
const created = acmeOf('olga', 'projects');
const live: OrgEvent = { type: 'EnvironmentCreated', data: { environmentId: 'live', name: 'Live' } };
const added: OrgEvent = { type: 'MemberAdded', data: { userId: 'ann', role: 'org.member' } };
const starter: OrgEvent = { type: 'OrgPlanSet', data: { plan: 'starter' } };
const budget = (amount: number, place = {}, period: 'day' | 'month' | 'total' = 'month'): OrgEvent => ({
  type: 'BudgetSet',
  data: { amount, currency: 'EUR', period, ...place },
});
const today = new Date(epoch).toISOString().slice(0, 10);
const spend = (cents: number) => ({ cost: { thousandths: cents * 1000, currency: 'EUR' } });

/** What is decided after what was recorded before. */
function decided(
  name: UsageCommandName,
  input: object,
  history: readonly OrgEvent[],
  before: readonly UsageEvent[] = [],
) {
  const org = fold('org', [created, live, added, ...history]);
  const rules = usageDecisions[name];
  const parsed = usageCommands[name].parse(input);
  const values = new Map<string, number>();
  for (const event of before)
    if (event.type === 'UsageRecorded')
      for (const [key, { adding }] of metered(event.data.lines)) values.set(key, (values.get(key) ?? 0) + adding);
  const asked = new Set(rules.meters?.(org, parsed, scheme, epoch).map(meterKey));
  const seen = new Map([...values].filter(([key]) => asked.has(key)));
  return rules.decide(parsed, { org, scheme, at: epoch, values: seen }) as Decision<UsageEvent>;
}
const recorded = (line: object): UsageEvent =>
  ({ type: 'UsageRecorded', data: { lines: [{ day: today, ...line }] } }) as UsageEvent;
const exceeded = (limit: number, usage: number, limited = 'budget') => ({
  refused: 'limit_exceeded',
  exceeded: { limited, limit, usage },
});
const admitted = { type: 'UsageRecorded', data: { admitted: true } };

describe('usage that happened', () => {
  it('is recorded whatever the caps say, for the day that it names or for today', () => {
    const lines = [
      { userId: 'ann', ...spend(9) },
      { day: '2025-12-31', requests: 1 },
    ];
    expect(decided('RecordUsage', { lines }, [budget(1)], [recorded(spend(5))])).toEqual([
      { type: 'UsageRecorded', data: { lines: [{ ...lines[0], day: today }, lines[1]] } },
    ]);
  });

  it('is of the past days, not of days to come, and counts something', () => {
    for (const day of ['2026-01-02', '2025-11-01'])
      expect(decided('RecordUsage', { lines: [{ day, requests: 1 }] }, [])).toEqual({
        refused: 'usage_day_out_of_range',
      });
    for (const lines of [[], [{}], [{ requests: 0 }], [{ requests: 1, email: 'ann@acme.test' }], [{ runs: 0.5 }]])
      expect([lines, usageCommands.RecordUsage.safeParse({ lines }).success]).toEqual([lines, false]);
  });

  it('is of environments that are there, or were', () => {
    const lines = [{ environmentId: 'live', requests: 1 }];
    const gone: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'live' } };
    expect(isRefusal(decided('RecordUsage', { lines }, [gone]))).toBe(false);
    expect(decided('RecordUsage', { lines: [{ environmentId: 'none', runs: 1 }] }, [])).toEqual({
      refused: 'environment_not_found',
    });
  });
});

describe('usage that is asked for (R18, G24)', () => {
  const place = { userId: 'ann', environmentId: 'live' };
  const admit = (cents: number, history: readonly OrgEvent[], before: readonly UsageEvent[]) =>
    decided('AdmitUsage', { lines: [{ ...place, ...spend(cents) }] }, history, before);

  it('is admitted up to the cap, and not beyond it', () => {
    const before = [recorded({ ...place, ...spend(7) })];
    expect(admit(3, [budget(10)], before)).toMatchObject([admitted]);
    expect(admit(4, [budget(10)], before)).toEqual(exceeded(10, 7));
  });

  it('meets the tightest cap: of the person, the environment or the organization', () => {
    const before = [recorded({ ...place, ...spend(5) }), recorded({ userId: 'bob', ...spend(5) })];
    const person = budget(6, { userId: 'ann' });
    const environment = budget(6, { environmentId: 'live' });
    expect(admit(2, [budget(100), person], before)).toEqual(exceeded(6, 5));
    expect(admit(2, [budget(100), environment], before)).toEqual(exceeded(6, 5));
    expect(admit(2, [budget(11), budget(100, { userId: 'ann' })], before)).toEqual(exceeded(11, 10));
    expect(admit(1, [budget(11), person, environment], before)).toMatchObject([admitted]);
    const other = decided('AdmitUsage', { lines: [{ userId: 'bob', ...spend(2) }] }, [budget(100), person], before);
    expect(other).toMatchObject([admitted]);
  });

  it('counts over the day, the month or for good', () => {
    const before = [
      { type: 'UsageRecorded', data: { lines: [{ day: '2025-12-31', ...spend(8) }] } } as UsageEvent,
      recorded(spend(1)),
    ];
    expect(admit(2, [budget(10, {}, 'month')], before)).toMatchObject([admitted]);
    expect(admit(2, [budget(10, {}, 'day')], before)).toMatchObject([admitted]);
    expect(admit(2, [budget(10, {}, 'total')], before)).toEqual(exceeded(10, 9));
  });

  it('counts in the currency of the budget, and a begun unit as one', () => {
    const usd = [recorded({ cost: { thousandths: 99_000, currency: 'USD' } })];
    expect(admit(10, [budget(10)], usd)).toMatchObject([admitted]);
    expect(admit(10, [budget(10)], [recorded({ cost: { thousandths: 1, currency: 'EUR' } })])).toEqual(exceeded(10, 1));
  });

  it('runs are bound by the plan, each month anew (R-M17)', () => {
    const runs = (count: number, before: readonly UsageEvent[]) =>
      decided('AdmitUsage', { lines: [{ runs: count }] }, [starter], before);
    expect(runs(1000, [])).toMatchObject([admitted]);
    expect(runs(2, [recorded({ runs: 999 })])).toEqual(exceeded(1000, 999, 'runsPerMonth'));
    const last = { type: 'UsageRecorded', data: { lines: [{ day: '2025-12-31', runs: 1000 }] } } as UsageEvent;
    expect(runs(1, [last])).toMatchObject([admitted]);
  });

  it("under the organization's own key is bound by the provider alone (C24)", () => {
    const byok = { ...place, ...spend(50), credits: 5, byok: true };
    expect(decided('AdmitUsage', { lines: [byok] }, [budget(10)])).toMatchObject([admitted]);
    expect(admit(10, [budget(10)], [recorded(byok)])).toMatchObject([admitted]);
  });

  it('is of no suspended organization', () => {
    expect(admit(1, [{ type: 'OrgSuspended', data: {} }], [])).toEqual({ refused: 'org_suspended' });
  });
});

describe('a budget of a person (G24)', () => {
  it('stands beside the others, and is of one place', async () => {
    const { budgets } = fold('org', [created, live, added, budget(1), budget(2, { userId: 'ann' })]).settings ?? {};
    expect(Object.keys(budgets ?? {})).toEqual(['', 'user/ann']);
    const { orgCommands } = await import('../org/decisions.js');
    const both = { amount: 1, currency: 'EUR', period: 'day', environmentId: 'live', userId: 'ann' };
    expect(orgCommands.SetBudget.safeParse(both).success).toBe(false);
  });
});
