import type { Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { Caller } from './caller.js';
import type { Moment } from './facts.js';
import type { Past, PastFacts } from './past.js';
import type { UpTo } from './up-to.js';
import { type Asked, orgOf } from './needed-documents.js';
import type { PresentFacts } from './present.js';

/** The organization's read models stand still: nothing is answered until it is in line again. */
export type Parked = { readonly kind: 'parked' };
export type Future = { readonly kind: 'future' };
export type Stale = { readonly kind: 'stale' };

export type Found = Moment | Stale | Parked | Future | 'unknown_subject' | 'unknown_resource';

/** Finds what streams alone tell. */
export type Later = () => Promise<Found>;

/** What one caller sees of principals and resources, now and in the past. */
export class View {
  private readonly pasts = new Map<string, Promise<PastFacts | 'future'>>();
  private readonly askings = new Map<string, 'allowed' | 'denied' | 'parked' | 'stale'>();
  /** Whether the caller may know of an organization, from its stream. */
  private readonly known = new Map<string, Promise<boolean>>();

  constructor(
    private readonly caller: Caller,
    private readonly present: PresentFacts,
    private readonly past: Past,
    readonly now: number,
    /** What asking about others takes. */
    private readonly right: Permission,
  ) {}

  isSelf = (principal: string): boolean => principal === this.caller.id;

  hasCome = (at: UpTo | undefined): boolean => at === undefined || !('instant' in at) || at.instant <= this.now;

  /** Found at once by the documents of now, which answer many questions without waiting for each. */
  moment({ at, ...asked }: Asked & { readonly at: UpTo | undefined }): Found | Later {
    const { principal, resource } = asked;
    if (!this.hasCome(at)) return { kind: 'future' };
    if (!this.isSelf(principal)) {
      const asking = this.asking(resource);
      if (asking === 'stale') return { kind: 'stale' };
      if (asking === 'parked') return () => this.parked(asked, 'unknown_subject');
      if (asking === 'denied') return 'unknown_subject';
    }
    if (at !== undefined) return () => this.folded(asked, at);
    const moment = this.present.of(asked);
    if (moment === 'stale') return { kind: 'stale' };
    return moment === 'parked' ? () => this.parked(asked, 'unknown_resource') : moment;
  }

  private async folded(asked: Asked, at: UpTo): Promise<Found> {
    const past = await this.pastOf(orgOf(asked), at);
    if (past !== 'future') return (await past.of(asked)) ?? 'unknown_resource';
    // That a revision does not exist yet tells that the organization does.
    return this.isSelf(asked.principal) && !(await this.isKnown(asked)) ? 'unknown_resource' : { kind: 'future' };
  }

  /** Whether an answer about the principal may tell the caller of what the principal may not even see. */
  isTold = (principal: string, resource: Resource): boolean =>
    !this.isSelf(principal) || (resource.kind === 'environment' && this.asking(resource) === 'allowed');

  /** Whether the caller may ask about others where the resource is; found once for each organization. */
  private asking(resource: Resource): 'allowed' | 'denied' | 'parked' | 'stale' {
    const org = 'orgId' in resource ? resource.orgId : '';
    const known = this.askings.get(org);
    if (known !== undefined) return known;
    const tenant = tenantOf(resource);
    const moment = this.present.of({ principal: this.caller.id, resource: tenant });
    const found = typeof moment === 'string' ? moment : this.mayAsk(moment, tenant) ? 'allowed' : 'denied';
    this.askings.set(org, found);
    return found;
  }

  private mayAsk({ facts, at }: Moment, resource: Resource): boolean {
    return permit(facts, { principal: this.caller.id, permission: this.right, resource, at }).allowed;
  }

  private async parked(asked: Asked, otherwise: 'unknown_subject' | 'unknown_resource'): Promise<Found> {
    return (await this.isKnown(asked)) ? { kind: 'parked' } : otherwise;
  }

  private isKnown(asked: Asked): Promise<boolean> {
    const orgId = orgOf(asked);
    if (orgId === undefined) return Promise.resolve(true);
    const { realm, id } = this.caller;
    const asking = this.known.get(orgId) ?? this.past.mayKnow(realm, id, orgId, this.now);
    this.known.set(orgId, asking);
    return asking;
  }

  private pastOf(orgId: string | undefined, at: UpTo): Promise<PastFacts | 'future'> {
    const name = `${orgId ?? ''} ${'instant' in at ? at.instant : `r${at.revision}`}`;
    const folding = this.pasts.get(name) ?? this.past.facts(this.caller, orgId, at, this.now);
    this.pasts.set(name, folding);
    return folding;
  }
}

/** Where the right to ask about others is held. */
export const tenantOf = (resource: Resource): Resource =>
  'orgId' in resource ? { kind: 'org', orgId: resource.orgId } : { kind: 'realm' };
