import { z } from 'zod';
import type { Cause, EventCause } from '#libs/application/history/cause.js';
import type { ReviewedKey } from '#libs/application/history/review/keys.js';
import type { Movement } from '#libs/application/history/review/movements.js';
import type { ReviewedPerson } from '#libs/application/history/review/people.js';
import type { ReviewedConnection } from '#libs/application/history/review/review.js';
import type { EnvironmentDocument } from '#libs/domain/access/documents.js';
import {
  environmentShape,
  eventMembers,
  momentShape,
  orgShape,
  resourceShape,
  shownResource,
} from '../queries/history-shapes.js';

/** What is known of a person today; null once it was erased, and of machines. */
const named = { id: z.string(), name: z.string().nullable(), email: z.string().nullable() };
export type Names = ReadonlyMap<string, { readonly name: string | null; readonly email: string | null }>;

const event = z.object(eventMembers).meta({ description: 'An event of the log: what, when, by whom' });

const held = z.object({
  role: z.string(),
  source: z.string(),
  breakGlass: z.boolean().meta({ description: 'From the list of addresses that the scheme keeps for emergencies' }),
  notBefore: z.string().nullable(),
  notAfter: z.string().nullable(),
  evidence: z.array(event).meta({ description: 'What it rests on; the last one gave it' }),
});

const person = z.object({
  ...named,
  role: z.string().nullable().meta({ description: 'Of the membership; null for who is no member' }),
  since: event.nullable().meta({ description: 'What gave that role' }),
  suspended: event.nullable(),
  groups: z.array(z.object({ id: z.string(), name: z.string(), since: event })),
  access: z.array(z.object({ resource: resourceShape, roles: z.array(held) })),
  unconfirmed: z
    .array(z.object({ role: z.string(), assigned: event }))
    .meta({ description: 'Roles that hold nothing until a second person confirms them' }),
});
export type ShownPerson = z.input<typeof person>;

const privileged = z.object({
  ...named,
  role: z.string().nullable(),
  privileges: z.array(z.object({ resource: resourceShape, permissions: z.array(z.string()) })),
});
export type ShownPrivileged = z.input<typeof privileged>;

const standing = z.object({ role: z.string(), suspended: z.boolean() }).nullable();
const closing = z
  .object({ at: z.string(), seconds: z.number(), by: z.string().meta({ description: 'Id of the event behind it' }) })
  .nullable();
const movement = z.object({ ...named, before: standing, after: standing, event, requested: event });
const leaver = movement.extend({
  lastClosed: closing.meta({
    description:
      'When the last that they held here ended, and how long after the request; null: something is held still',
  }),
});
export type ShownMovement = z.input<typeof movement> & Partial<Pick<z.input<typeof leaver>, 'lastClosed'>>;

const connection = z.object({
  kind: z.literal('oauth_connection'),
  id: z.string(),
  environment: z.string(),
  provider: z.string(),
  name: z.string(),
  since: event,
  ageDays: z.int(),
});
const secret = z.object({
  kind: z.enum(['service_account_key', 'org_api_key', 'api_key', 'provider_key']),
  id: z.string(),
  owner: z.string().meta({ description: 'Who acts by it; of a key of an AI provider, that provider' }),
  lastFour: z.string(),
  since: event,
  ageDays: z.int(),
  rotated: event.nullable().meta({ description: 'When it was put in the place of another one, or renewed, last' }),
  notAfter: z.string().nullable().meta({ description: 'null: no end was set' }),
});
const key = z.discriminatedUnion('kind', [connection, secret]);
export type ShownKey = z.input<typeof key>;

const use = z.object({ ...named, event });
export type ShownUse = z.input<typeof use>;

export const headShape = z.object({
  report: z.literal('access-review'),
  at: momentShape,
  since: momentShape,
  generatedAt: z.string(),
  ledgerKey: z.string().meta({ description: 'Under which the ledger of these events is signed' }),
  org: orgShape,
  environments: z.array(environmentShape),
});
export type Head = z.input<typeof headShape>;

export const accessReviewShape = headShape.extend({
  population: z.array(person),
  privileged: z.array(privileged),
  joiners: z.array(movement),
  movers: z.array(movement),
  leavers: z.array(leaver),
  keys: z.array(key),
  breakGlass: z.array(use),
});

type Kinds = ReadonlyMap<string, EnvironmentDocument>;

const nameOf = (id: string, names: Names) => ({
  id,
  name: names.get(id)?.name ?? null,
  email: names.get(id)?.email ?? null,
});

export const shownEvent = ({ id, type, stream, revision, at, actor, command }: EventCause): z.input<typeof event> => ({
  id,
  type,
  stream,
  revision,
  at,
  actor,
  command,
});

export function shownPerson(found: ReviewedPerson, names: Names, kinds: Kinds, emergency?: string): ShownPerson {
  const { id, role, since, suspended, groups, access, unconfirmed } = found;
  return {
    ...nameOf(id, names),
    role: role ?? null,
    since: since ? shownEvent(since) : null,
    suspended: suspended ? shownEvent(suspended) : null,
    groups: groups.map((group) => ({ ...group, since: shownEvent(group.since) })),
    access: access.map(({ resource, roles }) => ({
      resource: shownResource(resource, kinds),
      roles: roles.map(({ binding, evidence }) => ({
        role: binding.role,
        source: binding.source,
        breakGlass: binding.source === 'email_allowlist' && binding.role === emergency,
        notBefore: instantOf(binding.from),
        notAfter: instantOf(binding.until),
        evidence: evidence.map(shownEvent),
      })),
    })),
    unconfirmed: unconfirmed.map((each) => ({ role: each.role, assigned: shownEvent(each.assigned) })),
  };
}

export const shownPrivileged = (found: ReviewedPerson, names: Names, kinds: Kinds): ShownPrivileged => ({
  ...nameOf(found.id, names),
  role: found.role ?? null,
  privileges: found.privileges.map(({ resource, permissions }) => ({
    resource: shownResource(resource, kinds),
    permissions: [...permissions],
  })),
});

export function shownMovement(found: Movement, names: Names): ShownMovement {
  const { kind, principal, before, after, cause, requested } = found;
  const closed = kind === 'left' ? found.lastClosed() : undefined;
  return {
    ...nameOf(principal, names),
    before: before ? { ...before } : null,
    after: after ? { ...after } : null,
    event: shownEvent(cause),
    requested: shownEvent(requested),
    ...(kind === 'left' ? { lastClosed: closed ? closedAfter(requested, closed) : null } : {}),
  };
}

export const shownConnection = (
  { id, environmentId, provider, name, connected }: ReviewedConnection,
  at: number,
): ShownKey => ({
  kind: 'oauth_connection',
  id,
  environment: environmentId,
  provider,
  name,
  since: shownEvent(connected),
  ageDays: daysBetween(connected.at, at),
});

export const shownKey = ({ given, rotated, notAfter, ...key }: ReviewedKey, at: number): ShownKey => ({
  ...key,
  since: shownEvent(given),
  ageDays: daysBetween(given.at, at),
  rotated: rotated ? shownEvent(rotated) : null,
  notAfter: notAfter ?? null,
});

export const shownUse = (cause: EventCause, names: Names): ShownUse => ({
  ...nameOf(cause.actor, names),
  event: shownEvent(cause),
});

const DAY_MS = 86_400_000;

const daysBetween = (from: string, to: number): number => Math.floor((to - Date.parse(from)) / DAY_MS);

const instantOf = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null);

const closedAfter = (requested: EventCause, last: Cause) => ({
  at: last.at,
  seconds: (Date.parse(last.at) - Date.parse(requested.at)) / 1000,
  by: last.kind === 'event' ? last.id : last.event,
});
