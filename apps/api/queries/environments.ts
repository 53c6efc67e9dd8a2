import { z } from 'zod';
import type { EnvironmentCredential, EnvironmentDocument } from '#libs/domain/access/documents.js';
import { documentsOf } from '#projections/access-documents/queries.js';
import { type Environment, environment, environmentsOf } from '#projections/environments/queries.js';
import { grantsOn } from '#projections/environment-access/queries.js';
import { cursorTo, keyFrom, pageOf } from './cursor.js';
import { listed } from './listed.js';
import {
  type Asking,
  next,
  nothing,
  ofEnvironment,
  ofOrg,
  onEnvironment,
  onOrg,
  page,
  query,
  slugKey,
  stale,
} from './query-row.js';
import { validProviders } from './stored-settings.js';

/** Environments looked at for one page, so that somebody who sees few of very many still gets an answer in time. */
const MAX_EXAMINED = 1000;
const CHUNK = 100;

const mcpServer = z.object({ id: z.string(), name: z.string(), url: z.string() });
const oauthConnection = z.object({ id: z.string(), provider: z.string(), name: z.string() });
const model = z.object({
  id: z.string(),
  provider: z.string(),
  name: z.string(),
  /** False while the organization holds no key of the provider, where its models come from its own keys. */
  valid: z.boolean(),
});
const shape = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  /** Where the scheme knows of them, and one was named at the creation. */
  cloudProvider: z.string().optional(),
  createdAt: z.string(),
  createdBy: z.string(),
  models: z.array(model),
  mcpServers: z.array(mcpServer),
  oauthConnections: z.array(oauthConnection),
  /** The virtual key, by its id; absent where there is none. `formerUntil`: until when the one before is accepted. */
  credential: z.object({ id: z.string(), formerUntil: z.string().optional() }).optional(),
});

async function shownAll(
  reads: Asking['services']['reads'],
  orgId: string,
  rows: readonly Environment[],
): Promise<z.input<typeof shape>[]> {
  const ids = rows.map(({ environment_id: id }) => id);
  const [documents, isValid] = await Promise.all([
    documentsOf(reads, orgId, 'environment', ids),
    validProviders(reads, orgId),
  ]);
  // The access documents' own projection wrote them, from the domain's type.
  return rows.map((row) => shown(row, documents.get(row.environment_id) as EnvironmentDocument | undefined, isValid));
}

const shownCredential = ({ id, former }: EnvironmentCredential) => ({
  id,
  ...(former === undefined ? {} : { formerUntil: former.until }),
});

const shown = (
  row: Environment,
  document: EnvironmentDocument | undefined,
  isValid: (provider: string) => boolean,
): z.input<typeof shape> => ({
  id: row.environment_id,
  kind: row.kind,
  name: row.name,
  ...(document?.cloudProvider === undefined ? {} : { cloudProvider: document.cloudProvider }),
  createdAt: row.created_at,
  createdBy: row.created_by,
  models: row.models.map(({ model_id: id, provider, name }) => ({ id, provider, name, valid: isValid(provider) })),
  mcpServers: listed(document?.mcpServers),
  oauthConnections: listed(document?.oauthConnections),
  ...(document?.credential === undefined ? {} : { credential: shownCredential(document.credential) }),
});

export const environmentQueries = {
  Environments: query({
    path: '/v1/orgs/{orgId}/environments',
    summary:
      'The environments that the caller may see, by id; a page may hold fewer than its limit and still have a next one',
    params: ofOrg,
    filter: page,
    needs: (params) => [onOrg('org:view', params)],
    answer: z.object({ environments: z.array(shape), next }),
    ask: async ({ orgId }, { limit, cursor }, asking) => {
      const scope = ['Environments', orgId, asking.caller.id];
      const found = await visible(orgId, keyFrom(cursor, scope, slugKey), limit, asking);
      if (found === stale) return stale;
      const rest = found.endedAt === undefined ? {} : { next: cursorTo(scope, found.endedAt) };
      return { environments: await shownAll(asking.services.reads, orgId, found.rows), ...rest };
    },
  }),

  Environment: query({
    path: '/v1/orgs/{orgId}/environments/{environmentId}',
    summary: 'One environment with what it holds',
    params: ofEnvironment,
    filter: nothing,
    needs: (params) => [onEnvironment('environment:see', params)],
    answer: shape,
    ask: async ({ orgId, environmentId }, _, { services }) => {
      const row = await environment(services.reads, orgId, environmentId);
      return row && (await shownAll(services.reads, orgId, [row]))[0];
    },
  }),

  EnvironmentAccess: query({
    path: '/v1/orgs/{orgId}/environments/{environmentId}/access',
    summary: 'The grants on an environment, by grantee',
    params: ofEnvironment,
    filter: page,
    needs: (params) => [onEnvironment('environment:grant', params)],
    answer: z.object({
      grants: z.array(
        z.object({
          grantee: z.object({ type: z.string(), id: z.string() }),
          notBefore: z.string().nullable(),
          notAfter: z.string().nullable(),
          role: z.string().nullable(),
          grantedBy: z.string(),
          grantedAt: z.string(),
          eventId: z.string(),
        }),
      ),
      next,
    }),
    ask: async ({ orgId, environmentId }, { limit, cursor }, { services }) => {
      const scope = ['EnvironmentAccess', orgId, environmentId];
      const from = keyFrom(cursor, scope, granteeKey);
      const [type = '', id = ''] = from?.split(' ') ?? [];
      const after = from === undefined ? undefined : { type, id };
      const rows = await grantsOn(services.reads, orgId, environmentId, { after, limit: limit + 1 });
      const { items, ...rest } = pageOf(rows, limit, scope, (row) => `${row.grantee_type} ${row.grantee_id}`);
      const grants = items.map((row) => ({
        grantee: { type: row.grantee_type, id: row.grantee_id },
        notBefore: row.not_before,
        notAfter: row.not_after,
        role: row.role,
        grantedBy: row.granted_by,
        grantedAt: row.granted_at,
        eventId: row.event_id,
      }));
      return { grants, ...rest };
    },
  }),
} as const;

const granteeKey = z.string().regex(/^[a-z]{1,20} [A-Za-z0-9._@-]{1,128}$/);

interface Visible {
  readonly rows: readonly Environment[];
  /** The last environment looked at, where there may be more. */
  readonly endedAt: string | undefined;
}

async function visible(
  orgId: string,
  after: string | undefined,
  limit: number,
  { caller, after: seen, services }: Asking,
): Promise<Visible | typeof stale> {
  const rows: Environment[] = [];
  let last = after;
  for (let examined = 0; examined < MAX_EXAMINED; examined += CHUNK) {
    const chunk = await environmentsOf(services.reads, orgId, { after: last, limit: CHUNK });
    const answers = await Promise.all(
      chunk.map(({ environment_id: environmentId }) =>
        services.reading.access(caller, 'environment:see', { kind: 'environment', orgId, environmentId }, seen),
      ),
    );
    for (const [index, row] of chunk.entries()) {
      const kind = answers[index]?.kind;
      if (kind === 'stale' || kind === 'parked') return stale;
      last = row.environment_id;
      if (kind === 'allowed' && rows.push(row) === limit) return { rows, endedAt: last };
    }
    if (chunk.length < CHUNK) return { rows, endedAt: undefined };
  }
  return { rows, endedAt: last };
}
