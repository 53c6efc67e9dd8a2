import type { Resource } from '#libs/domain/access/bindings.js';
import { mayKnow } from './authorize.js';
import { factsOf, type Moment } from './facts.js';
import type { Folds } from './folds.js';
import { meta } from './metadata.js';
import type { StoredEvent } from './ports/event-store.js';

/** Facts as they were: every stream that bears on the question, folded up to the same instant. */
export class Past {
  constructor(private readonly folds: Folds) {}

  /** `future` for a revision that does not exist yet; undefined where the realm did not exist then. */
  async moment(
    realmId: string,
    principal: string,
    resource: Resource,
    asked: { readonly instant: number } | { readonly revision: bigint },
    now: number,
  ): Promise<Moment | 'future' | undefined> {
    const orgId = 'orgId' in resource ? resource.orgId : undefined;
    const upTo = 'revision' in asked ? byRevision(asked.revision) : byInstant(asked.instant);
    const past = orgId === undefined ? undefined : await this.folds.past('org', orgId, upTo);
    if ('revision' in asked && (past === undefined || past.accepted < asked.revision)) return 'future';
    const org = past?.folded;
    const at = 'instant' in asked ? asked.instant : org === undefined ? now : Date.parse(org.occurredAt);
    const [{ folded: realm }, { folded: user }] = await Promise.all([
      this.folds.past('realm', realmId, byInstant(at)),
      this.folds.past('user', principal, byInstant(at)),
    ]);
    const environmentId = resource.kind === 'environment' ? resource.environmentId : undefined;
    const facts = factsOf(
      realm.state.realm,
      user.state.user,
      org?.state.org,
      org?.state.members.get(principal),
      environmentId === undefined ? undefined : org?.state.environments.get(environmentId),
    );
    return facts && { facts, revision: org?.revision, position: org?.position, at };
  }

  /** Whether the principal may know of the organization now, from the streams themselves. */
  async mayKnow(realmId: string, principal: string, orgId: string, now: number): Promise<boolean> {
    const [{ state: realm }, { state: user }, { state: org }] = await Promise.all([
      this.folds.current('realm', realmId),
      this.folds.current('user', principal),
      this.folds.current('org', orgId),
    ]);
    const facts = factsOf(realm.realm, user.user, org.org, org.members.get(principal), undefined);
    return facts !== undefined && mayKnow(facts, principal, orgId, now);
  }
}

const byRevision = (last: bigint) => (event: StoredEvent) => event.revision <= last;

const byInstant = (instant: number) => (event: StoredEvent) =>
  Date.parse(event.metadata[meta.occurredAt] ?? '') <= instant;
