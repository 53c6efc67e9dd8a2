import { isOfRealm } from '#libs/domain/access/documents.js';
import type { Resource, Session } from '#libs/domain/access/bindings.js';
import { machineOf } from '#libs/domain/access/machines.js';
import { guestIn, holderIn, type OrgState } from '#libs/domain/org/org.js';
import type { RealmState } from '#libs/domain/realm/state.js';
import { mayKnow } from './authorize.js';
import { sessionOf } from './caller.js';
import { factsOf, type Moment, stampOf } from './facts.js';
import type { Folded } from './fold.js';
import type { Folds } from './folds.js';
import type { Asked } from './needed-documents.js';
import type { Asker } from './present.js';
import type { UpTo } from './up-to.js';

/** An organization and its realm as they were, folded once for any number of questions. */
export class PastFacts {
  private readonly users = new Map<string, Promise<Folded<'user'>>>();

  constructor(
    private readonly folds: Folds,
    readonly realm: RealmState,
    private readonly org: Folded<'org'> | undefined,
    readonly at: number,
    private readonly session: Session | undefined,
  ) {}

  get state(): OrgState | undefined {
    return this.org?.state;
  }

  /** Undefined where the realm did not exist then. Reads the person's stream, once. */
  async of({ principal, resource }: Asked): Promise<Moment | undefined> {
    if (machineOf(principal) !== undefined) return this.withoutClaims({ principal, resource });
    const reading = this.users.get(principal) ?? this.folds.past('user', principal, { instant: this.at }).then(whole);
    this.users.set(principal, reading);
    return this.moment(principal, resource, await reading);
  }

  /** The same without what the person's own stream says: for questions on which no claim of theirs bears. */
  withoutClaims({ principal, resource }: Asked): Moment | undefined {
    return this.moment(principal, resource, undefined);
  }

  private moment(principal: string, resource: Resource, user: Folded<'user'> | undefined): Moment | undefined {
    const { org, realm, at } = this;
    const environmentId = resource.kind === 'environment' ? resource.environmentId : undefined;
    const facts = factsOf(
      realm.realm,
      user?.state.user,
      org?.state.org,
      org && heldIn(org.state, { principal, resource }),
      environmentId === undefined ? undefined : org?.state.environments.get(environmentId),
    );
    return (
      facts && { facts: { ...facts, session: this.session }, at, stamp: stampOf(org?.revision, org?.position, at) }
    );
  }
}

const heldIn = (state: OrgState, { principal, resource }: Asked) =>
  resource.kind === 'personal_environment' ? guestIn(state, principal, resource.ownerId) : holderIn(state, principal);

/** Facts as they were: every stream that bears on the question, folded up to the same instant. */
export class Past {
  constructor(private readonly folds: Folds) {}

  /** `future` for a revision that does not exist yet. */
  async facts(asker: Asker, orgId: string | undefined, asked: UpTo, now: number): Promise<PastFacts | 'future'> {
    const found = orgId === undefined ? undefined : await this.folds.past('org', orgId, asked);
    const past = found !== undefined && isOfRealm(found.folded.state.org, asker.realm) ? found : undefined;
    if ('revision' in asked && (past === undefined || past.accepted < asked.revision)) return 'future';
    const org = past?.folded;
    const at = 'instant' in asked ? asked.instant : org === undefined ? now : Date.parse(org.occurredAt);
    const { folded: realm } = await this.folds.past('realm', asker.realm, { instant: at });
    return new PastFacts(this.folds, realm.state, org, at, sessionOf(asker));
  }

  /** Whether the principal may know of the organization now, from the streams themselves. */
  async mayKnow(realmId: string, principal: string, orgId: string, now: number): Promise<boolean> {
    const [{ state: realm }, { state: user }, { state: org }] = await Promise.all([
      this.folds.current('realm', realmId),
      this.folds.current('user', principal),
      this.folds.current('org', orgId),
    ]);
    const facts = factsOf(realm.realm, user.user, org.org, holderIn(org, principal), undefined);
    return facts !== undefined && mayKnow(facts, principal, orgId, now);
  }
}

const whole = ({ folded }: { readonly folded: Folded<'user'> }) => folded;
