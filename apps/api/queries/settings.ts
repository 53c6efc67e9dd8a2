import { z } from 'zod';
import { placeOfBudget } from '#libs/domain/org/budgets.js';
import { nothing, ofOrg, onOrg, query } from './query-row.js';
import { settingsIn } from './stored-settings.js';

const budget = z.object({
  amount: z.int(),
  currency: z.string(),
  period: z.string(),
  /** Both absent for the budget of the organization as a whole. */
  environmentId: z.string().optional(),
  userId: z.string().optional(),
});

export const settingsQueries = {
  Settings: query({
    path: '/v1/orgs/{orgId}/settings',
    summary: 'What an organization has configured: routing, guardrails, single sign-on, MCP servers, budgets, witness',
    params: ofOrg,
    filter: nothing,
    needs: (params) => [
      onOrg('settings:view', params),
      onOrg('routing:manage', params),
      onOrg('guardrail:manage', params),
    ],
    answer: z.object({
      documents: z.record(z.string(), z.object({ version: z.int(), document: z.unknown() })),
      mcpServers: z.array(z.object({ id: z.string(), name: z.string(), url: z.string() })),
      budgets: z.array(budget),
      /** Absent where nobody is given checkpoints. */
      checkpointWitness: z.object({ url: z.string() }).optional(),
    }),
    ask: async ({ orgId }, _, { services }) => {
      const found = await settingsIn(services.reads, orgId);
      const { documents = {}, mcpServers = {}, budgets = {}, checkpointWitness } = found ?? {};
      return {
        documents: Object.fromEntries(
          Object.entries(documents).map(([kind, { version, document }]) => [
            kind,
            { version, document: JSON.parse(document) as unknown },
          ]),
        ),
        mcpServers: Object.entries(mcpServers).map(([id, server]) => ({ id, ...server })),
        budgets: Object.entries(budgets).map(([key, limits]) => ({ ...limits, ...placeOfBudget(key) })),
        ...(checkpointWitness === undefined ? {} : { checkpointWitness }),
      };
    },
  }),
} as const;
