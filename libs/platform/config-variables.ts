import { z } from 'zod';
import { principalId, text } from '#libs/domain/text.js';
import {
  collectorHeaders,
  collectorUrl,
  folder,
  hostName,
  issuerUrl,
  listOf,
  networkAddress,
  publicUrl,
  secretKey,
  secretUrl,
  secretValue,
  share,
  smtpUrl,
  wholeNumber,
} from './config-values.js';
import { perMinute, ofCallerAndOrg } from './config-limits.js';
import { realmList } from './config-realms.js';
import { isEmail, isMailbox } from './identity/email.js';

/** What `.env.example` and messages say of a variable. */
export const reference = z.registry<{ description: string; example: string }>();

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every environment variable that tenantry reads. */
export const configSchema = z.object({
  PORT: wholeNumber(0, 65_535).prefault('3000').register(reference, {
    description:
      'TCP port of the HTTP server, of the projector too, which serves /healthz, /readyz and /metrics; 0 takes any free one.',
    example: '3000',
  }),
  HOST: hostName.prefault('127.0.0.1').register(reference, {
    description: 'Address to listen on. Beyond loopback only with OIDC_ISSUERS.',
    example: '127.0.0.1',
  }),
  PUBLIC_URL: publicUrl.optional().register(reference, {
    description: 'How clients reach the server, for links and metadata. Default: http://127.0.0.1:<PORT>.',
    example: 'https://tenantry.example.com',
  }),
  DATA_DIR: folder
    .prefault('./data')
    .register(reference, { description: 'Folder of everything that is embedded.', example: './data' }),
  KEY_DIR: folder.prefault('./keys').register(reference, {
    description: 'Folder of the key files, apart from DATA_DIR so that a backup of one does not hold the other.',
    example: './keys',
  }),
  MASTER_KEY: secretKey.optional().register(reference, {
    description:
      'The master key that KEY_DIR begins with, 256 random bits in base64; without it one is made. Later on KEY_DIR must know it.',
    example: 'ZXhhbXBsZSBvbmx5OiBtYWtlIGFub3RoZXIgb25lISE',
  }),
  EVENTSTORE_URL: secretUrl(['esdb', 'esdb+discover']).optional().register(reference, {
    description: 'EventStoreDB cluster; without it the event store is embedded.',
    example: 'esdb+discover://user:password@events.example.com:2113?tls=true&tlsCaFile=/etc/tenantry/ca.crt',
  }),
  POSTGRES_URL: secretUrl(['postgres', 'postgresql']).optional().register(reference, {
    description: 'Postgres; without it Postgres is embedded.',
    example:
      'postgres://user:password@db.example.com:5432/tenantry?sslmode=verify-full&sslrootcert=/etc/tenantry/ca.crt',
  }),
  REDIS_URL: secretUrl(['redis', 'rediss']).optional().register(reference, {
    description:
      'Redis for access documents and rate limits; without it checks use the process and Postgres, and limits hold for each process.',
    example: 'rediss://user:password@redis.example.com:6379?tlsCaFile=/etc/tenantry/ca.crt',
  }),
  REALMS: realmList.prefault('default=enterprise').register(reference, {
    description:
      'Realms and the role scheme of each: id=scheme, or id=scheme@issuer for one of OIDC_ISSUERS; others serve the first realm.',
    example: 'default=enterprise,studio=studio@https://login.studio.example',
  }),
  OIDC_ISSUERS: listOf(issuerUrl).optional().register(reference, {
    description:
      'Trusted OpenID providers, separated by commas, exactly as `iss` names them. None: the development issuer is on.',
    example: 'https://login.example.com/realms/main,https://accounts.example.org',
  }),
  OIDC_AUDIENCE: text(255).optional().register(reference, {
    description: 'The `aud` that tokens must bear. Needed with OIDC_ISSUERS; otherwise the default is tenantry.',
    example: 'tenantry',
  }),
  PLATFORM_ADMIN_GROUP: text(256).optional().register(reference, {
    description: 'People whose token names this group administer the platform.',
    example: 'platform-admins',
  }),
  PLATFORM_ADMIN_EMAILS: listOf(z.string().refine(isEmail, 'must be e-mail addresses, separated by commas'))
    .optional()
    .register(reference, {
      description:
        'People with these verified addresses administer the platform; admin@localhost too while the development issuer is on.',
      example: 'ada@example.com,grace@example.com',
    }),
  PLATFORM_SYSTEM_USER_ID: principalId.optional().register(reference, {
    description: 'Principal id of the platform itself: an internal service that acts everywhere.',
    example: 'system',
  }),
  LOG_LEVEL: z
    .enum(levels, `must be one of ${levels.join(', ')}`)
    .prefault('info')
    .register(reference, { description: `Least severe level that is logged: ${levels.join(', ')}.`, example: 'info' }),
  READ_WAIT_MS: wholeNumber(0, 60_000).prefault('2000').register(reference, {
    description: 'How long a read with a Consistency-Token waits for the read models, in milliseconds.',
    example: '2000',
  }),
  RATE_LIMIT_COMMANDS: ofCallerAndOrg.prefault('60000,120000').register(reference, {
    description:
      'Commands a minute, each of a batch counted: of one caller, of one organization; off for no limit, as in all of these. ' +
      'With REDIS_URL all processes count together.',
    example: '600,6000',
  }),
  RATE_LIMIT_CHECKS: ofCallerAndOrg.prefault('6000000,6000000').register(reference, {
    description: 'Evaluations a minute, each of a batch counted: of one caller, of one organization.',
    example: '100000,1000000',
  }),
  RATE_LIMIT_SEARCHES: ofCallerAndOrg.prefault('60000,120000').register(reference, {
    description: 'Pages of searches a minute: of one caller, of one organization.',
    example: '600,6000',
  }),
  RATE_LIMIT_QUERIES: ofCallerAndOrg.prefault('60000,120000').register(reference, {
    description: 'Reads of lists, history and the audit log a minute: of one caller, of one organization.',
    example: '600,6000',
  }),
  RATE_LIMIT_EXPORTS: ofCallerAndOrg.prefault('30,60').register(reference, {
    description: 'Exports of the audit log a minute: of one caller, of one organization.',
    example: '2,10',
  }),
  RATE_LIMIT_REFUSALS: perMinute.prefault('600').register(reference, {
    description:
      'Refused commands of one caller a minute, and as many reads whose refusal is recorded; beyond that none of theirs is looked at.',
    example: '60',
  }),
  RATE_LIMIT_TOKENS: perMinute.prefault('600').register(reference, {
    description:
      'Exchanges of keys for tokens a minute: of one client, and from one address, where wrong keys count too.',
    example: '60',
  }),
  FEED_CONNECTIONS: ofCallerAndOrg.prefault('20,200').register(reference, {
    description:
      'Feeds of changes that may wait at once in a process: of one caller, of one organization; off for no limit.',
    example: '5,50',
  }),
  WITNESS_INTERVAL_MS: wholeNumber(0, 86_400_000).prefault('60000').register(reference, {
    description:
      'How long at least between two checkpoints that are delivered to the witness of one organization, in milliseconds.',
    example: '60000',
  }),
  WITNESS_PRIVATE_HOSTS: listOf(hostName)
    .optional()
    .register(reference, {
      description:
        'Hosts to which checkpoints may be delivered, and where identity providers of realms may be, although their addresses ' +
        'are private: names or addresses, as URLs have them. Loopback too while the development issuer is on.',
      example: 'witness.internal,10.0.0.7',
    }),
  LITELLM_URL: collectorUrl.optional().register(reference, {
    description:
      "LiteLLM proxy that is told of environments' virtual keys; without it whoever accepts keys asks " +
      '/v1/credentials/introspect.',
    example: 'http://litellm.example.com:4000',
  }),
  LITELLM_MASTER_KEY: secretValue.optional().register(reference, {
    description: "Key of the proxy's admin API.",
    example: 'sk-1234',
  }),
  SMTP_URL: smtpUrl.optional().register(reference, {
    description:
      'SMTP server that invitations are mailed by; without it mails go nowhere, and the log tells that they were written.',
    example: 'smtps://user:password@mail.example.com',
  }),
  MAIL_FROM: z.string().refine(isMailbox, 'must be an e-mail address').optional().register(reference, {
    description: 'Address that mails come from. Needed with SMTP_URL.',
    example: 'tenantry@example.com',
  }),
  TRUST_PROXY: listOf(networkAddress)
    .optional()
    .register(reference, {
      description:
        'Proxies in front of the server, by address or network: what they say in X-Forwarded-For is the client that the ' +
        'audit log names. None: the address that is connected.',
      example: '10.0.0.0/8,192.0.2.7',
    }),
  DRAIN_MS: wholeNumber(0, 60_000)
    .optional()
    .register(reference, {
      description:
        'How long after SIGTERM requests are still served while /readyz answers 503, in milliseconds, so that balancers stop ' +
        'sending first. Default: 5000 with OIDC_ISSUERS, otherwise 0.',
      example: '5000',
    }),
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl.optional().register(reference, {
    description: 'Collector of OpenTelemetry traces, by OTLP over HTTP; without it nothing is traced.',
    example: 'http://collector.example.com:4318',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: collectorHeaders.optional().register(reference, {
    description: 'Headers for the collector: name=value, separated by commas, values percent-encoded.',
    example: 'authorization=Bearer%20secret',
  }),
  OTEL_SERVICE_NAME: text(255)
    .prefault('tenantry')
    .register(reference, { description: 'How traces name this service.', example: 'tenantry-eu' }),
  OTEL_TRACES_SAMPLER_ARG: share.prefault('1').register(reference, {
    description:
      'Share of the traces begun here that are kept, from 0 to 1; a caller that sends a traceparent decides itself.',
    example: '0.1',
  }),
});

export type VariableName = keyof typeof configSchema.shape;

export const variableNames = Object.keys(configSchema.shape).filter(isVariableName);

export function isVariableName(name: PropertyKey | undefined): name is VariableName {
  return name !== undefined && Object.hasOwn(configSchema.shape, name);
}

/** What holds when nothing is given, as one would write it. */
export function presetOf(name: VariableName): string | undefined {
  const schema: z.ZodType = configSchema.shape[name];
  const preset = schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
  return typeof preset === 'string' ? preset : undefined;
}

export function referenceOf(name: VariableName): { description: string; example: string } {
  return reference.get(configSchema.shape[name]) ?? { description: '', example: '' };
}
