import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { EventStream } from '../support/event-stream.js';
import { TestClock } from '../support/world.js';
import { WrappedStore } from '../support/wrapped-store.js';

const clock = new TestClock();
let api: TestApi;
const open: EventStream[] = [];
let token = '';
/** What happens elsewhere after the right to a page was looked at and before the page is read. */
let meanwhile: (() => Promise<unknown>) | undefined;

class SlowStore extends WrappedStore {
  override async *read(stream: string, from: bigint, count?: number): AsyncIterable<readonly StoredEvent[]> {
    const happens = meanwhile;
    meanwhile = undefined;
    await happens?.();
    yield* super.read(stream, from, count);
  }
}

beforeAll(async () => {
  api = await startTestApi({
    clock,
    environment: { REALMS: 'default=teams', FEED_CONNECTIONS: '3,4' },
    over: (services) => ({ ...services, store: new SlowStore(services.store, (append) => append()) }),
  });
  await done('olga', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await done('zoe', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'zoe' });
  for (const userId of ['adam', 'ada', 'abe', 'art']) await add(userId, 'org.admin');
  await add('dev', 'org.developer');
  const emails = ['ida@acme.test', 'ivo@acme.test'];
  token = await done('olga', 'orgs/acme', 'InviteMembers', { emails, role: 'org.viewer' });
}, 60_000);
afterEach(async () => {
  for (const each of open.splice(0)) await each.leave();
});
afterAll(() => api?.stop());

const add = (userId: string, role: string) => done('olga', 'orgs/acme', 'AddMember', { userId, role });
const bearerOf = (sub: string) => api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});

async function done(sub: string, target: string, name: string, body: object): Promise<string> {
  const headers = { authorization: await bearerOf(sub) };
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
  expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
  return String(answer.headers['consistency-token']);
}

async function get(sub: string, query = '', org = 'acme', method = 'GET') {
  const path = `/v1/orgs/${org}/events${query}`;
  const { status, text, headers } = await api.http.send({
    method,
    path,
    headers: { authorization: await bearerOf(sub) },
  });
  return { status, headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function stream(sub: string, query = '', headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = new EventStream(api.port, `/v1/orgs/acme/events${query}`, {
    authorization: await bearerOf(sub),
    ...headers,
  });
  open.push(stream);
  return stream;
}

async function head(): Promise<string> {
  return `${(await api.services.store.last('org-acme'))?.revision}`;
}

const revisionsOf = (changes: readonly { revision: unknown }[]) => changes.map(({ revision }) => Number(revision));

describe('pages of changes', () => {
  it('hold every event in the order of the revisions, whole commands, and nothing that the audit log does not show', async () => {
    const { body } = await get('olga');
    expect(revisionsOf(body.changes)).toEqual(body.changes.map((_: unknown, i: number) => i));
    expect(body).toMatchObject({ after: await head(), more: false });
    const { text } = await api.http.send({
      path: '/v1/orgs/acme/audit?outcome=allowed',
      headers: { authorization: await bearerOf('olga'), 'consistency-token': token },
    });
    const entries = JSON.parse(text)
      .entries.filter(({ stream }: { stream: string }) => stream === 'org-acme')
      .reverse();
    const seen = (changes: { eventId: string; data: unknown }[]) => changes.map(({ eventId, data }) => [eventId, data]);
    expect(seen(body.changes)).toEqual(seen(entries));
    expect(JSON.stringify(body)).not.toContain('@acme.test');
    expect(body.changes.at(-1)).toMatchObject({ event: 'InvitationCreated', action: 'InviteMembers', part: '2/2' });
  });

  it('go on where the page before ended, and never divide a command', async () => {
    const all = (await get('olga')).body.changes;
    const pages: number[] = [];
    for (let after = '-1', more = true; more; ) {
      const { body } = await get('olga', `?after=${after}&limit=${all.length - 1}`);
      pages.push(...revisionsOf(body.changes));
      ({ after, more } = body);
    }
    expect(pages).toEqual(revisionsOf(all));
    const { body } = await get('olga', `?after=-1&limit=${all.length - 1}`);
    expect(body.changes).toHaveLength(all.length);
  });

  it('are for who may read the audit log: others are told no, strangers nothing', async () => {
    expect((await get('adam')).status).toBe(200);
    expect(await get('dev')).toMatchObject({ status: 403, body: { code: 'forbidden', permission: 'audit:read' } });
    expect(await get('zoe')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await get('zoe', '', 'none')).status).toBe(404);
    expect((await (await stream('dev')).ended, open.at(-1)?.status)).toBe(403);
  });

  it('are refused where the right to them ends while they are read', async () => {
    meanwhile = () => done('olga', 'orgs/acme', 'RemoveMember', { userId: 'art' });
    expect(await get('art')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(meanwhile).toBeUndefined();
  });

  it('leave in the audit log that they were read', async () => {
    await get('ada');
    const { text } = await api.http.send({
      path: '/v1/orgs/acme/audit?actor=ada',
      headers: {
        authorization: await bearerOf('olga'),
        'consistency-token': await done('olga', 'orgs/acme', 'UpdateOrg', { name: 'Acme AG' }),
      },
    });
    expect(JSON.parse(text).entries).toMatchObject([{ event: 'AuditRead', data: { filter: { feed: 'changes' } } }]);
  });

  it('wait for the first change, and no longer than asked', async () => {
    const after = await head();
    expect((await get('adam', `?after=${after}&wait=1`)).body).toEqual({ changes: [], after, more: false });
    const waiting = get('adam', `?after=${after}&wait=30`);
    await metricIs('poll', 1);
    await done('olga', 'orgs/acme', 'UpdateOrg', { name: 'Acme Ltd.' });
    expect((await waiting).body).toMatchObject({ changes: [{ event: 'OrgRenamed', data: { name: 'Acme Ltd.' } }] });
    await metricIs('poll', 0);
  });

  it('of a revision that is not there are refused: the log is another one', async () => {
    const beyond = Number(await head()) + 1;
    expect(await get('olga', `?after=${beyond}`)).toMatchObject({ status: 409, body: { code: 'revision_unknown' } });
    for (const query of ['?after=x', '?wait=31', '?limit=0', '?after=-2', '?else=1'])
      expect((await get('olga', query)).status).toBe(400);
    expect((await get('olga', '?wait=30&after=0', 'acme', 'HEAD')).status).toBe(200);
  });
});

/** Until as many feeds of a kind wait as given. */
async function metricIs(kind: string, count: number): Promise<void> {
  for (const until = Date.now() + 20_000; ; ) {
    if (Date.now() > until) throw new Error(`there are not ${count} feeds of kind ${kind}`);
    const { values } = await api.services.metrics.feeds.get();
    if ((values.find(({ labels }) => labels.kind === kind)?.value ?? 0) === count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a stream of changes', () => {
  it('gives what is there and then what comes, each with its revision as id', async () => {
    const feed = await stream('adam');
    const before = Number(await head());
    await feed.until(() => feed.events.length > before);
    expect(feed.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    await done('olga', 'orgs/acme', 'UpdateOrg', { name: 'Acme GmbH' });
    await feed.until(() => feed.events.length > before + 1);
    expect(feed.events.map(({ id }) => Number(id))).toEqual(feed.events.map((_, i) => i));
    expect(feed.events.at(-1)).toMatchObject({ event: 'message', data: { event: 'OrgRenamed', actor: 'olga' } });
  });

  it('goes on after Last-Event-ID, whatever the address says', async () => {
    const after = await head();
    await done('olga', 'orgs/acme', 'UpdateOrg', { name: 'Acme SE' });
    const feed = await stream('adam', '?after=0', { 'last-event-id': after });
    await feed.until(() => feed.events.length > 0);
    expect(feed.events).toMatchObject([{ id: `${Number(after) + 1}` }]);
    const refused = await stream('adam', '', { 'last-event-id': 'x' });
    await refused.ended;
    expect(refused.status).toBe(400);
  });

  it('ends at the event that ends the right to it, for a member who is removed or loses the role', async () => {
    for (const [userId, name, input, code] of [
      ['ada', 'ChangeMemberRole', { role: 'org.developer' }, 'forbidden'],
      ['abe', 'RemoveMember', {}, 'not_found'],
    ] as const) {
      const feed = await stream(userId, `?after=${await head()}`);
      await done('olga', 'orgs/acme', 'UpdateOrg', { name: `Before ${userId}` });
      await feed.until(() => feed.events.length > 0);
      const last = await head();
      await done('olga', 'orgs/acme', name, { userId, ...input });
      await done('olga', 'orgs/acme', 'UpdateOrg', { name: `After ${userId}` });
      await feed.ended;
      expect(feed.events.at(-1)).toMatchObject({ event: 'end', data: { code } });
      expect(feed.events.slice(0, -1).map(({ id }) => id)).toEqual([last]);
    }
  });

  it('ends with the key that a service reads it by', async () => {
    await done('olga', 'orgs/acme', 'CreateServiceAccount', { accountId: 'sync', name: 'Sync', role: 'org.admin' });
    const issued = await api.http.send({
      path: '/v1/orgs/acme/commands/IssueServiceAccountKey',
      headers: { authorization: await bearerOf('olga') },
      body: { accountId: 'sync', keyId: 'first' },
    });
    const after = await head();
    const feed = await stream('olga', `?after=${after}`, {
      authorization: `Bearer ${JSON.parse(issued.text).result.key}`,
    });
    await metricIs('stream', 1);
    await done('olga', 'orgs/acme', 'RevokeServiceAccountKey', { accountId: 'sync', keyId: 'first' });
    await feed.ended;
    expect(feed.events).toMatchObject([{ event: 'end', data: { code: 'unauthenticated' } }]);
  });

  it('ends when its token does', async () => {
    const authorization = await api.bearer('adam', { ttlSeconds: 60 });
    const feed = await stream('adam', `?after=${await head()}`, { authorization });
    await metricIs('stream', 1);
    clock.advance(200_000);
    await done('olga', 'orgs/acme', 'UpdateOrg', { name: 'Later' });
    await feed.ended;
    expect(feed.events.at(-1)).toMatchObject({ event: 'end', data: { code: 'unauthenticated' } });
    clock.advance(-200_000);
  });

  it('is one of a few at once for each caller and organization; whoever leaves makes room', async () => {
    const after = `?after=${await head()}`;
    for (let i = 0; i < 3; i++) await stream('adam', after);
    await metricIs('stream', 3);
    const fourth = await stream('adam', after);
    await fourth.ended;
    expect([fourth.status, fourth.headers['retry-after']]).toEqual([429, '5']);
    expect((await get('adam', after)).status).toBe(200);
    expect(await get('adam', `${after}&wait=1`)).toMatchObject({ status: 429, body: { policy: 'feeds' } });
    await stream('olga', after);
    await metricIs('stream', 4);
    const fifth = await stream('olga', after);
    await fifth.ended;
    expect(fifth.status).toBe(429);
    for (const each of open.splice(0)) await each.leave();
    await metricIs('stream', 0);
    await stream('adam', after);
    await metricIs('stream', 1);
  });

  // The last one: the server does not come back.
  it('ends when the server is about to stop, after everything that was there; so does a page that waits', async () => {
    const after = await head();
    const feed = await stream('adam', `?after=${after}`);
    await metricIs('stream', 1);
    const waiting = get('olga', `?after=${after}&wait=30`);
    await metricIs('poll', 1);
    await api.services.drain.begin(0);
    await feed.ended;
    expect(feed.events).toMatchObject([{ event: 'end', data: { code: 'draining' } }]);
    expect((await waiting).body).toEqual({ changes: [], after, more: false });
    const late = await stream('adam');
    await late.ended;
    expect(late.events.map(({ id }) => id).slice(-2)).toEqual([after, undefined]);
    expect(late.events).toHaveLength(Number(after) + 2);
  });
});
