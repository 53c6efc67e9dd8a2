import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '#libs/platform/config.js';
import { limitsOf } from '../../apps/api-limits.js';
import { until } from '../fault/projector-support.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { freshRedis } from '../support/redis.js';
import { StandingClock } from '../fault/tiers-cluster.js';

const environment = {
  REALMS: 'default=gateway',
  READ_WAIT_MS: '20000',
  RATE_LIMIT_COMMANDS: '6,9',
  RATE_LIMIT_CHECKS: '10,off',
  RATE_LIMIT_SEARCHES: '2,off',
  RATE_LIMIT_QUERIES: '5,1000',
  RATE_LIMIT_EXPORTS: '1,2',
  RATE_LIMIT_REFUSALS: '3',
  RATE_LIMIT_TOKENS: '4',
};
const clock = new StandingClock();
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ clock, environment });
  await send('operator', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'ann' });
  await send('operator', '/v1/realm/commands/CreateOrg', { orgId: 'zoo', name: 'Zoo', ownerId: 'zoe' });
}, 60_000);
afterAll(() => api?.stop());

async function send(sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const authorization = await api.bearer(sub, sub === 'operator' ? { email: 'admin@localhost' } : {});
  return api.http.send({ path, body, headers: { authorization, ...headers } });
}

const minute = () => void (clock.at += 60_000);
const create = (sub: string, org: string, environmentId: string) =>
  send(sub, `/v1/orgs/${org}/commands/CreateEnvironment`, { environmentId, name: 'E' });
const remove = (sub: string, org = 'acme') =>
  send(sub, `/v1/orgs/${org}/commands/DeleteEnvironment`, { environmentId: 'none' });
const statuses = async (count: number, act: (i: number) => Promise<{ status: number }>): Promise<number[]> => {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await act(i)).status);
  return all;
};
const question = (org: string) => ({
  subject: { type: 'user', id: 'ann' },
  action: { name: 'org:view' },
  resource: { type: 'org', id: org },
});

describe('limits of a caller', () => {
  it('are told with each answer, and how long to wait once they are reached', async () => {
    minute();
    const first = await create('ann', 'acme', 'a0');
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"commands";q=6;w=60',
      ratelimit: '"commands";r=5;t=10',
    });
    expect(await statuses(5, (i) => create('ann', 'acme', `a${i + 1}`))).toEqual([200, 200, 200, 200, 200]);
    const { status, headers, text } = await create('ann', 'acme', 'a6');
    expect(status).toBe(429);
    expect(JSON.parse(text)).toMatchObject({ code: 'too_many_requests', policy: 'commands', status: 429 });
    expect(headers).toMatchObject({
      'retry-after': '10',
      'content-type': expect.stringContaining('application/problem+json'),
      ratelimit: '"commands";r=0;t=60',
    });
    clock.at += 9_999;
    expect((await create('ann', 'acme', 'a6')).status).toBe(429);
    clock.at += 1;
    expect((await create('ann', 'acme', 'a6')).status).toBe(200);
  });

  it('are separate for commands, checks, searches, queries and exports, and for each caller', async () => {
    minute();
    expect(await statuses(7, (i) => create('zoe', 'zoo', `z${i}`))).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const evaluate = () => send('zoe', '/access/v1/evaluation', question('zoo'));
    expect((await statuses(11, evaluate)).filter((status) => status === 200)).toHaveLength(10);
    const refused = await evaluate();
    // AuthZEN's errors are a message.
    expect([refused.status, typeof JSON.parse(refused.text)]).toEqual([429, 'string']);
    const { subject: _, ...asked } = question('zoo');
    const search = () => send('zoe', '/access/v1/search/subject', { ...asked, subject: { type: 'user' } });
    expect(await statuses(3, search)).toEqual([200, 200, 429]);
    expect(await statuses(6, () => send('zoe', '/v1/orgs/zoo'))).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await send('ann', '/v1/orgs/acme')).status).toBe(200);
    const exported = () => send('ann', '/v1/orgs/acme/audit?format=csv');
    expect((await exported()).headers['ratelimit-policy']).toBe('"exports";q=1;w=60, "exports-org";q=2;w=60');
    expect(JSON.parse((await exported()).text)).toMatchObject({ status: 429, policy: 'exports' });
  });

  it('count each item of a batch', async () => {
    minute();
    const batch = (count: number) => ({ ...question('acme'), evaluations: Array.from({ length: count }, () => ({})) });
    expect((await send('ann', '/access/v1/evaluations', batch(8))).status).toBe(200);
    expect((await send('ann', '/access/v1/evaluations', batch(3))).status).toBe(429);
    expect((await send('ann', '/access/v1/evaluations', batch(2))).status).toBe(200);
    minute();
    // More than all of it is all of it: otherwise it could never be asked.
    expect((await send('ann', '/access/v1/evaluations', batch(50))).status).toBe(200);
    const commands = Array.from({ length: 7 }, (_, i) => ({
      command: 'CreateEnvironment',
      input: { environmentId: `batch-${i}`, name: 'E' },
    }));
    expect((await send('ann', '/v1/orgs/acme/commands', { commands })).status).toBe(200);
    expect((await create('ann', 'acme', 'after')).status).toBe(429);
  });

  it('on refusals: beyond them nothing of a command is looked at, and nothing recorded', async () => {
    minute();
    expect(await statuses(5, () => remove('ann'))).toEqual([422, 422, 422, 429, 429]);
    const answer = await create('ann', 'acme', 'fine');
    expect([answer.status, JSON.parse(answer.text).policy, answer.headers['retry-after']]).toEqual([
      429,
      'refusals',
      '20',
    ]);
    let recorded = 0;
    for await (const page of api.services.store.read('activity-acme', 0n))
      recorded += page.filter(({ type }) => type === 'CommandRefused').length;
    expect(recorded).toBe(3);
    clock.at += 20_000;
    expect((await create('ann', 'acme', 'fine')).status).toBe(200);
  });

  it('on refusals hold for those who are nobody here', async () => {
    minute();
    expect(await statuses(4, () => remove('eve'))).toEqual([404, 404, 404, 429]);
    // Reads count apart, where their refusals are recorded.
    expect(await statuses(3, () => send('eve', '/v1/orgs/acme'))).toEqual([404, 404, 404]);
    const answer = await send('eve', '/v1/orgs/acme/audit?format=csv');
    expect([answer.status, JSON.parse(answer.text).policy]).toEqual([429, 'refused-reads']);
    expect((await send('eve', '/access/v1/evaluation', question('acme'))).status).toBe(200);
  });
});

describe('the limit of an organization', () => {
  it('is that of all its people together, once they are known', async () => {
    minute();
    await create('ann', 'acme', 'known');
    await create('operator', 'acme', 'known');
    minute();
    expect(await statuses(6, (i) => create('ann', 'acme', `by-ann-${i}`))).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statuses(3, (i) => create('operator', 'acme', `by-operator-${i}`))).toEqual([200, 200, 200]);
    const { status, text, headers } = await create('operator', 'acme', 'by-operator-3');
    expect([status, JSON.parse(text).policy]).toEqual([429, 'commands-org']);
    expect(headers['ratelimit-policy']).toBe('"commands";q=6;w=60, "commands-org";q=9;w=60');
    expect((await create('operator', 'zoo', 'elsewhere')).status).toBe(200);
  });

  it('cannot be used up, and is not told, by those who do not belong to it', async () => {
    minute();
    const strange = await create('zoe', 'acme', 'z');
    expect([strange.status, strange.headers['ratelimit-policy']]).toEqual([404, '"commands";q=6;w=60']);
    expect(await statuses(2, () => create('zoe', 'acme', 'z'))).toEqual([404, 404]);
    const { headers } = await create('ann', 'acme', `x-${clock.at}`);
    expect(headers.ratelimit).toContain('"commands-org";r=8;');
  });
});

it('the limits of processes over one log and one Redis are the same ones', async () => {
  const redis = await freshRedis();
  const { limits } = loadConfig({ RATE_LIMIT_COMMANDS: '10,off' });
  const [one, two, other] = await Promise.all(
    ['store', 'store', 'another'].map((store) => limitsOf(limits, clock, redis.url, store)),
  );
  if (one === undefined || two === undefined || other === undefined) throw new Error('no processes');
  const admitted = async (of: typeof one, id: string): Promise<number> => {
    const asked = { kind: 'commands', caller: { realm: 'default', id }, costs: new Map([['', 1]]) } as const;
    let admissions = 0;
    for (let i = 0; i < 12; i++)
      await of.limits.admit(asked, { header: () => undefined }).then(
        () => (admissions += 1),
        (error: unknown) => expect(error).toMatchObject({ code: 'too_many_requests' }),
      );
    return admissions;
  };
  try {
    // Until each has its connection it goes by its own count.
    let callers = 0;
    await until(async () => {
      const id = `caller-${++callers}`;
      return (await admitted(one, id)) + (await admitted(two, id)) === 10;
    });
    expect(await admitted(two, 'ann')).toBe(10);
    expect(await admitted(one, 'ann')).toBe(0);
    expect(await admitted(other, 'ann')).toBe(10);
  } finally {
    for (const each of [one, two, other]) await each.stop();
    await redis.drop();
  }
}, 60_000);

it('exchanges of keys for tokens count by the address, wrong ones too, and are not looked at beyond that', async () => {
  minute();
  await send('ann', '/v1/orgs/acme/commands/CreateServiceAccount', {
    accountId: 'ci',
    name: 'CI',
    role: 'org.checker',
  });
  const issue = { accountId: 'ci', keyId: 'first' };
  const { text } = await send('ann', '/v1/orgs/acme/commands/IssueServiceAccountKey', issue);
  const { key } = JSON.parse(text).result;
  const exchange = (client_secret: string) =>
    api.http.send({
      path: '/v1/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'acme/ci', client_secret }).toString(),
    });
  expect(await statuses(4, (i) => exchange(i === 0 ? key : 'wrong'))).toEqual([200, 401, 401, 401]);
  for (const secret of [key, 'wrong']) {
    const refused = await exchange(secret);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '15']);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_requests', policy: 'tokens' });
  }
  minute();
  expect((await exchange(key)).status).toBe(200);
  // From elsewhere, with a good key.
  const client = (id: string) => api.services.limits.admitToken({ client: id }, { header: () => undefined });
  for (let i = 0; i < 3; i++) await client('acme/ci');
  expect((await exchange('wrong')).status).toBe(401);
  expect((await exchange(key)).status).toBe(429);
  await client('acme/other');
});
