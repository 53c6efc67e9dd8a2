import type { Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { type EnvironmentKind, isEnvironmentKind } from '#libs/domain/schemes/scheme.js';
import type { Moment } from './facts.js';
import type { Candidate } from './search-page.js';
import { asSeen } from './sight.js';
import { type EnvironmentPlan, environmentPlan } from './search-plan.js';
import type { Keyset } from './search-reads.js';

const CHUNK = 200;

export interface ResourceQuestion {
  readonly realm: string;
  readonly principal: string;
  readonly permission: Permission;
  readonly type: string;
}

/** An organization as it stands at the moment asked about. */
export interface OrgView {
  /** What finding it took. */
  readonly cost: number;
  /** Whether the asker may ask about everybody here, and so is told of what they do not see themselves. */
  readonly whole: boolean;
  /** Facts about the principal and the organization itself. */
  organization(): Promise<Moment | undefined>;
  /** Facts about the principal and environments, in their order. */
  moments(resources: readonly Resource[]): Promise<readonly (Moment | undefined)[]>;
  /** Ids of the environments that the plan names. */
  environments(plan: EnvironmentPlan, page: Keyset): Promise<readonly string[]>;
}

/** Where to search, at the moment asked about. */
export interface ResourceView {
  /** Whose personal environment may be the principal's: their own, or that of the owner of a workflow that is in it. */
  homeOwner(): Promise<string | undefined>;
  /** Facts about the principal and what is of no organization; undefined where the asker may not ask. */
  outside(resource: Resource): Promise<Moment | undefined>;
  /** Organizations by id that the principal may reach; no view of one in which the asker may not ask. */
  organizations(after: string | undefined): AsyncIterable<readonly [orgId: string, view: OrgView | undefined]>;
  organization(orgId: string): Promise<OrgView | undefined>;
}

/**
 * What the principal may hold the permission on, each decided. A place is empty at the start, `/` after what is of no
 * organization, an organization that is done, or an environment as `org/environment`.
 */
export async function* resourcesIn(
  view: ResourceView,
  question: ResourceQuestion,
  { after: place, limit }: Keyset & { readonly after: string },
): AsyncGenerator<Candidate> {
  if (place === '') yield* outsideOrganizations(view, question);
  const kind = isEnvironmentKind(question.type) ? question.type : undefined;
  if (kind === undefined && question.type !== 'org') return;
  const chunk = Math.min(limit + 1, CHUNK);
  const [org = '', environment] = place === '/' ? [] : place.split('/');
  if (kind !== undefined && environment !== undefined) {
    const begun = await view.organization(org);
    if (begun !== undefined) yield* environmentsOf(begun, org, kind, question, { after: environment, limit: chunk });
  }
  for await (const [orgId, found] of view.organizations(org === '' ? undefined : org)) {
    const cost = found?.cost ?? 1;
    if (found === undefined) yield { place: orgId, id: undefined, cost };
    else if (kind === undefined) yield await organizationIn(found, orgId, question);
    else {
      yield* environmentsOf(found, orgId, kind, question, { after: undefined, limit: chunk });
      yield { place: orgId, id: undefined, cost };
    }
  }
}

async function* outsideOrganizations(view: ResourceView, question: ResourceQuestion): AsyncGenerator<Candidate> {
  const found = await singleOf(view, question);
  if (found === undefined) return;
  const [id, resource] = found;
  const moment = await view.outside(resource);
  yield { place: '/', id: isAllowed(moment, question, resource) ? id : undefined, cost: 1 };
}

/** The only one of its type that is of no organization and may be meant. */
async function singleOf(
  view: ResourceView,
  { type, principal, realm }: ResourceQuestion,
): Promise<readonly [id: string, resource: Resource] | undefined> {
  if (type === 'realm') return [realm, { kind: 'realm' }];
  if (type === 'account') return [principal, { kind: 'account', ownerId: principal }];
  const ownerId = type === 'environment' ? await view.homeOwner() : undefined;
  return ownerId === undefined ? undefined : [`personal/${ownerId}`, { kind: 'personal_environment', ownerId }];
}

async function organizationIn(found: OrgView, orgId: string, question: ResourceQuestion): Promise<Candidate> {
  const resource = { kind: 'org', orgId } as const;
  const moment = await found.organization();
  return { place: orgId, id: isAllowed(moment, question, resource) ? orgId : undefined, cost: found.cost };
}

async function* environmentsOf(
  found: OrgView,
  orgId: string,
  kind: EnvironmentKind,
  question: ResourceQuestion,
  { after, limit }: Keyset,
): AsyncGenerator<Candidate> {
  const org = await found.organization();
  if (org === undefined) return;
  const plan = environmentPlan(org.facts, question.principal, orgId, question.permission);
  for (let last = after; ; ) {
    const ids = await found.environments(plan, { after: last, limit });
    const resources = ids.map((environmentId): Resource => {
      const environment = { kind: 'environment', orgId, environmentId } as const;
      // As in an evaluation, `environment` means one of any kind.
      return kind === 'environment' ? environment : { ...environment, type: kind };
    });
    const moments = await found.moments(resources);
    for (const [index, resource] of resources.entries()) {
      const id = `${orgId}/${ids[index]}`;
      yield { place: id, id: isAllowed(moments[index], question, resource, found.whole) ? id : undefined, cost: 1 };
    }
    if (ids.length < limit) return;
    last = ids.at(-1);
  }
}

function isAllowed(
  moment: Moment | undefined,
  { principal, permission }: ResourceQuestion,
  resource: Resource,
  whole = true,
): boolean {
  if (moment === undefined) return false;
  const question = { principal, permission, resource, at: moment.at };
  return permit(whole ? moment.facts : asSeen(moment.facts, question), question).allowed;
}
