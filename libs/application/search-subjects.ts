import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { platformMachines, principalOf, subjectOf, type SubjectType } from '#libs/domain/access/machines.js';
import { permit } from '#libs/domain/access/permit.js';
import { holdersIn } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { Moment } from './facts.js';
import type { PastFacts } from './past.js';
import type { Asked } from './needed-documents.js';
import type { PresentFacts } from './present.js';
import type { Candidate } from './search-page.js';
import { asSeen } from './sight.js';
import { claimsDecide, nobody, type SubjectPlan, subjectPlan } from './search-plan.js';
import { byBytes, type Keyset, merged, SearchParked, type SearchSnapshot } from './search-reads.js';

const CHUNK = 200;
/** People whose streams are read at the same time, for questions about the past. */
const FOLDING = 16;
/** What reading one person's stream costs beside a document. */
const FOLD_COST = 10;

export interface SubjectQuestion {
  readonly realm: string;
  readonly permission: Permission;
  /** Of what kind of principals. */
  readonly type: SubjectType;
  readonly resource: Resource;
  /** The only one whom the asker may ask about; undefined where that is everyone. */
  readonly only: string | undefined;
}

/** Whoever may hold the permission now, by id, each decided. `load` brings facts of the same moment. */
export async function* subjectsNow(
  snapshot: SearchSnapshot,
  base: Moment,
  load: (asked: readonly Asked[]) => Promise<PresentFacts>,
  question: SubjectQuestion,
  { after, limit }: Keyset,
): AsyncGenerator<Candidate> {
  const { resource } = question;
  const plan = planOf(base.facts, question);
  const chunk = Math.min(limit + 1, CHUNK);
  for (let last = after; ; ) {
    const ids = await idsFrom(snapshot, plan, question, { after: last, limit: chunk });
    const facts = await load(ids.map((principal) => ({ principal, resource })));
    for (const principal of ids) {
      const moment = facts.of({ principal, resource });
      if (moment === 'parked' && resource.kind === 'personal_environment') throw new SearchParked(principal);
      yield candidate(principal, typeof moment === 'string' ? undefined : moment, question, 1);
    }
    if (ids.length < chunk) return;
    last = ids.at(-1);
  }
}

async function idsFrom(
  snapshot: SearchSnapshot,
  { named, everyone, claimants, roles, groups, assigned, grantees }: SubjectPlan,
  { realm, type, resource, only }: SubjectQuestion,
  page: Keyset,
): Promise<readonly string[]> {
  const { after = '', limit } = page;
  const lists: (readonly string[])[] = [named.filter((id) => id > after)];
  if (type !== 'user' && only === undefined) {
    if ('orgId' in resource) lists.push(await snapshot.machinesOf(resource.orgId, type, page));
    if (resource.kind === 'personal_environment' && type === 'workflow')
      lists.push(await snapshot.guestsOf(resource.ownerId, page));
    return merged(lists, limit);
  }
  if (everyone) lists.push(await snapshot.people(realm, page));
  if (claimants) lists.push(await snapshot.claimants(realm, page));
  if ('orgId' in resource) {
    const { orgId } = resource;
    if (roles.length > 0) lists.push(await snapshot.membersHolding(orgId, roles, page));
    if (groups.length > 0) lists.push(await snapshot.membersInGroups(orgId, groups, page));
    if (assigned.length > 0) lists.push(await snapshot.membersAssigned(orgId, assigned, page));
    if (grantees && resource.kind === 'environment')
      lists.push(await snapshot.granteesOn(orgId, resource.environmentId, page));
  }
  return merged(lists, limit);
}

/**
 * Whoever may have held the permission then, by id, each decided. Members are those of the fold. What tokens have shown
 * stands in people's own streams, so where it decides, the streams of everybody seen in the realm are read.
 */
export async function* subjectsThen(
  snapshot: SearchSnapshot,
  past: PastFacts,
  base: Moment,
  question: SubjectQuestion,
  after: string | undefined,
): AsyncGenerator<Candidate> {
  const { realm, permission, type, resource, only } = question;
  const plan = planOf(base.facts, question);
  const reading = type === 'user' && only === undefined && (plan.everyone || claimsDecide(base.facts, permission));
  const held = only === undefined && 'orgId' in resource ? holdersOf(past, type) : [];
  const known = [...new Set([...held, ...plan.named])].sort(byBytes);
  for (let last = after; ; ) {
    const page = { after: last, limit: CHUNK };
    const seen = reading ? await snapshot.people(realm, page) : [];
    const end = seen.length === CHUNK ? seen.at(-1) : undefined;
    const from = last ?? '';
    const within = known.filter((id) => id > from && (end === undefined || id <= end));
    const ids = merged([within, seen], Number.POSITIVE_INFINITY);
    yield* decidedThen(past, ids, new Set(only === undefined ? seen : [only]), question);
    if (end === undefined) return;
    last = end;
  }
}

/**
 * Workflows that were in a personal environment then, by id, each decided; `pastOf` folds an organization to that moment. In
 * which ones its owner may have had some is found by events about them.
 */
export async function* guestsThen(
  snapshot: SearchSnapshot,
  pastOf: (orgId: string) => Promise<PastFacts | 'future'>,
  question: SubjectQuestion,
  { ownerId }: Extract<Resource, { kind: 'personal_environment' }>,
  after = '',
): AsyncGenerator<Candidate> {
  const { resource } = question;
  const found = new Map<string, PastFacts>();
  for (let last: string | undefined; ; ) {
    const orgs = await snapshot.organizationsNaming(ownerId, { after: last, limit: CHUNK });
    for (const orgId of orgs) {
      const past = await pastOf(orgId);
      if (past === 'future') continue;
      for (const { id, ownerId: owner } of past.state?.workflows.values() ?? [])
        if (owner === ownerId) found.set(principalOf({ kind: 'workflow', orgId, id }), past);
    }
    if (orgs.length < CHUNK) break;
    last = orgs.at(-1);
  }
  for (const principal of [...found.keys()].filter((id) => id > after).sort(byBytes))
    yield candidate(principal, found.get(principal)?.withoutClaims({ principal, resource }), question, 0);
}

/** Who has no stream has no claims. */
async function* decidedThen(
  past: PastFacts,
  ids: readonly string[],
  withStream: ReadonlySet<string>,
  question: SubjectQuestion,
): AsyncGenerator<Candidate> {
  const { resource } = question;
  for (let from = 0; from < ids.length; from += FOLDING) {
    const chunk = ids.slice(from, from + FOLDING);
    const moments = await Promise.all(
      chunk.map(async (principal) =>
        withStream.has(principal) ? past.of({ principal, resource }) : past.withoutClaims({ principal, resource }),
      ),
    );
    for (const [index, principal] of chunk.entries())
      yield candidate(principal, moments[index], question, withStream.has(principal) ? FOLD_COST : 0);
  }
}

const holdersOf = ({ state }: PastFacts, type: SubjectType): readonly string[] =>
  [...(state === undefined ? [] : holdersIn(state))].map(([id]) => id).filter((id) => subjectOf(id).type === type);

function planOf(facts: Facts, { permission, type, resource, only }: SubjectQuestion): SubjectPlan {
  if (only !== undefined) return { ...nobody, named: [only] };
  if (type === 'service' && facts.realm !== undefined)
    return { ...nobody, named: platformMachines(facts.realm).sort(byBytes) };
  return type === 'user' ? subjectPlan(facts, resource, permission) : nobody;
}

function candidate(
  principal: string,
  moment: Moment | undefined,
  { permission, resource, only }: SubjectQuestion,
  cost: number,
): Candidate {
  const asked = { principal, permission, resource, at: moment?.at ?? 0 };
  const facts = moment && (only === undefined ? moment.facts : asSeen(moment.facts, asked));
  const allowed = facts !== undefined && permit(facts, asked).allowed;
  return { place: principal, id: allowed ? principal : undefined, cost };
}
