import type { OAuthConnection } from '#libs/domain/access/documents.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { EventStore } from '../../ports/event-store.js';
import { streamOf } from '../../streams.js';
import type { EventCause } from '../cause.js';
import type { AskedMoment, HistoryMoment, Moments, NoMoment } from '../moments.js';
import type { Span } from '../span.js';
import { environmentsOf } from '../state.js';
import type { Step } from '../steps.js';
import type { Worlds } from '../worlds.js';
import { breakGlassAmong, breakGlassRole } from './break-glass.js';
import { keysIn, type ReviewedKey } from './keys.js';
import { type Movement, movementsIn } from './movements.js';
import { ReviewedPeople, type ReviewedPerson } from './people.js';
import { causesIn, connectionKey, evidenceOfRealm, type Records, recordsIn } from './records.js';

export type Unreviewed =
  | { readonly kind: 'stale' }
  | { readonly kind: NoMoment | 'reversed'; readonly moment: 'since' | 'at' };

/** A connection by which an environment acts elsewhere, and when it was made. */
export interface ReviewedConnection extends OAuthConnection {
  readonly environmentId: string;
  readonly id: string;
  readonly connected: EventCause;
}

/** Who held what in an organization at a moment, and what changed in a window before it, each with its events. */
export interface Review {
  readonly kind: 'answered';
  readonly since: HistoryMoment;
  readonly at: HistoryMoment;
  /** The role that an allowlist gives for emergencies; undefined where the scheme has none. */
  readonly breakGlassRole: string | undefined;
  /** Events of the window that somebody made by that role. */
  readonly breakGlass: readonly EventCause[];
  readonly connections: readonly ReviewedConnection[];
  /** Keys that were accepted at that moment. */
  readonly keys: readonly ReviewedKey[];
  /** In the order of their ids; computed anew for each reader, page by page. */
  people(): AsyncIterable<readonly ReviewedPerson[]>;
  movements(): Iterable<Movement>;
}

/** Reads all of a review that grows with the log; what grows with people alone is computed as it is read. */
export class Reviews {
  constructor(
    private readonly store: EventStore,
    private readonly moments: Moments,
    private readonly worlds: Worlds,
  ) {}

  async of(
    realmId: string,
    orgId: string,
    asked: { readonly since: AskedMoment; readonly at: AskedMoment },
    now: number,
  ): Promise<Review | Unreviewed> {
    const since = await this.moments.resolve(orgId, asked.since, now);
    if (typeof since === 'string') return { kind: since, moment: 'since' };
    const onwards = await this.worlds.onwards(orgId, since, asked.at, now);
    if (typeof onwards === 'string') return { kind: onwards, moment: 'at' };
    const { to: at, steps } = onwards;
    const span = await this.worlds.between(realmId, since, at, steps);
    return span === undefined ? { kind: 'stale' } : this.reviewed(realmId, orgId, { since, at }, span, steps);
  }

  private async reviewed(
    realmId: string,
    orgId: string,
    { since, at }: Pick<Review, 'since' | 'at'>,
    span: Span,
    steps: readonly Step[],
  ): Promise<Review> {
    const { store } = this;
    const { org, realm } = span.to;
    const reference = org.org.status === 'none' ? realm?.scheme : org.org.scheme;
    const scheme = reference && schemeOf(reference, realm);
    const role = scheme && breakGlassRole(scheme);
    const window = { upTo: at.org.revision, after: since.org.revision };
    const records = await recordsIn(store, { orgId, state: org, role, ...window });
    if (realm !== undefined)
      for (const cause of await causesIn(store, streamOf('realm', realmId), evidenceOfRealm(realm), span.to.at))
        records.causes.set(cause.id, cause);
    return {
      kind: 'answered',
      since,
      at,
      breakGlassRole: role,
      breakGlass: scheme ? await breakGlassAmong(store, scheme, realmId, records.actedAs, span.to.at) : [],
      connections: connectionsIn(span, records),
      keys: keysIn(span.to, records.keys),
      people: () => new ReviewedPeople(store, span.to, records.causes).pages(),
      movements: () => movementsIn(span, steps, records.invitations),
    };
  }
}

const connectionsIn = ({ to }: Span, { connections }: Records): readonly ReviewedConnection[] =>
  environmentsOf(to).flatMap(({ id: environmentId, oauthConnections = {} }) =>
    Object.entries(oauthConnections).flatMap(([id, connection]) => {
      const connected = connections.get(connectionKey(environmentId, id));
      return connected === undefined ? [] : [{ ...connection, environmentId, id, connected }];
    }),
  );
