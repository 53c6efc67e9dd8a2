import type { RecordedLine } from './usage.js';

/** A number that caps are compared with: of whom, over which time, of what. */
export interface Meter {
  /** Empty for the organization as a whole; `environment/<id>` or `user/<id>`. */
  readonly scope: string;
  /** A day, a month as `2026-11`, or `total`. By UTC. */
  readonly period: string;
  /** `runs`, `credits`, or `cost/EUR` in thousandths of the minor unit. */
  readonly measure: string;
}

export const meterKey = ({ scope, period, measure }: Meter): string => `${scope} ${period} ${measure}`;

export const monthOf = (day: string): string => day.slice(0, 7);
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const environmentScope = (id: string): string => `environment/${id}`;
export const userScope = (id: string): string => `user/${id}`;

/** What the lines add to which meters; meters that nothing compares with are not kept. */
export function metered(lines: readonly RecordedLine[]): Map<string, Meter & { readonly adding: number }> {
  const meters = new Map<string, Meter & { readonly adding: number }>();
  const add = (scope: string, period: string, measure: string, adding: number) => {
    if (adding === 0) return;
    const key = meterKey({ scope, period, measure });
    meters.set(key, { scope, period, measure, adding: (meters.get(key)?.adding ?? 0) + adding });
  };
  for (const { day, userId, environmentId, runs = 0, credits = 0, cost, byok } of lines) {
    add('', monthOf(day), 'runs', runs);
    if (byok === true) continue;
    for (const period of [monthOf(day), 'total']) add('', period, 'credits', credits);
    if (cost === undefined) continue;
    const scopes = [
      '',
      ...(environmentId === undefined ? [] : [environmentScope(environmentId)]),
      ...(userId === undefined ? [] : [userScope(userId)]),
    ];
    for (const scope of scopes)
      for (const period of [day, monthOf(day), 'total']) add(scope, period, `cost/${cost.currency}`, cost.thousandths);
  }
  return meters;
}
