import type { Resource } from '#libs/domain/access/bindings.js';
import type { RealmDocument } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { mayKnow } from './authorize.js';
import type { Caller } from './caller.js';
import { type Denied, deniedBy } from './denied.js';
import type { Past } from './past.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { Position } from './ports/event-store.js';
import { Present } from './present.js';
import { asSeen } from './sight.js';
import { streamOf } from './streams.js';
import { type Parked, type Stale, tenantOf } from './view.js';

export type Access = { readonly kind: 'allowed' } | Denied | { readonly kind: 'hidden' } | Stale | Parked;

/** What callers may read for themselves, by the same documents and the same `permit()` as evaluations. */
export class Reading {
  private readonly present: Present;

  constructor(
    private readonly documents: DocumentSource,
    private readonly past: Past,
    private readonly clock: Clock,
  ) {
    this.present = new Present(documents, clock);
  }

  /** Whether the caller may read something of an organization: hidden where they may not even know that it exists. */
  async access(
    caller: Caller,
    permission: Permission,
    resource: Resource,
    after: Position | undefined,
  ): Promise<Access> {
    const asked = { principal: caller.id, resource };
    const present = await this.present.load(caller, [asked], after);
    const moment = present?.of(asked) ?? 'stale';
    if (moment === 'parked') return this.parked(caller, resource);
    if (moment === 'stale') return { kind: 'stale' };
    const { at } = moment;
    const question = { principal: caller.id, permission, resource, at };
    const facts = asSeen(moment.facts, question);
    const answer = permit(facts, question);
    if (answer.allowed) return { kind: 'allowed' };
    const known =
      resource.kind === 'realm' ||
      ('ownerId' in resource && resource.ownerId === caller.id) ||
      ('orgId' in resource && mayKnow(facts, caller.id, resource.orgId, at));
    if (!known) return { kind: 'hidden' };
    if (answer.reason !== 'unknown_resource') return deniedBy(facts.scheme, permission, resource, answer.reason);
    if (!('orgId' in resource)) return { kind: 'hidden' };
    // Of what is not there it is still said what stands before everything in the organization.
    const before = permit(facts, { ...question, resource: tenantOf(resource) });
    return deniedBy(
      facts.scheme,
      permission,
      resource,
      before.reason === 'not_active_org' ? before.reason : answer.reason,
    );
  }

  /** The role scheme that the realm runs; undefined where the read models cannot say as of what was asked for. */
  async schemeOf(realm: string, after: Position | undefined): Promise<CompiledScheme | undefined> {
    const document = await this.realm(realm, after);
    return document && schemeOf(document.scheme, document);
  }

  /** The realm's document; undefined as above. */
  async realm(realm: string, after: Position | undefined): Promise<RealmDocument | undefined> {
    const loaded = await this.documents.load([{ stream: streamOf('realm', realm), kind: 'realm', id: '' }], after);
    return loaded?.documents[0] as RealmDocument | undefined;
  }

  /** That an organization is parked is told to those only who may know of it: to others it looks like a missing one. */
  private async parked(caller: Caller, resource: Resource): Promise<Parked | { readonly kind: 'hidden' }> {
    if (!('orgId' in resource)) return { kind: 'parked' };
    const known = await this.past.mayKnow(caller.realm, caller.id, resource.orgId, this.clock.now());
    return { kind: known ? 'parked' : 'hidden' };
  }
}
