import { z } from 'zod';
import type { Introspected } from '#libs/application/credentials/introspection.js';

export const introspectionRequest = z.strictObject({
  token: z.string().min(1).max(500),
  /** As RFC 7662 has it; there is one kind. */
  token_type_hint: z.string().max(100).optional(),
});

const budget = z.object({
  of: z.enum(['environment', 'org']),
  /** In minor units of the currency. */
  amount: z.int(),
  currency: z.string(),
  period: z.string(),
});

export const introspection = z.union([
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    token_type: z.literal('environment_credential'),
    credential_id: z.string(),
    org: z.string(),
    environment: z.string(),
    /** Seconds since 1970; of a key that was replaced. */
    exp: z.int().optional(),
    models: z.array(z.object({ id: z.string(), provider: z.string(), name: z.string() })),
    mcp_servers: z.array(z.object({ id: z.string(), name: z.string(), url: z.string() })),
    /** All of them cap what the environment uses. */
    budgets: z.array(budget),
  }),
]);
export type Introspection = z.output<typeof introspection>;

export function shownKey(found: Exclude<Introspected, { kind: 'stale' | 'parked' }>): Introspection {
  if (found.kind === 'inactive') return { active: false };
  const { key, budgets } = found;
  return {
    active: true,
    token_type: 'environment_credential',
    credential_id: key.credentialId,
    org: key.orgId,
    environment: key.environmentId,
    ...(key.expiresAt === undefined ? {} : { exp: Math.floor(Date.parse(key.expiresAt) / 1000) }),
    models: [...key.models],
    mcp_servers: [...key.mcpServers],
    budgets: [...budgets],
  };
}
