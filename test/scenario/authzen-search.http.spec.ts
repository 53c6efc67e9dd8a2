import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

const use = { name: 'environment:use' };
const production = { type: 'environment', id: 'acme/production' };

let api: TestApi;
let alice: Record<string, string>;
let token = '';

async function command(headers: Record<string, string>, target: string, name: string, body: object): Promise<string> {
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
  expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
  return String(JSON.parse(answer.text).revision);
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly page: { readonly next_token: string; readonly count: number };
    readonly context: { readonly revision?: string; readonly at: string };
    readonly results: readonly { readonly type?: string; readonly id?: string; readonly name?: string }[];
  };
}

async function ask(kind: 'subject' | 'resource' | 'action', body: object, headers = alice): Promise<Answer> {
  const sent = { 'consistency-token': token, ...headers };
  const { status, text } = await api.http.send({ path: `/access/v1/search/${kind}`, headers: sent, body });
  return { status, body: JSON.parse(text) };
}

/** The ids, or names, of one answer that must be the only page. */
async function all(kind: 'subject' | 'resource' | 'action', body: object, headers = alice): Promise<unknown[]> {
  const answer = await ask(kind, body, headers);
  expect(answer).toMatchObject({ status: 200, body: { page: { next_token: '', count: answer.body.results.length } } });
  return answer.body.results.map(({ id, name }) => id ?? name);
}

const whoMayUse = { subject: { type: 'user' }, action: use, resource: production };
const grant = (id: string, more = {}) =>
  command(alice, 'orgs/acme', 'GrantEnvironmentAccess', {
    environmentId: 'production',
    grantee: { type: 'user', id },
    ...more,
  });
const join = (userId: string) => command(alice, 'orgs/acme', 'AddMember', { userId, role: 'org.participant' });
const leave = (userId: string) => command(alice, 'orgs/acme', 'RemoveMember', { userId });

let bob: Record<string, string>;
let root: Record<string, string>;
let zoe: Record<string, string>;

beforeAll(async () => {
  api = await startTestApi();
  root = { authorization: await api.bearer('root', { email: 'admin@localhost' }) };
  alice = { authorization: await api.bearer('alice') };
  bob = { authorization: await api.bearer('bob') };
  zoe = { authorization: await api.bearer('zoe') };
  await command(root, 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  await command(root, 'realm', 'CreateOrg', { orgId: 'zebra', name: 'Zebra', ownerId: 'zoe' });
  for (const environmentId of ['production', 'staging'])
    await command(alice, 'orgs/acme', 'CreateEnvironment', { environmentId, name: environmentId });
  for (const id of ['bob', 'carol', 'dave']) await join(id);
  for (const id of ['bob', 'dave']) await grant(id);
}, 60_000);
afterAll(() => api?.stop());

describe('a search for subjects', () => {
  it('finds those who may, through their role and through grants', async () => {
    expect(await all('subject', whoMayUse)).toEqual(['alice', 'bob', 'dave']);
    expect((await ask('subject', whoMayUse)).body.results[0]).toEqual({ type: 'user', id: 'alice' });
  });

  it('finds whoever runs the platform, where that reaches the organization', async () => {
    const resolve = { ...whoMayUse, action: { name: 'org:resolve' }, resource: { type: 'org', id: 'acme' } };
    expect(await all('subject', resolve)).toEqual(['root']);
  });

  it('finds who might at a revision, and at an instant', async () => {
    const before = (await ask('subject', whoMayUse)).body.context;
    await grant('carol');
    await leave('dave');
    expect(await all('subject', whoMayUse)).toEqual(['alice', 'bob', 'carol']);
    for (const at of [{ revision: before.revision }, before.at])
      expect(await all('subject', { ...whoMayUse, context: { at } })).toEqual(['alice', 'bob', 'dave']);
    const at = new Date(Date.now() + 3_600_000).toISOString();
    expect(await ask('subject', { ...whoMayUse, context: { at } })).toEqual({
      status: 400,
      body: 'context.at: lies in the future',
    });
  });

  it('by somebody who may not ask about others finds themselves at most', async () => {
    expect(await all('subject', whoMayUse, bob)).toEqual(['bob']);
    expect(await all('subject', { ...whoMayUse, action: { name: 'environment:grant' } }, bob)).toEqual([]);
    expect(await all('subject', whoMayUse, zoe)).toEqual([]);
    expect((await ask('subject', whoMayUse, zoe)).body.context).not.toHaveProperty('revision');
  });

  it('ignores the id of what it searches, and what a request claims of itself', async () => {
    const subject = { type: 'user', id: 'zoe', properties: { role: 'org.owner' } };
    expect(await all('subject', { ...whoMayUse, subject, more: 1 })).toEqual(['alice', 'bob', 'carol']);
  });

  it.each([
    ['an unknown type of subject', { subject: { type: 'service' } }],
    ['an unknown action', { action: { name: 'no:such' } }],
    ['an unknown type of resource', { resource: { type: 'spaceship', id: 'acme/production' } }],
    ['a resource that does not exist', { resource: { type: 'environment', id: 'acme/none' } }],
    ['an environment of another kind', { resource: { type: 'project', id: 'acme/production' } }],
  ])('for %s finds nobody', async (_, changed) => {
    expect(await all('subject', { ...whoMayUse, ...changed })).toEqual([]);
  });
});

describe('a search for resources', () => {
  const what = (id: string, type = 'environment', name = 'environment:use') => ({
    subject: { type: 'user', id },
    action: { name },
    resource: { type },
  });

  it('finds what somebody may, through their role and through grants, and their own', async () => {
    expect(await all('resource', what('alice'))).toEqual(['personal/alice', 'acme/production', 'acme/staging']);
    expect(await all('resource', what('bob'), bob)).toEqual(['personal/bob', 'acme/production']);
    expect(await all('resource', what('alice', 'org', 'org:view'))).toEqual(['acme']);
    expect(await all('resource', what('root', 'org', 'org:resolve'), root)).toEqual(['acme', 'zebra']);
    expect(await all('resource', what('root', 'realm', 'org:create'), root)).toEqual(['default']);
  });

  it('of others stays in the organizations where the asker may ask', async () => {
    expect(await all('resource', what('bob'))).toEqual(['acme/production']);
    expect(await all('resource', what('root', 'org', 'org:resolve'))).toEqual(['acme']);
    expect(await all('resource', what('alice'), bob)).toEqual([]);
    expect(await all('resource', what('alice'), zoe)).toEqual([]);
  });

  it('finds what somebody might in an organization that they have left', async () => {
    const dave = { authorization: await api.bearer('dave') };
    await join('dave');
    const at = new Date().toISOString();
    const revision = await grant('dave');
    const events = [];
    for await (const page of api.services.store.read('org-acme', BigInt(revision))) events.push(...page);
    const then = events[0]?.metadata['occurredAt'];
    await leave('dave');
    expect(await all('resource', what('dave'), dave)).toEqual(['personal/dave']);
    expect(await all('resource', { ...what('dave'), context: { at: then } }, dave)).toEqual([
      'personal/dave',
      'acme/production',
    ]);
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.parse(String(then)));
  });

  it('takes no revision, which is of one organization', async () => {
    const answer = await ask('resource', { ...what('alice'), context: { at: { revision: '1' } } });
    expect(answer).toEqual({ status: 400, body: expect.stringContaining('must be an instant') });
  });

  it('for an unknown type finds nothing', async () => {
    for (const type of ['spaceship', '__proto__', 'toString'])
      expect(await all('resource', what('alice', type))).toEqual([]);
  });
});

describe('a search for actions', () => {
  const onProduction = (id: string) => ({ subject: { type: 'user', id }, resource: production });

  it('finds exactly those that an evaluation allows', async () => {
    const found = await all('action', { ...onProduction('bob'), action: { name: 'ignored' } });
    const { text } = await api.http.send({ path: '/v1/actions', headers: alice });
    const names: string[] = JSON.parse(text).actions.map(({ name }: { name: string }) => name);
    const evaluations = names.map((name) => ({ action: { name } }));
    const body = { ...onProduction('bob'), evaluations };
    const answer = await api.http.send({ path: '/access/v1/evaluations', headers: alice, body });
    const allowed = names.filter((_, i) => JSON.parse(answer.text).evaluations[i].decision).sort();
    expect(found).toEqual(allowed);
    expect(allowed).toContain('environment:use');
  });

  it('of others takes the right to ask', async () => {
    expect(await all('action', onProduction('alice'), bob)).toEqual([]);
    expect(await all('action', onProduction('bob'), bob)).toContain('environment:use');
  });
});

describe('pages', () => {
  it('follow each other by their tokens, with another limit or none', async () => {
    const first = await ask('subject', { ...whoMayUse, page: { limit: 1 } });
    expect(first.body.results).toEqual([{ type: 'user', id: 'alice' }]);
    const next = { token: first.body.page.next_token };
    const rest = await ask('subject', { ...whoMayUse, page: next });
    expect(rest.body.results.map(({ id }) => id)).toEqual(['bob', 'carol']);
    expect(rest.body.page).toEqual({ next_token: '', count: 2 });
    expect(await all('subject', { ...whoMayUse, page: { token: '', limit: 1_000_000 } })).toHaveLength(3);
    const none = await ask('subject', { ...whoMayUse, page: { limit: 0 } });
    expect(none.body).toMatchObject({ results: [], page: { count: 0, next_token: expect.stringMatching(/./) } });
    const actions = { subject: { type: 'user', id: 'alice' }, resource: production };
    const [page] = [await ask('action', { ...actions, page: { limit: 2 } })];
    const after = await ask('action', { ...actions, page: { token: page.body.page.next_token } });
    expect([...page.body.results, ...after.body.results].map(({ name }) => name)).toEqual(await all('action', actions));
  });

  it('are of the question that they were begun with', async () => {
    const first = await ask('subject', { ...whoMayUse, page: { limit: 1 } });
    const page = { token: first.body.page.next_token };
    const others: readonly ['subject' | 'resource' | 'action', object][] = [
      ['subject', { ...whoMayUse, action: { name: 'environment:see' } }],
      ['subject', { ...whoMayUse, resource: { type: 'environment', id: 'acme/staging' } }],
      ['subject', { ...whoMayUse, context: { at: first.body.context.at } }],
      ['subject', { ...whoMayUse, subject: { type: 'service' } }],
      ['resource', { subject: { type: 'user', id: 'alice' }, action: use, resource: { type: 'environment' } }],
      ['action', { subject: { type: 'user', id: 'alice' }, resource: production }],
    ];
    for (const [kind, question] of others)
      expect(await ask(kind, { ...question, page })).toEqual({
        status: 400,
        body: 'page.token: does not belong to this query',
      });
    for (const token of ['x', 'e30', 'a'.repeat(1000)])
      expect((await ask('subject', { ...whoMayUse, page: { token } })).status).toBe(400);
    for (const limit of [-1, 1.5, '7', null])
      expect((await ask('subject', { ...whoMayUse, page: { limit } })).status).toBe(400);
    // A token gives no rights: the page is authorized anew.
    expect(await all('subject', { ...whoMayUse, page }, zoe)).toEqual([]);
  });

  it('list everyone who is there throughout exactly once, whoever comes and goes between', async () => {
    const staying = Array.from({ length: 6 }, (_, i) => `m${i}5`);
    const passing = ['m02', 'm11', 'm19', 'm33', 'm47', 'm58'];
    for (const id of [...staying, 'm02', 'm33']) {
      await join(id);
      await grant(id);
    }
    const seen: (string | undefined)[] = [];
    let page: object = { limit: 2 };
    for (let turn = 0; ; turn++) {
      const { status, body } = await ask('subject', { ...whoMayUse, page });
      expect(status).toBe(200);
      seen.push(...body.results.map(({ id }) => id));
      if (body.page.next_token === '') break;
      page = { token: body.page.next_token, limit: 1 + (turn % 3) };
      const id = passing[turn % passing.length] ?? '';
      const members = await all('subject', {
        ...whoMayUse,
        action: { name: 'org:view' },
        resource: { type: 'org', id: 'acme' },
      });
      if (members.includes(id)) await leave(id);
      else {
        await join(id);
        await grant(id);
      }
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(['alice', 'bob', 'carol', ...staying]));
  });
});

describe('a search and what it must have seen', () => {
  it('never answers from before the position that the reader brings', async () => {
    for (let round = 0; round < 20; round++) {
      await join('eve');
      await grant('eve');
      expect(await all('subject', whoMayUse)).toContain('eve');
      await leave('eve');
      expect(await all('subject', whoMayUse)).not.toContain('eve');
    }
  });

  it('refuses a token of another log', async () => {
    const foreign = Buffer.from('another 1/1').toString('base64url');
    expect((await ask('subject', whoMayUse, { ...alice, 'consistency-token': foreign })).status).toBe(409);
  });
});

describe('a question about a revision', () => {
  it('tells a stranger nothing of whether the organization or the revision exists', async () => {
    const timeless = (text: string) => text.replaceAll(/"at":"[^"]+"/g, '');
    for (const path of ['evaluation', 'evaluations', 'search/subject', 'search/action'].map(
      (each) => `/access/v1/${each}`,
    )) {
      const answers = new Set<string>();
      for (const id of ['acme', 'missing'])
        for (const revision of ['0', '3', '100000']) {
          const question = {
            subject: { type: 'user', id: 'zoe' },
            action: { name: 'org:view' },
            resource: { type: 'org', id },
          };
          const body = {
            ...question,
            context: { at: { revision } },
            ...(path.endsWith('s') ? { evaluations: [{}] } : {}),
          };
          const { status, text } = await api.http.send({ path, headers: zoe, body });
          answers.add(`${status} ${timeless(text)}`);
        }
      expect([path, [...answers]]).toEqual([path, [expect.stringMatching(/^200 /)]]);
    }
  });

  it('refuses one that does not exist yet to those who may know of the organization', async () => {
    const context = { at: { revision: '100000' } };
    for (const headers of [alice, bob])
      expect((await ask('subject', { ...whoMayUse, context }, headers)).status).toBe(400);
  });
});

describe('what the caller may do here', () => {
  const permissions = async (headers: Record<string, string>, query = '', org = 'acme') => {
    const sent = { 'consistency-token': token, ...headers };
    const { status, text } = await api.http.send({ path: `/v1/orgs/${org}/permissions${query}`, headers: sent });
    return { status, body: JSON.parse(text) };
  };

  it('is what the search for actions finds, for the organization and for an environment', async () => {
    for (const headers of [alice, bob])
      for (const [query, resource] of [
        ['', { type: 'org', id: 'acme' }],
        ['?environment=production', production],
      ] as const) {
        const id = headers === alice ? 'alice' : 'bob';
        const found = await all('action', { subject: { type: 'user', id }, resource }, headers);
        expect(await permissions(headers, query)).toMatchObject({ status: 200, body: { permissions: found } });
        expect(found.length).toBeGreaterThan(0);
      }
  });

  it('tells nothing of an organization that the caller may not know of, or of an environment that they do not see', async () => {
    expect(await permissions(zoe)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await permissions(bob, '?environment=none')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await permissions(bob, '?environment=staging')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
