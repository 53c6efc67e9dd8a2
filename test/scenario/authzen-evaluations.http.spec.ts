import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decisionOperations } from '../../apps/api/documentation/decision-paths.js';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';

const path = '/access/v1/evaluations';
const bob = { type: 'user', id: 'bob' };
const use = { name: 'environment:use' };
const environment = (id: string) => ({ type: 'environment', id: `acme/${id}` });

let api: TestApi;
let alice: Record<string, string>;
let token = '';
let granted: string;

async function command(headers: Record<string, string>, target: string, name: string, body: object): Promise<string> {
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
  expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
  return String(JSON.parse(answer.text).revision);
}

const send = (body: unknown, headers = alice, query = ''): Promise<HttpAnswer> =>
  api.http.send({ path: path + query, headers: { 'consistency-token': token, ...headers }, body });

interface Decision {
  readonly decision: boolean;
  readonly context: {
    readonly revision?: string;
    readonly position?: string;
    readonly at?: string;
    readonly error?: { readonly status: number; readonly message: string };
  };
}

async function evaluated(body: unknown, headers = alice, query = ''): Promise<Decision[]> {
  const answer = await send(body, headers, query);
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return JSON.parse(answer.text).evaluations;
}

const decisions = async (body: unknown, headers = alice) =>
  (await evaluated(body, headers)).map(({ decision }) => decision);

beforeAll(async () => {
  api = await startTestApi();
  const root = { authorization: await api.bearer('root', { email: 'admin@localhost' }) };
  alice = { authorization: await api.bearer('alice') };
  await command(root, 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  await command(root, 'realm', 'CreateOrg', { orgId: 'zebra', name: 'Zebra', ownerId: 'zoe' });
  await command(alice, 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  for (const environmentId of ['one', 'two', 'three'])
    await command(alice, 'orgs/acme', 'CreateEnvironment', { environmentId, name: environmentId });
  const grantee = { type: 'user', id: 'bob' };
  granted = await command(alice, 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'two', grantee });
}, 60_000);
afterAll(() => api?.stop());

describe('evaluations', () => {
  const items = ['one', 'two', 'three'].map((id) => ({ resource: environment(id) }));

  it('answer every item in its place, with what is absent taken from the request', async () => {
    expect(await decisions({ subject: bob, action: use, evaluations: items })).toEqual([false, true, false]);
  });

  it('let an item replace a default whole', async () => {
    const evaluations = [
      {},
      { subject: { type: 'user', id: 'alice' } },
      { action: { name: 'environment:delete' } },
      { resource: environment('one') },
      // Nothing of the default's id is left.
      { subject: { type: 'user' } },
      // Neither is anything of the default's context.
      { context: {} },
    ];
    const at = { revision: String(Number(granted) - 1) };
    const found = await evaluated({
      subject: bob,
      action: use,
      resource: environment('two'),
      context: { at },
      evaluations,
    });
    expect(found.map(({ decision }) => decision)).toEqual([false, true, false, false, false, true]);
    expect(found[4]?.context.error).toEqual({ status: 400, message: expect.stringContaining('subject.id') });
    expect(found[0]?.context.revision).toBe(at.revision);
    expect(found[5]?.context.revision).toBe(granted);
  });

  it('answer one item like the same question asked alone, explained or not', async () => {
    const question = { subject: bob, action: use, resource: environment('two') };
    for (const query of ['', '?explain=true']) {
      const [inBatch] = await evaluated({ evaluations: [question] }, alice, query);
      const headers = { ...alice, 'consistency-token': token };
      const alone = await api.http.send({ path: `/access/v1/evaluation${query}`, headers, body: question });
      const instant = { at: expect.any(String) };
      const { decision, context } = JSON.parse(alone.text);
      expect(inBatch).toEqual({ decision, context: { ...context, ...instant } });
    }
  });

  it.each([
    ['execute_all', [false, true, false]],
    ['deny_on_first_deny', [false]],
    ['permit_on_first_permit', [false, true]],
  ])('%s', async (semantic, expected) => {
    const options = { evaluations_semantic: semantic };
    expect(await decisions({ subject: bob, action: use, evaluations: items, options })).toEqual(expected);
  });

  it('go on to the end where nothing decides early', async () => {
    const permitted = [items[1], items[1]];
    const options = { evaluations_semantic: 'deny_on_first_deny' };
    expect(await decisions({ subject: bob, action: use, evaluations: permitted, options })).toEqual([true, true]);
    const denied = { subject: bob, action: use, evaluations: [items[0], items[2]] };
    const other = { evaluations_semantic: 'permit_on_first_permit' };
    expect(await decisions({ ...denied, options: other })).toEqual([false, false]);
  });

  it('deny a faulty item in its place, which a short circuit counts as a denial', async () => {
    const faulty = [
      items[1],
      { resource: { type: 'environment' } },
      'words',
      null,
      [],
      { action: null, resource: environment('two') },
      items[1],
    ];
    const found = await evaluated({ subject: bob, action: use, evaluations: faulty });
    expect(found.map(({ decision }) => decision)).toEqual([true, false, false, false, false, false, true]);
    expect(found.slice(1, 6).map(({ context }) => context.error?.status)).toEqual([400, 400, 400, 400, 400]);
    expect(found[1]?.context.error?.message).toMatch(/^resource\.id: /);
    const options = { evaluations_semantic: 'deny_on_first_deny' };
    expect(await decisions({ subject: bob, action: use, evaluations: faulty, options })).toEqual([true, false]);
  });

  it('deny an item about the future', async () => {
    const context = { at: new Date(Date.now() + 3_600_000).toISOString() };
    const [future, present] = await evaluated({
      subject: bob,
      action: use,
      evaluations: [{ ...items[1], context }, items[1]],
    });
    expect(future).toEqual({
      decision: false,
      context: { error: { status: 400, message: 'context.at: lies in the future' } },
    });
    expect(present?.decision).toBe(true);
  });

  it('without items are one evaluation, with its errors', async () => {
    for (const none of [{}, { evaluations: [] }]) {
      const one = await send({ subject: bob, action: use, resource: environment('two'), ...none });
      expect([one.status, JSON.parse(one.text)]).toEqual([200, expect.objectContaining({ decision: true })]);
      const lacking = await send({ subject: bob, action: use, ...none });
      expect([lacking.status, JSON.parse(lacking.text)]).toEqual([400, expect.stringContaining('resource')]);
    }
  });

  it.each([
    ['an unknown semantic', { options: { evaluations_semantic: 'maybe' } }, 'options.evaluations_semantic'],
    ['items that are no list', { evaluations: {} }, 'evaluations'],
    ['a faulty default', { subject: 'bob' }, 'subject'],
    [
      'a thousand and one items',
      { evaluations: Array.from({ length: 1001 }, () => ({})) },
      'evaluations: must be 1000 at most',
    ],
    [
      'eleven different pasts',
      {
        evaluations: Array.from({ length: 11 }, (_, i) => ({
          resource: environment('two'),
          context: { at: { revision: `${i}` } },
        })),
      },
      'evaluations: must ask about 10 different pasts at most',
    ],
  ])('%s is an error of the whole', async (_, broken, message) => {
    const answer = await send({ subject: bob, action: use, evaluations: items, ...broken });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, expect.stringContaining(message)]);
  });

  it('ignore what they do not know, and what a request claims of itself', async () => {
    const properties = { role: 'org.owner' };
    const evaluations = items.map((item) => ({ ...item, subject: { ...bob, properties }, more: 1 }));
    expect(await decisions({ action: { ...use, properties }, evaluations, else: {} })).toEqual([false, true, false]);
  });

  it('are of one moment for all items about the present, however many', async () => {
    const evaluations = Array.from({ length: 1000 }, (_, i) => ({
      subject: i % 3 === 0 ? { type: 'user', id: `nobody-${i}` } : bob,
      resource: i % 2 === 0 ? environment('two') : { type: 'org', id: 'acme' },
    }));
    const writing = (async () => {
      for (let i = 0; i < 5; i++)
        await command(alice, 'orgs/acme', 'AddMember', { userId: `m${i}`, role: 'org.participant' });
    })();
    const found = await evaluated({ action: use, evaluations });
    await writing;
    expect(found).toHaveLength(1000);
    expect(new Set(found.map(({ context }) => `${context.revision} ${context.position}`)).size).toBe(1);
  });

  it('take the documents of a thousand items in one go', async () => {
    const loads = async () => {
      const { text } = await api.http.send({ path: '/metrics' });
      const counts = [...text.matchAll(/^tenantry_access_documents_total\{tier="\w+",event="hit"\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const evaluations = Array.from({ length: 1000 }, (_, i) => ({ subject: { type: 'user', id: `nobody-${i}` } }));
    const before = await loads();
    const found = await decisions({ action: use, resource: environment('two'), evaluations });
    expect([found.length, (await loads()) - before]).toEqual([1000, 1]);
  });

  it('about others tell of no organization in which the caller may not ask', async () => {
    const zoe = { authorization: await api.bearer('zoe') };
    const about = (org: string) => [
      { subject: bob, resource: { type: 'org', id: org } },
      { subject: { type: 'user', id: 'zoe' }, resource: { type: 'org', id: org } },
    ];
    const found = await evaluated(
      { action: { name: 'org:view' }, evaluations: [...about('acme'), ...about('missing'), ...about('zebra')] },
      zoe,
      '?explain=true',
    );
    const timeless = found.map((each) => ({ ...each, context: { ...each.context, at: '' } }));
    expect(timeless.slice(0, 2)).toEqual(timeless.slice(2, 4));
    expect(timeless[5]).toMatchObject({ decision: true });
    expect(timeless[0]?.context).not.toHaveProperty('revision');
  });

  it('fold a past once for all who ask about it', async () => {
    const { store } = api.services;
    let reads = 0;
    const read = store.read.bind(store);
    store.read = (stream, ...rest) => {
      if (stream === 'org-acme') reads += 1;
      return read(stream, ...rest);
    };
    const evaluations = Array.from({ length: 50 }, () => ({ resource: environment('two') }));
    const context = { at: { revision: granted } };
    const found = await decisions({ subject: bob, action: use, context, evaluations });
    store.read = read;
    expect(found).toEqual(Array.from({ length: 50 }, () => true));
    expect(reads).toBe(1);
  });
});

describe('the conventions of AuthZEN', () => {
  const paths = ['evaluation', 'evaluations', 'search/subject', 'search/resource', 'search/action'].map(
    (each) => `/access/v1/${each}`,
  );
  const question = { subject: bob, action: use, resource: environment('two') };

  it.each(paths)('%s answers 200, and echoes X-Request-ID', async (each) => {
    const answer = await api.http.send({ path: each, headers: { ...alice, 'x-request-id': 'mine' }, body: question });
    expect([answer.status, answer.headers['x-request-id']]).toEqual([200, 'mine']);
  });

  it.each(paths)('%s answers errors as a message, with the X-Request-ID', async (each) => {
    const headers = { ...alice, 'x-request-id': 'mine' };
    for (const body of ['', '{', '[]', 'null', '{}']) {
      const answer = await api.http.send({
        path: each,
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
      expect([body, answer.status, JSON.parse(answer.text), answer.headers['x-request-id']]).toEqual([
        body,
        400,
        expect.any(String),
        'mine',
      ]);
    }
    const plain = { ...headers, 'content-type': 'text/plain' };
    expect((await api.http.send({ path: each, headers: plain, body: JSON.stringify(question) })).status).toBe(400);
    const anonymous = await api.http.send({ path: each, headers: { 'x-request-id': 'mine' }, body: question });
    expect([anonymous.status, anonymous.headers['www-authenticate'], anonymous.headers['x-request-id']]).toEqual([
      401,
      expect.stringContaining('Bearer'),
      'mine',
    ]);
  });

  it.each(paths)('%s answers errors as problem details to those who ask for them', async (each) => {
    const accept = 'application/problem+json';
    const answer = await api.http.send({ path: each, headers: { ...alice, accept }, body: {} });
    expect(answer.headers['content-type']).toContain(accept);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 400, code: 'invalid', errors: expect.any(Array) });
  });

  it.each(Object.values(decisionOperations))(
    '$path is documented with an example that it takes',
    async ({ path: each, example }) => {
      const { status } = await api.http.send({ path: each, headers: alice, body: example });
      expect(status).toBe(200);
      const { text } = await api.http.send({ path: '/openapi.json' });
      const { requestBody } = JSON.parse(text).paths[each].post;
      expect(requestBody.content['application/json']).toMatchObject({ example, schema: { type: 'object' } });
    },
  );

  it('the metadata names every endpoint under the public URL, whatever Host says', async () => {
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' };
    const answer = await api.http.send({ path: '/.well-known/authzen-configuration', headers });
    const { policy_decision_point: point, ...endpoints } = JSON.parse(answer.text);
    expect(point).toBe(api.services.publicUrl);
    expect(Object.values(endpoints)).toEqual(paths.map((each) => `${point}${each}`));
  });
});
