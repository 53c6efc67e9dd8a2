import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafOf } from '#libs/application/ledger/leaf.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { openProof } from '#libs/ledger/inclusion-proof.js';
import { decodeKey, type NoteKey } from '#libs/ledger/signed-note.js';
import { verifyConsistency } from '#libs/ledger/verify.js';
import { until } from '../fault/projector-support.js';
import { startTestApi, type TestApi } from '../support/api.js';

interface Head {
  readonly origin: string;
  readonly size: string;
  readonly root: string;
}

let api: TestApi;
let key: NoteKey;
let token = '';
const bearers: Record<string, string> = {};
const ledger = '/v1/orgs/acme/ledger';

beforeAll(async () => {
  api = await startTestApi();
  bearers.root = await api.bearer('root', { email: 'admin@localhost' });
  bearers.alice = await api.bearer('alice');
  bearers.bob = await api.bearer('bob');
  await done('root', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  await done('alice', '/v1/orgs/acme/commands/AddMember', { userId: 'bob', role: 'org.participant' });
  await done('alice', '/v1/orgs/acme/commands/CreateEnvironment', { environmentId: 'production', name: 'Production' });
  key = decodeKey((await api.http.send({ path: '/v1/ledger/key' })).text.trim());
}, 60_000);
afterAll(() => api?.stop());

async function done(who: string, path: string, body: unknown): Promise<void> {
  const answer = await api.http.send({ path, body, headers: { authorization: String(bearers[who]) } });
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
}

const get = (path: string, who = 'alice', headers: Record<string, string> = {}) =>
  api.http.send({
    path: `${ledger}${path}`,
    headers: { authorization: String(bearers[who]), 'consistency-token': token, ...headers },
  });

async function answered<T>(path: string): Promise<T> {
  const answer = await get(path);
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return JSON.parse(answer.text);
}

async function events(stream = 'org-acme'): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const page of api.services.store.read(stream, 0n)) all.push(...page);
  return all;
}

describe('the ledger of an organization', () => {
  it('has a checkpoint of everything up to the Consistency-Token, signed by the public key', async () => {
    const checkpoint = await answered<Head & { note: string; signedAt: string; discontinuities: unknown[] }>(
      '/checkpoint',
    );
    const opened = openCheckpoint(checkpoint.note, `${key.name}/org/acme`, key);
    expect(checkpoint).toMatchObject({
      origin: `${key.name}/org/acme`,
      size: `${(await events()).length}`,
      root: opened.root.toString('base64'),
      discontinuities: [],
    });
    expect(`${opened.size}`).toBe(checkpoint.size);
    expect(await answered('/checkpoint')).toEqual(checkpoint);
    const note = await get('/checkpoint', 'alice', { accept: 'text/plain' });
    expect([note.headers['content-type'], note.text]).toEqual(['text/plain; charset=utf-8', checkpoint.note]);
  });

  it('proves every event, by id and by revision, with its bytes as the log holds them', async () => {
    const origin = `${key.name}/org/acme`;
    for (const event of await events()) {
      const byId = await answered<{ revision: string; leaf: string; proof: string }>(`/proof?event=${event.id}`);
      expect(byId).toMatchObject({ event: event.id, revision: `${event.revision}` });
      expect(byId.leaf).toBe(leafOf(event).toString('utf8'));
      expect(openProof(byId.proof, Buffer.from(byId.leaf), origin, key)).toMatchObject({ index: event.revision });
      expect(await answered(`/proof?event=${event.revision}`)).toEqual(byId);
      const text = await get(`/proof?event=${event.id}`, 'alice', { accept: 'text/plain' });
      expect(text.text).toBe(byId.proof);
    }
  });

  it('shows that what was signed before is the beginning of what there is now', async () => {
    const before = await answered<Head>('/checkpoint');
    await done('alice', '/v1/orgs/acme/commands/CreateGroup', { groupId: 'ops', name: 'Operations' });
    const now = await answered<Head>('/checkpoint');
    expect(BigInt(now.size)).toBe(BigInt(before.size) + 1n);
    const claimOf = (from: Head, to: Head) => ({
      from: BigInt(from.size),
      fromRoot: Buffer.from(from.root, 'base64'),
      to: BigInt(to.size),
      toRoot: Buffer.from(to.root, 'base64'),
    });
    for (let from = 1n; from <= BigInt(now.size); from++)
      for (const to of [undefined, now.size]) {
        const way = `/consistency?from=${from}${to === undefined ? '' : `&to=${to}`}`;
        const found = await answered<{ from: Head; to: Head; hashes: string[] }>(way);
        const hashes = found.hashes.map((hash) => Buffer.from(hash, 'base64'));
        expect(verifyConsistency(claimOf(found.from, found.to), hashes)).toBe(true);
        expect(found.to).toMatchObject({ size: now.size, root: now.root });
        if (`${from}` === before.size) expect(found.from.root).toBe(before.root);
      }
  });

  it('has a tree of the activity, where reads of the audit trail stand', async () => {
    expect((await get('/checkpoint?tree=activity')).status).toBe(404);
    const read = await api.http.send({
      path: '/v1/orgs/acme/audit',
      headers: { authorization: String(bearers.alice) },
    });
    expect(read.status).toBe(200);
    const origin = `${key.name}/activity/acme`;
    let seen: StoredEvent[] = [];
    await until(async () => {
      seen = await events('activity-acme');
      const checkpoint = await get('/checkpoint?tree=activity');
      return seen.length > 0 && checkpoint.status === 200 && JSON.parse(checkpoint.text).size >= seen.length;
    });
    for (const event of seen) {
      const proof = await answered<{ leaf: string; proof: string }>(`/proof?tree=activity&event=${event.id}`);
      expect(openProof(proof.proof, Buffer.from(proof.leaf), origin, key)).toMatchObject({ index: event.revision });
      expect(proof.leaf).toBe(leafOf(event).toString('utf8'));
    }
    const [first] = seen;
    expect((await get(`/proof?event=${first?.id}`)).status).toBe(404);
  });

  it('is for those who may read the audit trail, and says what it does not have', async () => {
    for (const path of ['/checkpoint', '/proof?event=0', '/consistency?from=1'])
      expect((await get(path, 'bob')).status).toBe(403);
    const { size } = await answered<Head>('/checkpoint');
    for (const event of [size, '999999999999999999', 'no-such-event', '5d7b9e0e-8f0a-4f6e-9a0b-0d7f6a1c2b3d'])
      expect([event, (await get(`/proof?event=${event}`)).status]).toEqual([event, 404]);
    for (const query of [
      `from=1&to=${BigInt(size) + 1n}`,
      `from=${BigInt(size) + 1n}`,
      'from=2&to=1',
      'from=0',
      'to=1',
    ])
      expect([query, (await get(`/consistency?${query}`)).status]).toEqual([query, 400]);
    expect((await get('/proof?event=0&tree=realm')).status).toBe(400);
  });
});

describe('the ledger of the realm', () => {
  const ask = (what: string, who: string) =>
    api.http.send({
      path: `/v1/realm/ledger/${what}`,
      headers: { authorization: String(bearers[who]), 'consistency-token': token },
    });

  it('is for those who verify the ledger of the deployment', async () => {
    for (const what of ['checkpoint', 'proof?event=0', 'consistency?from=1'])
      expect([(await ask(what, 'alice')).status, (await ask(what, 'root')).status]).toEqual([403, 200]);
  });

  it('has a checkpoint of all its events, proves each of them, and that it only grew', async () => {
    const origin = `${key.name}/realm/default`;
    const stored = await events('realm-default');
    const { note, size, root } = JSON.parse((await ask('checkpoint', 'root')).text) as Head & { note: string };
    expect(openCheckpoint(note, origin, key)).toMatchObject({ size: BigInt(stored.length) });
    expect(size).toBe(`${stored.length}`);
    for (const event of stored) {
      const answer = await ask(`proof?event=${event.id}`, 'root');
      const { leaf, proof } = JSON.parse(answer.text) as { leaf: string; proof: string };
      expect(leaf).toBe(leafOf(event).toString('utf8'));
      expect(openProof(proof, Buffer.from(leaf), origin, key)).toMatchObject({ index: event.revision });
    }
    const { to } = JSON.parse((await ask('consistency?from=1', 'root')).text) as { to: Head };
    expect(to).toEqual({ origin, size, root });
  });
});
