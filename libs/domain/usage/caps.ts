import { type Budget, own } from '../access/documents.js';
import type { Refusal } from '../decision.js';
import { type BudgetPlace, placeOfBudget } from '../org/budgets.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { environmentScope, type Meter, meterKey, monthOf, userScope } from './meters.js';

/** What bounds the use of an organization, of one of its environments, or of a person: a budget, or a limit of the plan. */
export interface Cap extends BudgetPlace {
  /** `budget`, `runsPerMonth` or `creditsPerMonth`. */
  readonly limited: string;
  readonly limit: number;
  readonly meter: Meter;
  /** How many of the meter's units are one of the limit's: budgets are in minor units. */
  readonly per: number;
  /** Of a budget. */
  readonly currency?: string;
}

/** What caps follow from; all of it stands in the organization's own stream. */
export interface Capped {
  readonly plan: string | undefined;
  readonly budgets: Readonly<Record<string, Budget>>;
  readonly scheme: CompiledScheme;
}

const monthly = { runsPerMonth: 'runs', creditsPerMonth: 'credits' } as const;

/** Every cap of the organization on that day, the narrowest first: people's, environments', its own, its plan's. */
export function capsOf({ plan, budgets, scheme }: Capped, day: string): readonly Cap[] {
  const ofBudgets = Object.entries(budgets).map(([key, budget]) => capOf(placeOfBudget(key), budget, day));
  const limits = plan === undefined ? {} : (own(scheme.document.plans, plan) ?? {});
  const ofPlan = Object.entries(monthly).flatMap(([limited, measure]): Cap[] => {
    const limit = own(limits, limited) ?? null;
    return limit === null ? [] : [{ limited, limit, meter: { scope: '', period: monthOf(day), measure }, per: 1 }];
  });
  return [...ofBudgets.sort((a, b) => breadth(a) - breadth(b)), ...ofPlan];
}

function capOf(place: BudgetPlace, { amount, currency, period }: Budget, day: string): Cap {
  const { userId, environmentId } = place;
  const scope =
    userId === undefined ? (environmentId === undefined ? '' : environmentScope(environmentId)) : userScope(userId);
  const over = { day, month: monthOf(day), total: 'total' }[period];
  const meter = { scope, period: over, measure: `cost/${currency}` };
  return { limited: 'budget', limit: amount, meter, per: 1000, currency, ...place };
}

const breadth = ({ userId, environmentId }: Cap): number =>
  userId !== undefined ? 0 : environmentId !== undefined ? 1 : 2;

/** Whether the cap bears on what a person does in an environment. */
export const bearsOn = (cap: Cap, { userId, environmentId }: BudgetPlace): boolean =>
  (cap.userId === undefined || cap.userId === userId) &&
  (cap.environmentId === undefined || cap.environmentId === environmentId);

/** In the limit's own units, a begun one counts. */
export const usedOf = ({ meter, per }: Cap, values: ReadonlyMap<string, number>): number =>
  Math.ceil((values.get(meterKey(meter)) ?? 0) / per);

/** Nothing is left: the tightest cap wins, whatever the wider ones still allow. */
export const isReached = (cap: Cap, values: ReadonlyMap<string, number>): boolean =>
  (values.get(meterKey(cap.meter)) ?? 0) >= cap.limit * cap.per;

/** The first cap that would be passed by what is added; what is at its cap already may go on where it adds nothing. */
export function capFault(
  caps: readonly Cap[],
  values: ReadonlyMap<string, number>,
  adding: ReadonlyMap<string, { readonly adding: number }>,
): Refusal | undefined {
  for (const cap of caps) {
    const key = meterKey(cap.meter);
    const more = adding.get(key)?.adding ?? 0;
    if (more === 0 || (values.get(key) ?? 0) + more <= cap.limit * cap.per) continue;
    return {
      refused: 'limit_exceeded',
      exceeded: { limited: cap.limited, limit: cap.limit, usage: usedOf(cap, values) },
    };
  }
  return undefined;
}
