import { activityEvents, activityEvolutions, type ActivityState, noActivity } from './activity/activity.js';
import type { DocumentKey, Stamp } from './event.js';
import { orgEvents, orgEvolutions } from './org/events.js';
import { noOrg, type OrgState } from './org/org.js';
import { realmEvents, realmEvolutions } from './realm/events.js';
import type { RealmState } from './realm/state.js';
import { noRealm } from './realm/realm.js';
import { noUsage, usageEvents, usageEvolutions, type UsageState } from './usage/usage.js';
import { noUser, userEvents, userEvolutions, type UserState } from './user/user.js';

export interface StateByCategory {
  org: OrgState;
  user: UserState;
  realm: RealmState;
  activity: ActivityState;
  usage: UsageState;
}
export type Category = keyof StateByCategory;

/** An event as folding takes it: what the store holds, decoded. */
export interface FoldedEvent {
  readonly type: string;
  readonly data: unknown;
  readonly stamp: Stamp;
}

/** The event came from a newer build: a reader waits for an upgrade instead of passing over it. */
export class UnknownEventType extends Error {
  override readonly name = 'UnknownEventType';
  constructor(
    category: string,
    readonly type: string,
  ) {
    super(`this build does not know the ${category} event ${type}; upgrade it before it reads on`);
  }
}

type AnyEvolution = {
  touches(data: unknown): readonly DocumentKey[];
  evolve(state: unknown, data: unknown, stamp: Stamp): unknown;
};

const aggregates = {
  org: { initial: noOrg, evolutions: orgEvolutions, schemas: orgEvents },
  user: { initial: noUser, evolutions: userEvolutions, schemas: userEvents },
  realm: { initial: noRealm, evolutions: realmEvolutions, schemas: realmEvents },
  activity: { initial: noActivity, evolutions: activityEvolutions, schemas: activityEvents },
  usage: { initial: noUsage, evolutions: usageEvolutions, schemas: usageEvents },
} as const;

export const eventSchemas = {
  org: orgEvents,
  user: userEvents,
  realm: realmEvents,
  activity: activityEvents,
  usage: usageEvents,
} as const;

export const initialState = <C extends Category>(category: C): StateByCategory[C] =>
  aggregates[category].initial as StateByCategory[C];

export const isCategory = (name: string): name is Category => Object.hasOwn(aggregates, name);

/** The events of one stream up to any point, folded in order. Throws UnknownEventType. */
export function evolve<C extends Category>(
  category: C,
  state: StateByCategory[C],
  event: FoldedEvent,
): StateByCategory[C] {
  // Stored data was parsed by its schema when it was appended, so the pairing of type and data holds.
  return evolutionOf(category, event.type).evolve(state, event.data, event.stamp) as StateByCategory[C];
}

/** The documents that the event reads or writes when it evolves. Throws UnknownEventType. */
export function touches(category: Category, event: FoldedEvent): readonly DocumentKey[] {
  return evolutionOf(category, event.type).touches(event.data);
}

function evolutionOf(category: Category, type: string): AnyEvolution {
  const { evolutions } = aggregates[category];
  if (!Object.hasOwn(evolutions, type)) throw new UnknownEventType(category, type);
  return evolutions[type as keyof typeof evolutions] as AnyEvolution;
}
