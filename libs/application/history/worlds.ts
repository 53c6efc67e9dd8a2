import { LRUCache } from 'lru-cache';
import type { Resource } from '#libs/domain/access/bindings.js';
import type { UserDocument } from '#libs/domain/access/documents.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import type { RealmState } from '#libs/domain/realm/state.js';
import { noRealm } from '#libs/domain/realm/realm.js';
import { atMost } from '../at-most.js';
import { emptyFold, type Folded } from '../fold.js';
import type { Folds } from '../folds.js';
import { meta } from '../metadata.js';
import type { EventStore } from '../ports/event-store.js';
import { streamOf } from '../streams.js';
import type { ClaimBearers } from './claim-bearers.js';
import { type AskedMoment, type HistoryMoment, momentOf, type NoMoment, upToOf } from './moments.js';
import { Span, type World } from './span.js';
import { type Documents, type Step, stepsOf } from './steps.js';

/** Streams of people read at once. */
const AT_ONCE = 16;
const KNOWN_REALMS = 100_000;

/** Reads from the log what decided on access in an organization: as it was at a moment, and how it changed between two. */
export class Worlds {
  /** By person. */
  private readonly realms = new LRUCache<string, string>(atMost(KNOWN_REALMS));

  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    private readonly claimBearers: ClaimBearers,
  ) {}

  /** Undefined where it cannot be told in time of whom claims were observed. */
  async at(realmId: string, { org, at }: HistoryMoment): Promise<World | undefined> {
    const people = await this.people(realmId, at);
    if (people === undefined) return undefined;
    const { folded } = await this.folds.past('realm', realmId, { instant: at });
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
    const upTo = upToOf(asked, now);
    if (upTo === 'future') return 'future';
    const { instant, revision } = asked;
    if ((revision ?? from.org.revision) < from.org.revision || (instant ?? from.at) < from.at) return 'reversed';
    const { steps, folded, accepted } = await stepsOf(this.store, streamOf('org', orgId), 'org', from.org, upTo);
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
    const upTo = { instant: to.at };
    const { folded: realm } = await this.folds.past('realm', realmId, { instant: from.at });
    const ofRealm = await stepsOf(this.store, streamOf('realm', realmId), 'realm', realm, upTo);
    const ofPeople = await inParts(people, ({ id, before }) =>
      stepsOf(this.store, streamOf('user', id), 'user', before, upTo),
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
    const upTo = { instant: at };
    const bears = ({ org, members, environments }: Documents) =>
      org !== undefined ||
      members?.has(principal) === true ||
      (resource.kind === 'environment' && environments?.has(resource.environmentId) === true);
    const [ofOrg, ofRealm, ofUser] = await Promise.all([
      stepsOf(store, streamOf('org', orgId), 'org', emptyFold('org'), upTo, bears),
      stepsOf(store, streamOf('realm', realmId), 'realm', emptyFold('realm'), upTo),
      stepsOf(store, streamOf('user', principal), 'user', emptyFold('user'), upTo),
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
    const { folded: before } = await this.folds.past('user', id, { instant: at });
    return { id, before, ofRealm: (await this.realmOf(id)) === realmId };
  }

  /** A person is of one realm: that of their first event. */
  private async realmOf(id: string): Promise<string | undefined> {
    const known = this.realms.get(id);
    if (known !== undefined) return known;
    for await (const [first] of this.store.read(streamOf('user', id), 0n, 1)) {
      const realm = first?.metadata[meta.realm];
      if (realm !== undefined) this.realms.set(id, realm);
      return realm;
    }
    return undefined;
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

async function inParts<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE)
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(read))));
  return results;
}
