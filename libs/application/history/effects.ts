import { permit } from '#libs/domain/access/permit.js';
import type { EnvironmentDocument } from '#libs/domain/access/documents.js';
import { limitsOf } from '#libs/domain/org/limits.js';
import { holderIn, type OrgState } from '#libs/domain/org/org.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { PlatformFacts } from '../authorize.js';
import { factsOf } from '../facts.js';
import type { Planned } from '../outcome.js';
import { type AccessChange, changesIn } from './diff.js';
import { Span, type World } from './span.js';
import { advance, type Step } from './steps.js';

/** Of so many principals effects are told, and of so many changes: beyond that, only that there are more. */
const MAX_PRINCIPALS = 100;
const MAX_CHANGES = 500;

/** What a plan limits, before and after; a limit of `null` allows any number. */
export interface LimitMove {
  readonly limited: string;
  readonly limit: Move<number | null>;
  readonly usage: Move<number>;
}

interface Move<Value> {
  readonly before: Value;
  readonly after: Value;
}

export interface ToldEffects {
  readonly kind: 'told';
  readonly changes: readonly AccessChange[];
  readonly limits: readonly LimitMove[];
  /** Whether there are more changes than were told. */
  readonly more: boolean;
  /** Environments that the changes name, and others. */
  readonly environments: ReadonlyMap<string, EnvironmentDocument>;
}

/**
 * `denied`: the caller may not read about the access of others. `stale`: the read models are too far behind to tell all.
 * `realm`: they are not those in one organization.
 */
export type Effects =
  | ToldEffects
  | { readonly kind: 'denied' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'realm' };

export const noEffects: Effects = { kind: 'told', changes: [], limits: [], more: false, environments: new Map() };

/** The organization after events that were not appended, with what they change that bears on access. */
export function foldedOnto({ onto, events }: Planned): { readonly state: OrgState; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  let folded = onto;
  for (const event of events) {
    const advanced = advance('org', folded, event);
    if (advanced.step !== undefined) steps.push(advanced.step);
    folded = advanced.folded;
  }
  return { state: folded.state, steps };
}

/** What would change in the world by that: access, as a diff of history tells it, and the plan's limits. */
export function effectsOf(before: World, { state, steps }: ReturnType<typeof foldedOnto>): Effects {
  const span = new Span(before, { ...before, org: state }, steps);
  const byPrincipal = changesIn(span, { after: undefined, limit: MAX_PRINCIPALS + 1 });
  const changes = byPrincipal.slice(0, MAX_PRINCIPALS).flat();
  return {
    kind: 'told',
    changes: changes.slice(0, MAX_CHANGES),
    limits: movesBetween(before, state),
    more: byPrincipal.length > MAX_PRINCIPALS || changes.length > MAX_CHANGES,
    environments: new Map(state.environments.entries()),
  };
}

/**
 * Whether effects are told to the one who asks: to whom a diff of history would be, and those of a move to another scheme to
 * whoever may make it, who could not judge it otherwise. That is decided before the command, as it may be one that gives the right;
 * where it creates the organization, only its first state can tell.
 */
export function mayBeTold(
  { onto, events }: Planned,
  after: OrgState,
  { realm, user }: PlatformFacts,
  asker: string,
  at: number,
): boolean {
  const state = onto.state.org.status === 'active' ? onto.state : after;
  const { org } = state;
  const facts = factsOf(realm.state.realm, user.state.user, org, holderIn(state, asker), undefined);
  const resource = { kind: 'org', orgId: org.id } as const;
  const isMove = events.every(({ type }) => type === 'OrgSchemeChanged');
  const telling = [...(isMove ? (['org:change-scheme'] as const) : []), 'audit:read'] as const;
  return telling.some(
    (permission) => facts !== undefined && permit(facts, { principal: asker, permission, resource, at }).allowed,
  );
}

/** Limits of which the usage or the limit itself moves, where there is one before or after. */
function movesBetween({ org: before, realm, at }: World, after: OrgState): readonly LimitMove[] {
  const { scheme: pinned } = before.org.status === 'none' ? after.org : before.org;
  const earlier = new Map(limitsOf(before, schemeOf(pinned, realm), at).map((each) => [each.limited, each]));
  return limitsOf(after, schemeOf(after.org.scheme, realm), at).flatMap(({ limited, limit, usage }) => {
    const was = earlier.get(limited) ?? { limit: null, usage: 0 };
    if ((limit === null && was.limit === null) || (limit === was.limit && usage === was.usage)) return [];
    return [{ limited, limit: { before: was.limit, after: limit }, usage: { before: was.usage, after: usage } }];
  });
}
