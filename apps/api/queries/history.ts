import { z } from 'zod';
import type { Unanswered } from '#libs/application/history/history.js';
import type { AskedMoment, HistoryMoment } from '#libs/application/history/moments.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import { isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { anyPrincipalId, instant, isSlug } from '#libs/domain/text.js';
import { invalid } from '../problems/problem.js';
import { cursorTo, keyFrom } from './cursor.js';
import * as shape from './history-shapes.js';
import { next, ofOrg, onOrg, page, query, stale } from './query-row.js';

const MOMENT = /^(?:(\d{1,18})(?:@(.+))?|(.+))$/;

/** An instant, a revision, or both as an answer named them: `17@2026-01-01T00:00:00.000Z`. */
const moment = z
  .string()
  .max(80)
  .transform((value, context): AskedMoment => {
    const [, revision, beside, alone] = MOMENT.exec(value) ?? [];
    const time = beside ?? alone;
    const parsed = time === undefined ? undefined : instant.safeParse(time);
    if (parsed?.success === false || (revision === undefined && parsed === undefined)) {
      context.addIssue('must be an instant (RFC 3339), a revision, or <revision>@<instant>');
      return z.NEVER;
    }
    return {
      ...(parsed === undefined ? {} : { instant: Date.parse(parsed.data) }),
      ...(revision === undefined ? {} : { revision: BigInt(revision) }),
    };
  });

export const described = (what: string) =>
  moment.optional().meta({
    description: `${what} An instant, a revision of the organization, or both: <revision>@<instant>`,
    examples: ['2026-03-01T12:00:00.000Z', '17', '17@2026-03-01T12:00:00.000Z'],
  });

const action = z
  .string()
  .refine((name): name is Permission => isPermission(name), 'is no permission')
  .meta({ examples: ['environment:use'] });

/** What a page's cursor holds, so that the next page is of the same moments: revision and milliseconds. */
const pin = String.raw`(-1|\d{1,18})@(-?\d{1,16})`;
const id = '([A-Za-z0-9][A-Za-z0-9._@:/-]{0,140})';
const stateKey = z.string().regex(new RegExp(`^${pin} ${id}$`));
const diffKey = z.string().regex(new RegExp(`^${pin} ${pin} ${id}$`));

const pinned = ({ org, at }: HistoryMoment) => `${org.revision}@${at}`;

function unpinned(text: string): AskedMoment {
  const [revision = '', at = ''] = text.split('@');
  return { revision: BigInt(revision), instant: Number(at) };
}

const named = ({ instant: at, revision }: AskedMoment = {}) => [
  at ?? null,
  revision === undefined ? null : `${revision}`,
];

const summary = (text: string) => `${text}; by the same right as the audit trail`;

export const historyQueries = {
  HistoryState: query({
    path: '/v1/orgs/{orgId}/history/state',
    summary: summary('Who held what in an organization at a moment, by principal'),
    params: ofOrg,
    filter: page.extend({ at: described('Now where it is absent.') }),
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      moment: shape.momentShape,
      org: shape.orgShape,
      environments: z.array(shape.environmentShape),
      principals: z.array(shape.principalShape),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor, at }, { caller, services }) => {
      const scope = ['HistoryState', orgId, named(at)];
      const [pin, after] = keyFrom(cursor, scope, stateKey)?.split(' ') ?? [];
      const asked = pin === undefined ? (at ?? {}) : unpinned(pin);
      const found = await services.history.state(caller.realm, orgId, asked, { after, limit: limit + 1 });
      if (found.kind !== 'answered') return unanswered(found);
      const environments = new Map(found.environments.map((each) => [each.id, each]));
      const principals = found.principals.slice(0, limit);
      const last = found.principals.length > limit ? principals.at(-1) : undefined;
      return {
        moment: shape.shownMoment(found.moment),
        org: shape.shownOrg(orgId, found.org),
        environments: found.environments.map(shape.shownEnvironment),
        principals: principals.map((each) => shape.shownPrincipal(each, environments)),
        ...(last === undefined ? {} : { next: cursorTo(scope, `${pinned(found.moment)} ${last.id}`) }),
      };
    },
  }),

  AccessDiff: query({
    path: '/v1/orgs/{orgId}/history/access-diff',
    summary: summary('Who gained and lost what between two moments, each with what caused it'),
    params: ofOrg,
    filter: page.extend({
      from: described('The beginning where it is absent.'),
      to: described('Now where it is absent.'),
    }),
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      from: shape.momentShape,
      to: shape.momentShape,
      changes: z.array(shape.changeShape),
      next,
    }),
    ask: async ({ orgId }, { limit, cursor, from = beginning, to }, { caller, services }) => {
      const scope = ['AccessDiff', orgId, named(from), named(to)];
      const [begin, end, after] = keyFrom(cursor, scope, diffKey)?.split(' ') ?? [];
      const asked = {
        from: begin === undefined ? from : unpinned(begin),
        to: end === undefined ? (to ?? {}) : unpinned(end),
      };
      const found = await services.history.diff(caller.realm, orgId, asked, { after, limit: limit + 1 });
      if (found.kind !== 'answered') return unanswered(found);
      const shown = found.changes.slice(0, limit);
      const last = found.changes.length > limit ? shown.at(-1)?.[0] : undefined;
      const pins = `${pinned(found.from)} ${pinned(found.to)}`;
      return {
        from: shape.shownMoment(found.from),
        to: shape.shownMoment(found.to),
        changes: shown.flat().map((each) => shape.shownChange(each, environmentsOf(found.to, found.from))),
        ...(last === undefined ? {} : { next: cursorTo(scope, `${pins} ${last.principal}`) }),
      };
    },
  }),

  AccessTimeline: query({
    path: '/v1/orgs/{orgId}/history/access-timeline',
    summary: summary('When one principal was allowed something and when not, and what began each time'),
    params: ofOrg,
    filter: z.strictObject({
      subject: anyPrincipalId.meta({ examples: ['bob', 'service:acme/ci'] }),
      action,
      resource: z
        .string()
        .max(200)
        .optional()
        .meta({
          description: "As AuthZEN names it: the organization's id, or <organization>/<environment>; itself if absent",
          examples: ['acme/production'],
        }),
    }),
    example: { subject: 'bob', action: 'environment:use' },
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      moment: shape.momentShape,
      subject: z.string(),
      action: z.string(),
      resource: shape.resourceShape,
      intervals: z.array(shape.intervalShape).meta({ description: 'Half-open, [from, until), without gaps' }),
    }),
    ask: async ({ orgId }, { subject, action: permission, resource: name }, { caller, services }) => {
      const resource = resourceIn(orgId, name ?? orgId);
      const question = { principal: subject, permission, resource };
      const { moment: to, intervals } = await services.history.timeline(caller.realm, orgId, question);
      return {
        moment: shape.shownMoment(to),
        subject,
        action: permission,
        resource: shape.shownResource(resource, environmentsOf(to)),
        intervals: intervals.map(shape.shownInterval),
      };
    },
  }),
} as const;

/** Before everything: no organization is older. */
const beginning: AskedMoment = { instant: 0 };

const environmentsOf = (...moments: readonly HistoryMoment[]) =>
  new Map(moments.toReversed().flatMap(({ org }) => [...org.state.environments.entries()]));

function resourceIn(orgId: string, name: string): Resource {
  const [owner, environmentId, ...more] = name.split('/');
  if (owner !== orgId || more.length > 0) throw invalid([{ path: 'resource', message: 'is not of this organization' }]);
  if (environmentId === undefined) return { kind: 'org', orgId };
  if (!isSlug(environmentId)) throw invalid([{ path: 'resource', message: 'cannot exist' }]);
  return { kind: 'environment', orgId, environmentId };
}

export const messages = {
  future: 'lies in the future',
  before_revision: 'names an instant before its revision was appended',
  reversed: 'must not be before from',
} as const;

function unanswered(answer: Unanswered): typeof stale {
  if (answer.kind === 'stale') return stale;
  throw invalid([{ path: answer.moment, message: messages[answer.kind] }]);
}
