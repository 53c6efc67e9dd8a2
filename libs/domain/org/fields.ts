import { z } from 'zod';
import { principalId, slug } from '../text.js';

// Parts of the stored format and of commands alike.
export const grantee = z.strictObject({ type: z.enum(['user', 'group']), id: principalId });
export const roleKey = z.string().regex(/^org\.[a-z][a-z-]{0,60}$/, 'must look like org.admin');
export const childRoleKey = z
  .string()
  .regex(/^(environment|workspace|project)\.[a-z][a-z-]{0,60}$/, 'must look like workspace.viewer');
/** A product or a project, by an id that is somebody else's and opaque here; no address, as it stands in the log for good. */
export const content = z.strictObject({
  kind: z.enum(['product', 'project']),
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be 1 to 128 letters, digits or . _ -'),
});
/** An environment that comes with an invitation. */
export const invitedTo = z.strictObject({ environmentId: slug, role: childRoleKey.optional() });
/** Where something is listening: no credentials in it, which are secrets and stand nowhere in events. */
export const endpoint = z
  .url({ protocol: /^https?$/, hostname: z.regexes.hostname })
  .max(500)
  .regex(/^[\x21-\x7e]*$/, 'must be written in ASCII, without blanks')
  .refine((value) => !URL.canParse(value) || withoutCredentials(new URL(value)), 'must hold no credentials');
const withoutCredentials = ({ username, password }: URL) => username === '' && password === '';
/** Where an outside witness listens: encrypted, except on the machine itself, where development has no certificates. */
export const witnessUrl = endpoint.refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === 'https:' || loopback.has(url?.hostname ?? '');
}, 'must be https; http is for loopback only');
const loopback: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost']);
/** What an organization configures and tenantry keeps without looking into it. */
export const documentKind = z.enum(['routing', 'guardrails', 'sso']);
export type DocumentKind = z.output<typeof documentKind>;

/** Of mail addresses. */
export const domain = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'must be a domain like acme.test, in lower case');

/** Where an organization's people sign in, and whose addresses they have. Public parts alone: secrets are the identity broker's. */
export const sso = z.strictObject({
  /** As tokens name it. */
  issuer: witnessUrl,
  clientId: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 ASCII characters without blanks'),
  domains: z
    .array(domain)
    .min(1)
    .max(50)
    .transform((domains) => [...new Set(domains)].sort()),
});

const MAX_DOCUMENT = 30 * 1024;
/** Any JSON object that Postgres takes as well, which knows neither NUL nor lone surrogates. */
export const opaqueDocument = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= MAX_DOCUMENT,
    `must have at most ${MAX_DOCUMENT} characters as JSON`,
  )
  .refine((value) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)), 'must hold well-formed text without NUL');

/** A part of a credential: `apiKey`, `secretAccessKey`, `region`. */
export const credentialField = z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/, 'must look like apiKey');
/**
 * What events and answers hold of a secret: where it is kept, a keyed fingerprint by which the same one is recognized,
 * and the end of each part that is long enough to give that away.
 */
export const secretReference = z.strictObject({
  secretId: z.uuid(),
  fingerprint: z.base64url().length(43),
  lastFour: z.record(credentialField, z.string().max(4)),
});
export type SecretReference = z.output<typeof secretReference>;

export const budget = z.strictObject({
  /** In minor units of the currency. */
  amount: z.int().min(0).max(1_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code like EUR'),
  period: z.enum(['day', 'month', 'total']),
});
