import type { Grant } from '#libs/domain/access/documents.js';
import { holdersIn } from '#libs/domain/org/org.js';
import type { Cause } from './cause.js';
import { courseOf } from './course.js';
import { type Held, HeldAccess, type OrgResource, rolesBehind } from './held-access.js';
import { factsAbout, platformPeople, type Span } from './span.js';
import { environmentsOf, type Keyset } from './state.js';

/** What a principal gained or lost on a resource by one cause. */
export interface AccessChange {
  readonly principal: string;
  readonly resource: OrgResource;
  readonly change: 'gained' | 'lost';
  /** Role keys and permissions. */
  readonly held: readonly string[];
  /** The last thing that made it so. */
  readonly cause: Cause;
}

/** The net changes of the principals whose ids come next, in the order of their ids; those without any do not count. */
export function changesIn(span: Span, { after, limit }: Keyset): readonly AccessChange[][] {
  const access = new HeldAccess();
  const touched = [...touchedIn(span)].filter(([id]) => after === undefined || id > after);
  const found: AccessChange[][] = [];
  for (const [principal, resources] of touched.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const changes = resources.flatMap((resource) => changesOf(span, access, principal, resource));
    if (changes.length > 0 && found.push(changes) === limit) break;
  }
  return found;
}

function changesOf(span: Span, access: HeldAccess, principal: string, resource: OrgResource): AccessChange[] {
  const { from, to } = span;
  const before = access.of(factsAbout(from, principal, resource), principal, resource, from.at);
  const after = access.of(factsAbout(to, principal, resource), principal, resource, to.at);
  const net = difference(before, after);
  if (net.length === 0) return [];
  const causes = new Map<string, Cause>();
  let held = before;
  for (const turn of courseOf(span, principal, resource)) {
    const now = access.of(turn.facts, principal, resource, turn.at);
    for (const each of difference(held, now))
      causes.set(each, turn.cause(turn.facts === undefined ? none : rolesBehind(turn.facts, each)));
    held = now;
  }
  const changes = new Map<string, AccessChange & { readonly held: string[] }>();
  for (const each of net) {
    const cause = causes.get(each);
    if (cause === undefined) throw new Error(`${principal}: ${each} changed without a cause`);
    const change = after.has(each) ? 'gained' : 'lost';
    const key = `${change} ${cause.kind === 'event' ? cause.id : `${cause.at} ${cause.edge} ${cause.event}`}`;
    const present = changes.get(key) ?? { principal, resource, change, held: [], cause };
    present.held.push(each);
    changes.set(key, present);
  }
  return [...changes.values()];
}

const none: ReadonlySet<string> = new Set();

const difference = (a: Held, b: Held): string[] => [
  ...[...a].filter((each) => !b.has(each)),
  ...[...b].filter((each) => !a.has(each)),
];

/**
 * Whose access may have changed, and to what. Everybody is looked at only where something changed on which everybody's
 * access rests; members whom no event touched, only where something of theirs begins or ends.
 */
function touchedIn(span: Span): ReadonlyMap<string, readonly OrgResource[]> {
  const { from, to } = span;
  const orgId = to.org.org.id;
  const environments = new Map([...environmentsOf(from), ...environmentsOf(to)].map((each) => [each.id, each]));
  const onEnvironments = [...environments.keys()].map(
    (environmentId) => ({ kind: 'environment', orgId, environmentId }) as const,
  );
  const all = [{ kind: 'org', orgId } as const, ...onEnvironments];
  const changed = new Set(span.changed('environment'));
  const ends = (window: Window) => isBetween(span, window.notBefore) || isBetween(span, window.notAfter);
  const some = onEnvironments.filter(
    ({ environmentId: id }) =>
      changed.has(id) || Object.values(environments.get(id)?.groupGrants ?? {}).some((grant) => ends(grant)),
  );
  const members = new Map([...holdersIn(from.org), ...holdersIn(to.org)]);
  const touched = new Map<string, readonly OrgResource[]>();
  for (const [id, { grants, assignments = {} }] of members) {
    if (span.changedForAll || [...Object.values(grants), ...Object.values(assignments)].some(ends))
      touched.set(id, all);
    else if (some.length > 0) touched.set(id, some);
  }
  for (const id of span.changed('member')) touched.set(id, all);
  for (const id of span.changed('user')) if (members.has(id)) touched.set(id, all);
  for (const id of [...platformPeople(from), ...platformPeople(to)]) touched.set(id, all);
  return touched;
}

type Window = Pick<Grant, 'notBefore' | 'notAfter'>;

function isBetween({ from, to }: Span, bound: string | undefined): boolean {
  if (bound === undefined) return false;
  const at = Date.parse(bound);
  return at > from.at && at <= to.at;
}
