import { z } from 'zod';
import { principalId, slug } from '../text.js';

/** What a budget is of: a person, an environment, or the organization as a whole where neither is named. */
export interface BudgetPlace {
  readonly userId?: string | undefined;
  readonly environmentId?: string | undefined;
}

const OF_USER = 'user/';

/** The name under which the budget stands among the organization's: no id of an environment has a slash. */
export const budgetKey = ({ userId, environmentId }: BudgetPlace): string =>
  userId === undefined ? (environmentId ?? '') : `${OF_USER}${userId}`;

export function placeOfBudget(key: string): BudgetPlace {
  if (key === '') return {};
  return key.startsWith(OF_USER) ? { userId: key.slice(OF_USER.length) } : { environmentId: key };
}

/** As commands and events name it. */
export const budgetPlace = z.strictObject({ environmentId: slug.optional(), userId: principalId.optional() });

export const isOnePlace = ({ userId, environmentId }: BudgetPlace): boolean =>
  userId === undefined || environmentId === undefined;
