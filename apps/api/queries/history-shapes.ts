import { z } from 'zod';
import type { Cause } from '#libs/application/history/cause.js';
import type { AccessChange } from '#libs/application/history/diff.js';
import type { HistoryMoment } from '#libs/application/history/moments.js';
import type { PrincipalAccess } from '#libs/application/history/state.js';
import type { Interval } from '#libs/application/history/timeline.js';
import { positionText } from '#libs/application/ports/event-store.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import type { EnvironmentDocument, OrgDocument } from '#libs/domain/access/documents.js';
import { isPermission } from '#libs/domain/schemes/actions.js';

export const momentShape = z
  .object({ revision: z.string().optional(), position: z.string().optional(), at: z.string() })
  .meta({ description: 'Asked for again as `<revision>@<at>`, it gives the same answer' });

export const shownMoment = ({ org, at }: HistoryMoment): z.input<typeof momentShape> => ({
  ...(org.revision < 0n ? {} : { revision: `${org.revision}` }),
  ...(org.position === undefined ? {} : { position: positionText(org.position) }),
  at: iso(at),
});

export const resourceShape = z.object({ type: z.string(), id: z.string() });

/** As AuthZEN names it. */
export function shownResource(
  resource: Resource,
  kinds: ReadonlyMap<string, EnvironmentDocument> = new Map(),
): z.input<typeof resourceShape> {
  if (resource.kind === 'org') return { type: 'org', id: resource.orgId };
  if (resource.kind !== 'environment') throw new Error(`${resource.kind} is no resource of an organization`);
  const { orgId, environmentId } = resource;
  return { type: kinds.get(environmentId)?.kind ?? 'environment', id: `${orgId}/${environmentId}` };
}

/** An event of the log: what, when, by whom. */
export const eventMembers = {
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  revision: z.string(),
  at: z.string(),
  actor: z.string(),
  command: z.string(),
};

const cause = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), ...eventMembers }),
  z.object({
    kind: z.literal('time'),
    at: z.string(),
    edge: z.enum(['began', 'ended']),
    source: z.string(),
    /** Id of the event that gave what began or ended. */
    event: z.string(),
  }),
]);

export const orgShape = z.object({
  id: z.string(),
  status: z.string(),
  name: z.string().nullable(),
  /** Absent where there is none. */
  description: z.string().optional(),
  ownerId: z.string().nullable(),
  scheme: z.object({ id: z.string(), version: z.int() }).nullable(),
});

/** `none` before it was created: then nothing else is known of it. */
export function shownOrg(id: string, org: OrgDocument): z.input<typeof orgShape> {
  if (org.status === 'none') return { id, status: 'none', name: null, ownerId: null, scheme: null };
  const { name, description, ownerId, scheme, suspension, status } = org;
  const described = description === undefined ? {} : { description };
  return { id, status: suspension === undefined ? status : 'suspended', name, ...described, ownerId, scheme };
}

export const environmentShape = z.object({ id: z.string(), kind: z.string(), name: z.string() });

export const shownEnvironment = ({ id, kind, name }: EnvironmentDocument): z.input<typeof environmentShape> => ({
  id,
  kind: kind ?? 'environment',
  name,
});

export const principalShape = z.object({
  id: z.string(),
  /** Of the membership; null for who is no member, and reaches the organization from the platform. */
  role: z.string().nullable(),
  suspended: z.boolean(),
  access: z.array(
    z.object({
      resource: resourceShape,
      roles: z.array(
        z.object({
          role: z.string(),
          source: z.string(),
          notBefore: z.string().nullable(),
          notAfter: z.string().nullable(),
          evidence: z.array(z.string()),
        }),
      ),
    }),
  ),
});

export const shownPrincipal = (
  { id, role, suspended, access }: PrincipalAccess,
  environments: ReadonlyMap<string, EnvironmentDocument>,
): z.input<typeof principalShape> => ({
  id,
  role: role ?? null,
  suspended,
  access: access.map(({ resource, bindings }) => ({
    resource: shownResource(resource, environments),
    roles: bindings.map(({ role: held, source, evidence, from, until }) => ({
      role: held,
      source,
      notBefore: Number.isFinite(from) ? iso(from) : null,
      notAfter: Number.isFinite(until) ? iso(until) : null,
      evidence: [...evidence],
    })),
  })),
});

export const changeShape = z.object({
  principal: z.string(),
  resource: resourceShape,
  change: z.enum(['gained', 'lost']),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  cause,
});

export const shownChange = (
  { principal, resource, change, held, cause: by }: AccessChange,
  environments: ReadonlyMap<string, EnvironmentDocument>,
): z.input<typeof changeShape> => ({
  principal,
  resource: shownResource(resource, environments),
  change,
  roles: held.filter((each) => !isPermission(each)),
  permissions: held.filter(isPermission),
  cause: shownCause(by),
});

const shownCause = (by: Cause): z.input<typeof cause> => ({ ...by });

export const intervalShape = z.object({
  from: z.string().nullable(),
  until: z.string().nullable(),
  decision: z.boolean(),
  reason: z.string(),
  role: z.string().optional(),
  cause: cause.nullable(),
});

export const shownInterval = ({ from, until, decision, reason, role, cause: by }: Interval) => ({
  from: from === undefined ? null : iso(from),
  until: until === undefined ? null : iso(until),
  decision,
  reason,
  ...(role === undefined ? {} : { role }),
  cause: by === undefined ? null : shownCause(by),
});

const iso = (ms: number) => new Date(ms).toISOString();
