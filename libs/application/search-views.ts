import type { Resource } from '#libs/domain/access/bindings.js';
import type { WorkflowDocument } from '#libs/domain/access/documents.js';
import { type Machine, machineOf, realmOfMachine } from '#libs/domain/access/machines.js';
import { permit } from '#libs/domain/access/permit.js';
import type { Moment } from './facts.js';
import type { Past, PastFacts } from './past.js';
import type { UpTo } from './up-to.js';
import { type Asked, orgOf } from './needed-documents.js';
import type { Asker, PresentFacts } from './present.js';
import { type EnvironmentPlan, isEverywhere } from './search-plan.js';
import { type Keyset, merged, SearchParked, type SearchSnapshot } from './search-reads.js';
import type { OrgView, ResourceView } from './search-resources.js';
import { streamOf } from './streams.js';

const CHUNK = 100;
/** What folding an organization costs beside a document. */
const FOLD_COST = 100;

/** Whether the asker may ask about others here; undefined where nothing may be answered from the documents. */
export function maySearch(facts: PresentFacts, asker: string, tenant: Resource): boolean | undefined {
  const moment = facts.of({ principal: asker, resource: tenant });
  if (typeof moment === 'string') return undefined;
  const question = { principal: asker, permission: 'decision:search', resource: tenant, at: moment.at } as const;
  return permit(moment.facts, question).allowed;
}

export interface ReachOptions {
  readonly caller: Asker;
  readonly principal: string;
  readonly snapshot: SearchSnapshot;
  /** Facts of the snapshot's moment. */
  readonly load: (asked: readonly Asked[]) => Promise<PresentFacts>;
  /** Whether the asker may know of an organization, from its stream. */
  readonly mayKnow: (orgId: string) => Promise<boolean>;
}

const realmResource = { kind: 'realm' } as const;
const orgResource = (orgId: string) => ({ kind: 'org', orgId }) as const;

/** What the principal and the asker both reach, each by memberships or by a role of the platform. */
abstract class Reach implements ResourceView {
  constructor(protected readonly options: ReachOptions) {}

  /** Who registered the workflow. */
  protected abstract ownerOf(workflow: Machine): Promise<string | undefined>;
  /** Facts about the principal and what is of no organization. */
  protected abstract ownMoment(resource: Resource): Promise<Moment | undefined>;
  /** Organizations in which the principal may hold a role of the organization's own. */
  protected abstract joined(page: Keyset): Promise<readonly string[]>;
  /** `now` holds the facts about the asker and the principal on the organization. */
  protected abstract view(orgId: string, now: PresentFacts): Promise<Omit<OrgView, 'whole'>>;

  async homeOwner(): Promise<string | undefined> {
    const { principal } = this.options;
    const machine = machineOf(principal);
    return machine?.kind === 'workflow' ? this.ownerOf(machine) : principal;
  }

  async outside(resource: Resource): Promise<Moment | undefined> {
    const { asker } = this;
    const { load } = this.options;
    const allowed =
      this.isSelf || maySearch(await load([{ principal: asker, resource: realmResource }]), asker, realmResource);
    return allowed ? this.ownMoment(resource) : undefined;
  }

  async *organizations(after: string | undefined): AsyncGenerator<readonly [string, OrgView | undefined]> {
    const list = await this.listing();
    for (let last = after; ; ) {
      const ids = await list({ after: last, limit: CHUNK });
      const facts = await this.factsOn(ids);
      for (const orgId of ids) yield [orgId, await this.seen(orgId, facts)];
      if (ids.length < CHUNK) return;
      last = ids.at(-1);
    }
  }

  async organization(orgId: string): Promise<OrgView | undefined> {
    return this.seen(orgId, await this.factsOn([orgId]));
  }

  private async listing(): Promise<(page: Keyset) => Promise<readonly string[]>> {
    const { asker } = this;
    const { caller, snapshot } = this.options;
    const ofMachine = machineOf(asker);
    if (ofMachine !== undefined && realmOfMachine(ofMachine) === undefined)
      return async (page) => beyond([ofMachine.orgId], page);
    if (!this.isSelf && !(await this.askerIsEverywhere())) return (page) => snapshot.organizationsOf(asker, page);
    const moment = await this.ownMoment(realmResource);
    const everywhere = moment !== undefined && isEverywhere(moment.facts, this.options.principal);
    return everywhere ? (page) => snapshot.organizationsIn(caller.realm, page) : (page) => this.joined(page);
  }

  private async seen(orgId: string, facts: PresentFacts): Promise<OrgView | undefined> {
    const { asker } = this;
    const { mayKnow } = this.options;
    const allowed = maySearch(facts, asker, orgResource(orgId));
    if (allowed === undefined) {
      if (await mayKnow(orgId)) throw new SearchParked(orgId);
      return undefined;
    }
    return this.isSelf || allowed ? { ...(await this.view(orgId, facts)), whole: allowed } : undefined;
  }

  private async askerIsEverywhere(): Promise<boolean> {
    const asked = { principal: this.asker, resource: realmResource };
    const moment = (await this.options.load([asked])).of(asked);
    return typeof moment !== 'string' && isEverywhere(moment.facts, asked.principal);
  }

  private factsOn(orgIds: readonly string[]): Promise<PresentFacts> {
    const { asker } = this;
    const { principal, load } = this.options;
    const both = asker === principal ? [asker] : [asker, principal];
    return load(orgIds.flatMap((orgId) => both.map((each) => ({ principal: each, resource: orgResource(orgId) }))));
  }

  private get asker(): string {
    return this.options.caller.id;
  }

  private get isSelf(): boolean {
    return this.asker === this.options.principal;
  }
}

export class PresentReach extends Reach {
  protected override async ownerOf({ orgId, id }: Machine): Promise<string | undefined> {
    const key = { stream: streamOf('org', orgId), kind: 'workflow', id } as const;
    const [workflow] = (await this.options.snapshot.load([key])).documents;
    return (workflow as WorkflowDocument | undefined)?.ownerId;
  }

  protected override async ownMoment(resource: Resource): Promise<Moment | undefined> {
    const asked = { principal: this.options.principal, resource };
    return known((await this.options.load([asked])).of(asked));
  }

  protected override async joined(page: Keyset): Promise<readonly string[]> {
    const { principal, snapshot } = this.options;
    const machine = machineOf(principal);
    return machine === undefined || realmOfMachine(machine) !== undefined
      ? snapshot.organizationsOf(principal, page)
      : beyond([machine.orgId], page);
  }

  protected override async view(orgId: string, now: PresentFacts): Promise<Omit<OrgView, 'whole'>> {
    const { principal, snapshot, load } = this.options;
    return {
      cost: 1,
      organization: async () => known(now.of({ principal, resource: orgResource(orgId) })),
      environments: async ({ all, named, groups }, page) => {
        if (all) return snapshot.environmentsIn(orgId, page);
        const granted = groups.length > 0 ? await snapshot.environmentsGrantedTo(orgId, groups, page) : [];
        return merged([beyond(named, page), granted], page.limit);
      },
      moments: async (resources) => {
        const asked = resources.map((resource) => ({ principal, resource }));
        const facts = await load(asked);
        return asked.map((each) => known(facts.of(each)));
      },
    };
  }
}

/** The asker's right is one of now; the principal's reach is one of then, and may be in organizations left since. */
export class PastReach extends Reach {
  private outsideThen: Promise<PastFacts | 'future'> | undefined;

  constructor(
    options: ReachOptions,
    private readonly past: Past,
    private readonly at: UpTo,
    private readonly now: number,
  ) {
    super(options);
  }

  protected override async ownerOf({ orgId, id }: Machine): Promise<string | undefined> {
    const past = await this.fold(orgId);
    return past === 'future' ? undefined : past.state?.workflows.get(id)?.ownerId;
  }

  protected override async ownMoment(resource: Resource): Promise<Moment | undefined> {
    return this.moment(await this.fold(orgOf({ principal: this.options.principal, resource })), resource);
  }

  protected override async joined(page: Keyset): Promise<readonly string[]> {
    const { principal, snapshot } = this.options;
    const machine = machineOf(principal);
    return machine === undefined || realmOfMachine(machine) !== undefined
      ? snapshot.organizationsNaming(principal, page)
      : beyond([machine.orgId], page);
  }

  protected override async view(orgId: string): Promise<Omit<OrgView, 'whole'>> {
    const past = await this.fold(orgId);
    return {
      cost: FOLD_COST,
      organization: () => this.moment(past, orgResource(orgId)),
      environments: async (plan, page) => merged([beyond(environmentsThen(past, plan), page)], page.limit),
      moments: (resources) => Promise.all(resources.map((resource) => this.moment(past, resource))),
    };
  }

  /** Organizations one by one; what is of none, once. */
  private async fold(orgId: string | undefined): Promise<PastFacts | 'future'> {
    const { caller } = this.options;
    if (orgId !== undefined) return this.past.facts(caller, orgId, this.at, this.now);
    this.outsideThen ??= this.past.facts(caller, undefined, this.at, this.now);
    return this.outsideThen;
  }

  private async moment(past: PastFacts | 'future', resource: Resource): Promise<Moment | undefined> {
    return past === 'future' ? undefined : past.of({ principal: this.options.principal, resource });
  }
}

function environmentsThen(past: PastFacts | 'future', { all, named, groups }: EnvironmentPlan): readonly string[] {
  const environments = past === 'future' ? [] : [...(past.state?.environments.values() ?? [])];
  if (all) return environments.map(({ id }) => id);
  const granted = environments.filter(({ groupGrants }) => groups.some((group) => Object.hasOwn(groupGrants, group)));
  return [...named, ...granted.map(({ id }) => id)];
}

const known = (moment: Moment | string): Moment | undefined => (typeof moment === 'string' ? undefined : moment);

const beyond = (ids: readonly string[], { after = '' }: Keyset): readonly string[] => ids.filter((id) => id > after);
