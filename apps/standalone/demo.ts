import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadConfig } from '#libs/platform/config.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { createLogger } from '#libs/platform/logging.js';
import { type Answer, Narrator, Surprise } from './demo-narrator.js';
import { startStandalone } from './standalone.js';

const ORG = '/v1/orgs/acme';
const TOKEN_TTL_SECONDS = 600;
const people = [
  { sub: 'admin', email: 'admin@localhost' },
  { sub: 'alice', email: 'alice@acme.test' },
  { sub: 'bob', email: 'bob@acme.test' },
] as const;
const mayBobUseIt = {
  subject: { type: 'user', id: 'bob' },
  action: { name: 'environment:use' },
  resource: { type: 'environment', id: 'acme/production' },
};
const bobOnProduction = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };

/** The first story, told against an instance of its own that leaves nothing behind. */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-demo-'));
  process.stdout.write('Starting a throwaway tenantry …\n');
  try {
    const config = loadConfig({
      DATA_DIR: join(folder, 'data'),
      KEY_DIR: join(folder, 'keys'),
      PORT: '0',
      LOG_LEVEL: 'silent',
    });
    const standalone = await startStandalone(config, createLogger(config.logLevel));
    try {
      const keys = await loadKeys(config.keyDir);
      const tokens = new Map<string, string>();
      for (const claims of people)
        tokens.set(claims.sub, await signDevToken(keys, { ...claims, ttlSeconds: TOKEN_TTL_SECONDS }));
      await tell(new Narrator(standalone.url, tokens));
    } finally {
      await standalone.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write('\nThat was all; the instance and its data are gone. `npm start` runs one that stays.\n');
}

async function tell(narrator: Narrator): Promise<void> {
  await narrator.step('The platform admin creates an organization, owned by alice', {
    as: 'admin',
    post: '/v1/realm/commands/CreateOrg',
    body: { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' },
    expect: appended('OrgCreated'),
  });
  await narrator.step('Alice creates an environment', {
    as: 'alice',
    post: `${ORG}/commands/CreateEnvironment`,
    body: { environmentId: 'production', name: 'Production' },
    expect: appended('EnvironmentCreated'),
  });
  await narrator.step('Alice adds bob, with the smallest role', {
    as: 'alice',
    post: `${ORG}/commands/AddMember`,
    body: { userId: 'bob', role: 'org.participant' },
    expect: appended('MemberAdded'),
  });
  await narrator.step('May bob use production? No: belonging to the organization is not enough', {
    as: 'alice',
    post: '/access/v1/evaluation?explain=true',
    body: mayBobUseIt,
    expect: decision(false, 'role_lacks_permission'),
  });
  const granted = await narrator.step('Alice grants bob the use of it', {
    as: 'alice',
    post: `${ORG}/commands/GrantEnvironmentAccess`,
    body: bobOnProduction,
    expect: appended('EnvironmentAccessGranted'),
  });
  const allowed = await narrator.step(
    'May bob use it now? Yes, by these events. The token of the grant makes sure that it is seen',
    {
      as: 'alice',
      post: '/access/v1/evaluation?explain=true',
      headers: { 'Consistency-Token': granted.consistencyToken },
      body: mayBobUseIt,
      expect: decision(true, 'allowed'),
    },
  );
  await narrator.step('The audit trail says who did what, newest first', {
    as: 'alice',
    get: `${ORG}/audit?limit=2`,
    headers: { 'Consistency-Token': granted.consistencyToken },
    expect: ({ body }) => newestEvent(body) === 'EnvironmentAccessGranted' || 'the newest entry is not the grant',
  });
  const revoked = await narrator.step('Alice revokes it', {
    as: 'alice',
    post: `${ORG}/commands/RevokeEnvironmentAccess`,
    body: bobOnProduction,
    expect: appended('EnvironmentAccessRevoked'),
  });
  await narrator.step('May bob use it now? No', {
    as: 'alice',
    post: '/access/v1/evaluation',
    headers: { 'Consistency-Token': revoked.consistencyToken },
    body: mayBobUseIt,
    expect: decision(false),
  });
  await narrator.step('And a moment ago, when the answer was yes? Still yes: the past does not change', {
    as: 'alice',
    post: '/access/v1/evaluation?explain=true',
    body: { ...mayBobUseIt, context: { at: instantOf(allowed) } },
    expect: decision(true, 'allowed'),
  });
  await narrator.step('What would happen if …? A dry run shows the event and appends nothing', {
    as: 'alice',
    post: `${ORG}/commands/GrantEnvironmentAccess`,
    headers: { 'Dry-Run': 'true' },
    body: { ...bobOnProduction, notAfter: '2100-01-01T00:00:00Z' },
    expect: (answer) =>
      revisionOf(answer) === revisionOf(revoked)
        ? appended('EnvironmentAccessGranted')(answer)
        : 'the dry run moved the organization',
  });
  await narrator.step('Alice adds a key of an AI provider; what comes back of it is its end', {
    as: 'alice',
    post: `${ORG}/commands/AddProviderKey`,
    body: { keyId: 'openai', provider: 'openai', name: 'OpenAI', credential: { apiKey: 'sk-proj-demo-0000' } },
    expect: appended('ProviderKeyAdded'),
  });
  const model = {
    as: 'alice',
    post: `${ORG}/commands/AddModel`,
    headers: { 'Idempotency-Key': '"first-model"' },
    body: { environmentId: 'production', provider: 'openai', name: 'GPT-4o' },
  };
  const first = await narrator.step('Alice adds a model of that provider, under an Idempotency-Key', {
    ...model,
    expect: appended('ModelAdded'),
  });
  await narrator.step('Her client has lost the answer and asks again: the same answer, and no second model', {
    ...model,
    expect: ({ body }) => isDeepStrictEqual(body, first.body) || 'the repeat was answered differently',
  });
  await narrator.step('Bob tries to grant himself what was taken away', {
    as: 'bob',
    post: `${ORG}/commands/GrantEnvironmentAccess`,
    body: bobOnProduction,
    expect: ({ status }) => status === 403 || `the answer was ${status}, not 403`,
  });
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const appended = (type: string) => (answer: Answer) => {
  const events = field(answer.body, 'events');
  const types = Array.isArray(events) ? events.map((event) => field(event, 'type')) : [];
  return (answer.status === 200 && isDeepStrictEqual(types, [type])) || `expected ${type}`;
};

const decision = (wanted: boolean, reason?: string) => (answer: Answer) => {
  const given = field(field(answer.body, 'context'), 'reason');
  const right = field(answer.body, 'decision') === wanted && (reason === undefined || given === reason);
  return right || `expected ${wanted ? 'yes' : 'no'}${reason === undefined ? '' : ` with the reason ${reason}`}`;
};

const newestEvent = (body: unknown): unknown => {
  const entries = field(body, 'entries');
  return Array.isArray(entries) ? field(entries[0], 'event') : undefined;
};

const instantOf = ({ body }: Answer): unknown => field(field(body, 'context'), 'at');
const revisionOf = ({ body }: Answer): unknown => field(body, 'revision');

main().catch((error: unknown) => {
  const told =
    error instanceof Surprise ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`\nThe demo did not go as it should. ${told}\n`);
  process.exitCode = 1;
});
