import type { Resource } from '#libs/domain/access/bindings.js';
import type { UserDocument } from '#libs/domain/access/documents.js';
import { type Category, initialState } from '#libs/domain/aggregates.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import { noRealm, type RealmState } from '#libs/domain/realm/realm.js';
import type { Folded, Folds } from '../folds.js';
import { meta } from '../metadata.js';
import type { EventStore } from '../ports/event-store.js';
import { streamOf } from '../streams.js';
import type { ClaimBearers } from './claim-bearers.js';
import { type AskedMoment, byInstant, type HistoryMoment, momentOf, type NoMoment, untilOf } from './moments.js';
import { Span, type World } from './span.js';
import { type Documents, type Step, stepsOf } from './steps.js';

/** Streams of people read at once. */
const AT_ONCE = 16;

/** Reads from the log what decided on access in an organization: as it was at a moment, and how it changed between two. */
export class Worlds {
  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    private readonly claimBearers: ClaimBearers,
  ) {}

  /** Undefined where it cannot be told in time of whom claims were observed. */
  async at(realmId: string, { org, at }: HistoryMoment): Promise<World | undefined> {
    const people = await this.people(realmId, at);
    if (people === undefined) return undefined;
    const { folded } = await this.folds.past('realm', realmId, byInstant(at));
    const users = people.flatMap(({ before }) => before.state.user ?? []);
    return world(at, org.state, folded.state, users, people);
  }

  /** The organization's steps from one moment to a later one that is asked for. */
  async onwards(
    orgId: string,
    from: HistoryMoment,
    asked: AskedMoment,
    now: number,
  ): Promise<{ readonly to: HistoryMoment; readonly steps: readonly Step[] } | NoMoment | 'reversed'> {
    const until = untilOf(asked, now);
    if (until === 'future') return 'future';
    const { instant, revision } = asked;
    if ((revision ?? from.org.revision) < from.org.revision || (instant ?? from.at) < from.at) return 'reversed';
    const { steps, folded, accepted } = await stepsOf(this.store, streamOf('org', orgId), 'org', from.org, until);
    const to = momentOf(folded, accepted, asked, now);
    if (typeof to === 'string') return to;
    return to.at < from.at ? 'reversed' : { to, steps };
  }

  /** All that changed from one moment to the other, given the organization's own steps; undefined as above. */
  async between(
    realmId: string,
    from: HistoryMoment,
    to: HistoryMoment,
    ofOrg: readonly Step[],
  ): Promise<Span | undefined> {
    const people = await this.people(realmId, from.at);
    if (people === undefined) return undefined;
    const until = byInstant(to.at);
    const { folded: realm } = await this.folds.past('realm', realmId, byInstant(from.at));
    const ofRealm = await stepsOf(this.store, streamOf('realm', realmId), 'realm', realm, until);
    const ofPeople = await inParts(people, ({ id, before }) =>
      stepsOf(this.store, streamOf('user', id), 'user', before, until),
    );
    const before = people.flatMap((person) => person.before.state.user ?? []);
    const after = ofPeople.flatMap(({ folded }) => folded.state.user ?? []);
    return new Span(
      world(from.at, from.org.state, realm.state, before, people),
      world(to.at, to.org.state, ofRealm.folded.state, after, people),
      [...ofOrg, ...ofRealm.steps, ...ofPeople.flatMap(({ steps }) => steps)],
    );
  }

  /** All that ever bore on one principal's access to one resource, up to an instant. */
  async lifeOf(
    realmId: string,
    orgId: string,
    { principal, resource }: { readonly principal: string; readonly resource: Resource },
    at: number,
  ): Promise<{ readonly span: Span; readonly moment: HistoryMoment }> {
    const { store } = this;
    const until = byInstant(at);
    const bears = ({ org, members, environments }: Documents) =>
      org !== undefined ||
      members?.has(principal) === true ||
      (resource.kind === 'environment' && environments?.has(resource.environmentId) === true);
    const [ofOrg, ofRealm, ofUser] = await Promise.all([
      stepsOf(store, streamOf('org', orgId), 'org', emptyFold('org'), until, bears),
      stepsOf(store, streamOf('realm', realmId), 'realm', emptyFold('realm'), until),
      stepsOf(store, streamOf('user', principal), 'user', emptyFold('user'), until),
    ]);
    const { user } = ofUser.folded.state;
    const span = new Span(
      world(Number.NEGATIVE_INFINITY, noOrg, noRealm, [], []),
      world(at, ofOrg.folded.state, ofRealm.folded.state, user === undefined ? [] : [user], []),
      [...ofOrg.steps, ...ofRealm.steps, ...ofUser.steps],
    );
    return { span, moment: { org: ofOrg.folded, at } };
  }

  /** Everyone of whom claims were observed, as they were at the instant, with the realm that they are of. */
  private async people(realmId: string, at: number): Promise<readonly Person[] | undefined> {
    const ids = await this.claimBearers.all();
    return ids && inParts(ids, (id) => this.person(realmId, id, at));
  }

  private async person(realmId: string, id: string, at: number): Promise<Person> {
    let realm: string | undefined;
    const until = byInstant(at);
    const { folded: before } = await this.folds.past('user', id, (event) => {
      realm ??= event.metadata[meta.realm];
      return until(event);
    });
    return { id, before, ofRealm: realm === realmId };
  }
}

interface Person {
  readonly id: string;
  readonly before: Folded<'user'>;
  readonly ofRealm: boolean;
}

function world(
  at: number,
  org: OrgState,
  { realm }: RealmState,
  users: readonly UserDocument[],
  people: readonly Person[],
): World {
  const claimants = people.filter(({ ofRealm }) => ofRealm).map(({ id }) => id);
  return { at, org, realm, users: new Map(users.map((user) => [user.id, user])), claimants };
}

const emptyFold = <C extends Category>(category: C): Folded<C> => ({
  state: initialState(category),
  revision: -1n,
  position: undefined,
  occurredAt: '',
});

async function inParts<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE)
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(read))));
  return results;
}
