import { z } from 'zod';
import { slug } from '#libs/domain/text.js';
import { ofOrg, onOrg, query, stale } from './query-row.js';

export const permissionQueries = {
  Permissions: query({
    path: '/v1/orgs/{orgId}/permissions',
    summary: 'What the caller may do in the organization, or in one of its environments',
    params: ofOrg,
    filter: z.strictObject({ environment: slug.optional() }),
    needs: (params) => [
      onOrg('org:view', params),
      onOrg('org:resolve', params),
      // A service that checks sees nothing else of the organization.
      onOrg('decision:evaluate', params),
    ],
    answer: z.object({
      permissions: z.array(z.string()).meta({ description: 'By name; those of /v1/actions' }),
      revision: z.string(),
      at: z.iso.datetime(),
    }),
    ask: async ({ orgId }, { environment: environmentId }, { caller, after, services }) => {
      const found = await services.checks.permittedActions(caller, {
        principal: { type: 'user', id: caller.id },
        resource: environmentId === undefined ? { kind: 'org', orgId } : { kind: 'environment', orgId, environmentId },
        at: undefined,
        after,
      });
      if (found.kind !== 'answered') return stale;
      const { revision, at } = found.stamp;
      return revision === undefined ? undefined : { permissions: [...found.actions], revision, at };
    },
  }),
} as const;
