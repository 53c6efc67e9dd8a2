import { type Category, evolve, type StateByCategory, touches } from '#libs/domain/aggregates.js';
import type {
  EnvironmentDocument,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import { principalOf } from '#libs/domain/access/machines.js';
import { holderIn, type OrgState } from '#libs/domain/org/org.js';
import type { Folded } from '../fold.js';
import { endsCommand, required } from '../metadata.js';
import type { EventStore, Position, StoredEvent } from '../ports/event-store.js';
import { accepts, type UpTo } from '../up-to.js';
import { causeOf, type EventCause } from './cause.js';

/** One event that may bear on access, with the documents as it left them; those that it left alone are absent. */
export interface Step {
  readonly at: number;
  readonly position: Position;
  readonly cause: EventCause;
  readonly realm?: RealmDocument | undefined;
  readonly user?: UserDocument | undefined;
  readonly org?: OrgDocument | undefined;
  readonly members?: ReadonlyMap<string, MemberDocument | undefined> | undefined;
  readonly environments?: ReadonlyMap<string, EnvironmentDocument | undefined> | undefined;
}

export type Documents = Omit<Step, 'at' | 'position' | 'cause'>;

export interface Steps<C extends Category> {
  readonly steps: readonly Step[];
  readonly folded: Folded<C>;
  /** The last revision that was accepted: beyond the folded one where it is in the middle of a command. */
  readonly accepted: bigint;
}

/**
 * Folds a stream on from where `from` stands, by whole commands and as far as is asked for. Each event that changed
 * what bears on access, and that `wanted` asks for, is a step.
 */
export async function stepsOf<C extends Category>(
  store: EventStore,
  stream: string,
  category: C,
  from: Folded<C>,
  upTo: UpTo,
  wanted: (documents: Documents) => boolean = () => true,
): Promise<Steps<C>> {
  const steps: Step[] = [];
  let folded = from;
  let accepted = from.revision;
  let command: StoredEvent[] = [];
  const fold = (event: StoredEvent) => {
    const advanced = advance(category, folded, event);
    if (advanced.step !== undefined && wanted(advanced.step)) steps.push(advanced.step);
    folded = advanced.folded;
  };
  for await (const page of store.read(stream, from.revision + 1n))
    for (const event of page) {
      if (!accepts(upTo, event)) return { steps, folded, accepted };
      accepted = event.revision;
      command.push(event);
      if (!endsCommand(event.metadata)) continue;
      command.forEach(fold);
      command = [];
    }
  return { steps, folded, accepted };
}

/** The fold after the event; and the step, where it changed what bears on access. */
export function advance<C extends Category>(
  category: C,
  before: Folded<C>,
  event: StoredEvent,
): { readonly folded: Folded<C>; readonly step: Step | undefined } {
  const { id, type, data, revision, position } = event;
  const occurredAt = required(event.metadata, 'occurredAt');
  const taken = { type, data, stamp: { id, revision, occurredAt } };
  const state = evolve(category, before.state, taken);
  const documents = changed[category](before.state, state, () => touches(category, taken));
  const step = documents && { at: Date.parse(occurredAt), position, cause: causeOf(event), ...documents };
  return { folded: { state, revision, position, occurredAt, eventId: id }, step };
}

type Changed<State> = (before: State, after: State, touched: () => ReturnType<typeof touches>) => Documents | undefined;

const changed: { readonly [C in Category]: Changed<StateByCategory[C]> } = {
  org: (before, after, touched) => (before === after ? undefined : ofOrg(before, after, touched())),
  user: ({ user: before }, { user: after }) => (before?.claims === after?.claims ? undefined : { user: after }),
  realm: ({ realm: before }, { realm: after }) => (before === after ? undefined : { realm: after }),
  activity: () => undefined,
  usage: () => undefined,
};

function ofOrg(before: OrgState, after: OrgState, touched: ReturnType<typeof touches>): Documents | undefined {
  const members = new Map<string, MemberDocument | undefined>();
  const environments = new Map<string, EnvironmentDocument | undefined>();
  for (const { kind, id } of touched) {
    const [held, holds] = [before.members.get(id), after.members.get(id)];
    if (kind === 'member' && held !== holds && withoutKeys(held) !== withoutKeys(holds)) members.set(id, holds);
    if (kind === 'service' || kind === 'workflow') {
      const principal = principalOf({ kind, orgId: after.org.id, id });
      const holder = holderIn(after, principal);
      if (JSON.stringify(holderIn(before, principal)) !== JSON.stringify(holder)) members.set(principal, holder);
    }
    if (kind !== 'environment') continue;
    const document = after.environments.get(id);
    if (bearing(before.environments.get(id)) !== bearing(document)) environments.set(id, document);
  }
  const documents = {
    ...(bearing(before.org) === bearing(after.org) ? {} : { org: after.org }),
    ...(members.size === 0 ? {} : { members }),
    ...(environments.size === 0 ? {} : { environments }),
  };
  return Object.keys(documents).length === 0 ? undefined : documents;
}

/** Keys say who asks, not what that person may do. */
const withoutKeys = (member: MemberDocument | undefined): string =>
  JSON.stringify(member && { ...member, apiKeys: undefined }) ?? '';

/** Fields that no decision reads. A field that is added later counts as one that decisions read, until it is named here. */
const irrelevant = new Set([
  ...['name', 'models', 'ownerId', 'holders', 'suspendedHolders', 'voidedClaims', 'evidence'],
  ...['plan', 'transferRequest'],
]);

const bearing = (document: object | undefined): string =>
  JSON.stringify(document && Object.entries(document).filter(([name]) => !irrelevant.has(name))) ?? '';
