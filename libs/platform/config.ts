import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { asciiLowerCase } from './identity/email.js';
import type { RateLimit, RateLimits } from './config-limits.js';
import { problemsOf } from './config-problems.js';
import { configSchema, presetOf, referenceOf, variableNames } from './config-variables.js';
import { Secret } from './secret.js';

export type LogLevel = z.output<typeof configSchema>['LOG_LEVEL'];

export interface Config {
  readonly port: number;
  readonly host: string;
  /** How clients reach the server; never taken from a request's Host. No slash at the end. */
  readonly publicUrl: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly keyDir: string;
  /** In base64url. Undefined: made where there is none. */
  readonly masterKey: Secret<string> | undefined;
  /** Undefined: embedded. */
  readonly eventStoreUrl: Secret<string> | undefined;
  /** Undefined: embedded. */
  readonly postgresUrl: Secret<string> | undefined;
  /** Undefined: one tier of caching fewer. */
  readonly redisUrl: Secret<string> | undefined;
  /** At least one; issuers that name none vouch for the first one's people. */
  readonly realms: readonly RealmConfig[];
  readonly identity: {
    /** Trusted OpenID providers, as their tokens name them. */
    readonly issuers: readonly string[];
    readonly audience: string;
    /** On exactly while no provider is configured. */
    readonly developmentIssuer: boolean;
  };
  readonly platformAdmins: {
    readonly group: string | null;
    readonly emails: readonly string[];
    readonly systemUserId: string | null;
  };
  readonly logLevel: LogLevel;
  readonly readWaitMs: number;
  readonly limits: RateLimits;
  /** Feeds of changes that may wait at once in a process. */
  readonly feedConnections: RateLimit;
  readonly witness: {
    /** Between two deliveries to one organization's witness. */
    readonly intervalMs: number;
    /** May have private addresses. */
    readonly privateHosts: readonly string[];
  };
  /** Undefined: nobody is told of virtual keys. */
  readonly litellm: { readonly url: string; readonly masterKey: Secret<string> } | undefined;
  /** Undefined: mails go nowhere. */
  readonly mail: { readonly url: Secret<string>; readonly from: string } | undefined;
  /** Addresses and networks of proxies, which are believed where requests come from. */
  readonly trustedProxies: readonly string[];
  /** How long requests are still served after SIGTERM, while /readyz says that no more should be sent. */
  readonly drainMs: number;
  /** Undefined: nothing is traced. */
  readonly tracing: TracingConfig | undefined;
}

export interface TracingConfig {
  /** Base URL of a collector that speaks OTLP over HTTP. No slash at the end. */
  readonly endpoint: string;
  readonly headers: Secret<Readonly<Record<string, string>>>;
  readonly serviceName: string;
  /** From 0 to 1. */
  readonly sampled: number;
}

export type RealmConfig = z.output<typeof configSchema>['REALMS'][number];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration cannot be used; the message lists every problem for whoever set it. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.join('\n')}`,
    );
  }
}

const developmentAdmin = 'admin@localhost';
const PRODUCTION_DRAIN_MS = 5000;

/** Reads and checks everything at once. Throws ConfigInvalid. */
export function loadConfig(environment: Environment = processEnvironment()): Config {
  const given = withoutEmpties(environment);
  const parsed = configSchema.safeParse(given);
  const problems = problemsOf(given, parsed.error);
  if (!parsed.success || problems.length > 0) throw new ConfigInvalid(problems);
  const values = parsed.data;
  const issuers = values.OIDC_ISSUERS ?? [];
  const developmentIssuer = issuers.length === 0;
  const emails = [...(values.PLATFORM_ADMIN_EMAILS ?? []), ...(developmentIssuer ? [developmentAdmin] : [])];
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    publicUrl: values.PUBLIC_URL ?? `http://127.0.0.1:${values.PORT}`,
    dataDir: resolve(values.DATA_DIR),
    keyDir: resolve(values.KEY_DIR),
    masterKey: values.MASTER_KEY,
    eventStoreUrl: values.EVENTSTORE_URL,
    postgresUrl: values.POSTGRES_URL,
    redisUrl: values.REDIS_URL,
    realms: Object.freeze(values.REALMS),
    identity: Object.freeze({
      issuers: Object.freeze(issuers),
      audience: values.OIDC_AUDIENCE ?? 'tenantry',
      developmentIssuer,
    }),
    platformAdmins: Object.freeze({
      group: values.PLATFORM_ADMIN_GROUP ?? null,
      emails: Object.freeze([...new Set(emails.map(asciiLowerCase))]),
      systemUserId: values.PLATFORM_SYSTEM_USER_ID ?? null,
    }),
    logLevel: values.LOG_LEVEL,
    readWaitMs: values.READ_WAIT_MS,
    limits: Object.freeze({
      commands: values.RATE_LIMIT_COMMANDS,
      checks: values.RATE_LIMIT_CHECKS,
      searches: values.RATE_LIMIT_SEARCHES,
      queries: values.RATE_LIMIT_QUERIES,
      exports: values.RATE_LIMIT_EXPORTS,
      refusals: values.RATE_LIMIT_REFUSALS,
      tokens: values.RATE_LIMIT_TOKENS,
    }),
    feedConnections: values.FEED_CONNECTIONS,
    witness: Object.freeze({
      intervalMs: values.WITNESS_INTERVAL_MS,
      privateHosts: Object.freeze([
        ...(values.WITNESS_PRIVATE_HOSTS ?? []),
        ...(developmentIssuer ? ['localhost', '127.0.0.1', '::1'] : []),
      ]),
    }),
    litellm: litellmOf(values),
    mail: mailOf(values),
    trustedProxies: Object.freeze(values.TRUST_PROXY ?? []),
    drainMs: values.DRAIN_MS ?? (developmentIssuer ? 0 : PRODUCTION_DRAIN_MS),
    tracing: tracingOf(values),
  });
}

function litellmOf({
  LITELLM_URL: url,
  LITELLM_MASTER_KEY: masterKey,
}: z.output<typeof configSchema>): Config['litellm'] {
  return url === undefined || masterKey === undefined ? undefined : Object.freeze({ url, masterKey });
}

function mailOf({ SMTP_URL: url, MAIL_FROM: from }: z.output<typeof configSchema>): Config['mail'] {
  return url === undefined || from === undefined ? undefined : Object.freeze({ url, from });
}

function tracingOf(values: z.output<typeof configSchema>): TracingConfig | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = values;
  if (endpoint === undefined) return undefined;
  return Object.freeze({
    endpoint,
    headers: headers ?? new Secret({}),
    serviceName: values.OTEL_SERVICE_NAME,
    sampled: values.OTEL_TRACES_SAMPLER_ARG,
  });
}

/** The text of `.env.example`: every variable with its meaning, a default where it has one, an example elsewhere. */
export function configReference(): string {
  const intro = [
    '# Every variable that tenantry reads. Copy to `.env`, or set them in the environment, which wins over the file.',
    '# Empty means: not set.',
  ];
  const blocks = variableNames.map((name) => {
    const { description, example } = referenceOf(name);
    const preset = presetOf(name);
    const hint = preset === undefined ? [`# Example: ${name}=${example}`] : [];
    return [`# ${description}`, ...hint, `${name}=${preset ?? ''}`].join('\n');
  });
  return `${[intro.join('\n'), ...blocks].join('\n\n')}\n`;
}

/** What the process was given; a `.env` file in the working folder fills in what is missing. */
function processEnvironment(): Environment {
  return { ...environmentFile(), ...withoutEmpties(process.env) };
}

function environmentFile(): Environment {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

function withoutEmpties(environment: Environment): Record<string, string> {
  const entries = variableNames.map((name) => [name, environment[name]?.trim() ?? ''] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}
