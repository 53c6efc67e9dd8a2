import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { everythingIn } from '../support/everything-in.js';

const AGENT = 'canary-agent/7.1';
const CLIENT = '203.0.113.77';
const WHY = 'Ticket 4711: für Özlem';

let api: TestApi;
let token = '';

beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=gateway', TRUST_PROXY: '127.0.0.0/8,::1' } });
  const made = [
    await command('operator', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'ann' }),
    await command('ann', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.member' }),
  ];
  expect(made.map(({ status }) => status)).toEqual([200, 200]);
}, 60_000);
afterAll(() => api?.stop());

interface From {
  readonly headers?: Readonly<Record<string, string>>;
  readonly act?: string;
}

async function send(sub: string, path: string, body: object | undefined, { headers, act }: From = {}) {
  const claims = sub === 'operator' ? { email: 'admin@localhost' } : {};
  const answer = await api.http.send({
    path: `/v1/${path}`,
    ...(body === undefined ? {} : { body }),
    headers: {
      authorization: await api.bearer(sub, { ...claims, ...(act === undefined ? {} : { act: { sub: act } }) }),
      ...(token === '' ? {} : { 'consistency-token': token }),
      ...headers,
    },
  });
  const seen = answer.headers['consistency-token'];
  if (typeof seen === 'string') token = seen;
  return answer;
}

const command = (sub: string, target: string, name: string, body: object, from?: From) =>
  send(sub, `${target}/commands/${name}`, body, from);

async function entries(query: string): Promise<Record<string, unknown>[]> {
  const { text } = await send('ann', `orgs/acme/audit?${query}`, undefined);
  return (JSON.parse(text) as { entries: Record<string, unknown>[] }).entries;
}

const canary = {
  'user-agent': AGENT,
  'x-forwarded-for': `198.51.100.9, ${CLIENT}`,
  justification: WHY,
};

async function logged(): Promise<string> {
  const events: StoredEvent[] = [];
  for (const stream of ['org-acme', 'activity-acme'])
    for await (const page of api.services.store.read(stream, 0n)) events.push(...page);
  return JSON.stringify(events, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

describe('the origin of a request', () => {
  it('stands beside what was done, and is sealed in the log and in the read models', async () => {
    const body = { environmentId: 'prod', name: 'Production' };
    expect(await command('ann', 'orgs/acme', 'CreateEnvironment', body, { headers: canary })).toMatchObject({
      status: 200,
    });
    expect(await entries('action=CreateEnvironment')).toMatchObject([
      { actor: 'ann', address: CLIENT, agent: AGENT, justification: WHY },
    ]);
    const stored = `${await logged()}${await everythingIn(api.services.reads)}`;
    for (const each of [CLIENT, AGENT, 'Ticket 4711']) expect(stored).not.toContain(each);
  });

  it('stands beside what was refused and what was read', async () => {
    const from = { headers: canary };
    expect((await command('bob', 'orgs/acme', 'RemoveMember', { userId: 'ann' }, from)).status).toBe(403);
    await send('ann', 'orgs/acme/audit?actor=bob', undefined, from);
    const [refused] = await entries('outcome=denied');
    expect(refused).toMatchObject({ actor: 'bob', address: CLIENT, agent: AGENT, justification: WHY });
    expect(await entries('action=ReadAudit&actor=ann')).toContainEqual(
      expect.objectContaining({ address: CLIENT, justification: WHY }),
    );
  });

  it('is in exports', async () => {
    const csv = (await send('ann', 'orgs/acme/audit?format=csv', undefined)).text;
    expect(csv).toContain(`"${CLIENT}","${AGENT}","${WHY}"`);
    const ocsf = (await send('ann', 'orgs/acme/audit?format=ocsf&action=CreateEnvironment', undefined)).text;
    expect(JSON.parse(ocsf.split('\n')[0] ?? '')).toMatchObject({
      src_endpoint: { ip: CLIENT },
      http_request: { user_agent: AGENT },
    });
  });

  it('is given to the person whose it is', async () => {
    const { text } = await send('bob', 'me/export', undefined);
    expect(JSON.parse(text)).toMatchObject({
      origins: [{ address: CLIENT, agent: AGENT, events: 1, justifications: [WHY] }],
    });
  });

  it('is refused where the justification could not be kept as it is', async () => {
    const body = { environmentId: 'late', name: 'Late' };
    const { status, text } = await command('ann', 'orgs/acme', 'CreateEnvironment', body, {
      headers: { justification: 'x'.repeat(501) },
    });
    expect([status, JSON.parse(text)]).toMatchObject([400, { errors: [{ path: 'Justification' }] }]);
    expect(await entries('environment=late')).toEqual([]);
  });

  it('is kept of machines too', async () => {
    await command('ann', 'orgs/acme', 'CreateServiceAccount', {
      accountId: 'robot',
      name: 'Robot',
      role: 'org.checker',
    });
    const issued = await command('ann', 'orgs/acme', 'IssueServiceAccountKey', { accountId: 'robot' });
    const { result } = JSON.parse(issued.text) as { result: { key: string } };
    const authorization = `Bearer ${result.key}`;
    const { status } = await api.http.send({
      path: '/v1/orgs/acme/commands/RemoveMember',
      headers: { authorization, ...canary },
      body: { userId: 'bob' },
    });
    expect(status).toBe(403);
    const [refused] = await entries('action=RemoveMember&outcome=denied');
    expect(refused).toMatchObject({ actor: expect.stringContaining('robot'), address: CLIENT, agent: AGENT });
  });

  it('names who acted in the name of another', async () => {
    const body = { environmentId: 'made-by-a-bot', name: 'Made' };
    expect((await command('ann', 'orgs/acme', 'CreateEnvironment', body, { act: 'bot' })).status).toBe(200);
    expect(await entries('environment=made-by-a-bot')).toMatchObject([{ actor: 'ann', delegate: 'bot' }]);
    expect((await command('bob', 'orgs/acme', 'CreateEnvironment', body, { act: 'ann' })).status).toBe(403);
    expect((await command('ann', 'orgs/acme', 'CreateEnvironment', body, { act: '\u0000' })).status).toBe(401);
  });
});

it('what a client says of its address is not believed where no proxy is trusted', async () => {
  const alone = await startTestApi();
  try {
    const authorization = await alone.bearer('operator', { email: 'admin@localhost' });
    const sent = (path: string, body?: object, headers = {}) =>
      alone.http.send({ path, headers: { authorization, ...headers }, ...(body === undefined ? {} : { body }) });
    const { headers } = await sent(
      '/v1/realm/commands/CreateOrg',
      { orgId: 'acme', name: 'Acme', ownerId: 'operator' },
      { 'x-forwarded-for': CLIENT },
    );
    const { text } = await sent('/v1/orgs/acme/audit', undefined, {
      'consistency-token': String(headers['consistency-token']),
    });
    expect(JSON.parse(text)).toMatchObject({ entries: [{ address: '127.0.0.1' }] });
  } finally {
    await alone.stop();
  }
}, 60_000);
