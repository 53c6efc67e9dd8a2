import { z } from 'zod';
import type { Introspected } from '#libs/application/credentials/introspection.js';
import type { IntrospectedPersonal } from '#libs/application/credentials/personal-introspection.js';

export const introspectionRequest = z.strictObject({
  /** A virtual key, or a token that a person signs in with: as long as one in a header may be. */
  token: z.string().min(1).max(16_384),
  /** As RFC 7662 has it; it is not needed. */
  token_type_hint: z.string().max(100).optional(),
});

const limit = z.object({
  limited: z.string().meta({ description: 'budget, runsPerMonth or creditsPerMonth' }),
  /** Of a budget in minor units of the currency. */
  limit: z.int(),
  usage: z.int(),
  period: z.string(),
  currency: z.string().optional(),
  /** Where it is of the environment alone. */
  environment: z.string().optional(),
});

const models = z.array(z.object({ id: z.string(), provider: z.string(), name: z.string() }));

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
    models,
    mcp_servers: z.array(z.object({ id: z.string(), name: z.string(), url: z.string() })),
    /** No cap that bears on the environment is reached: the tightest one wins. */
    spendable: z.boolean(),
    limits: z.array(limit),
  }),
  z.object({
    active: z.literal(true),
    token_type: z.literal('personal'),
    sub: z.string(),
    /** The person's own one. */
    environment: z.string(),
    exp: z.int(),
    models,
  }),
]);
export type Introspection = z.output<typeof introspection>;

export const shownPersonal = ({
  ownerId,
  expiresAtMs,
  models: shown,
}: Extract<IntrospectedPersonal, { kind: 'personal' }>): Introspection => ({
  active: true,
  token_type: 'personal',
  sub: ownerId,
  environment: `personal/${ownerId}`,
  exp: Math.floor(expiresAtMs / 1000),
  models: [...shown],
});

export function shownKey(found: Exclude<Introspected, { kind: 'stale' | 'parked' }>): Introspection {
  if (found.kind === 'inactive') return { active: false };
  const { key, spendable, limits } = found;
  return {
    active: true,
    token_type: 'environment_credential',
    credential_id: key.credentialId,
    org: key.orgId,
    environment: key.environmentId,
    ...(key.expiresAt === undefined ? {} : { exp: Math.floor(Date.parse(key.expiresAt) / 1000) }),
    models: [...key.models],
    mcp_servers: [...key.mcpServers],
    spendable,
    limits: limits.map(({ cap: { limited, limit: most, meter, currency, environmentId }, usage }) => ({
      limited,
      limit: most,
      usage,
      period: meter.period,
      ...(currency === undefined ? {} : { currency }),
      ...(environmentId === undefined ? {} : { environment: environmentId }),
    })),
  };
}
