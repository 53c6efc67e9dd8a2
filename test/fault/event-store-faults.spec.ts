import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { streamNameFilter } from '@eventstore/db-client';
import type { AllStreamSubscription, EventStoreDBClient, Position } from '@eventstore/db-client';
import {
  collect,
  connect,
  event,
  events,
  failure,
  freshName,
  notice,
  seen,
  take,
} from '../contract/event-store/harness.js';
import type { WrongNotice } from './event-store-notices.js';
import { copyLog, startFaultyNode, truncateLog } from './event-store-faulty-node.js';
import type { FaultyNode } from './event-store-faulty-node.js';

let node: FaultyNode;
let client: EventStoreDBClient;
beforeAll(async () => {
  node = await startFaultyNode();
});
afterAll(() => node.stop());
beforeEach(() => {
  node.faults.clear();
  client = connect(node);
});
afterEach(() => client.dispose());

const retry = { expectedRevision: 'no_stream' } as const;

/** Everything that a subscription gives until it fails, and how it fails. */
async function untilFailure(subscription: AllStreamSubscription | ReturnType<EventStoreDBClient['subscribeToStream']>) {
  const got: string[] = [];
  const error = await new Promise<unknown>((resolve) => {
    subscription.on('data', (resolved) => got.push(seen(resolved)));
    subscription.once('error', resolve);
  });
  return { got, error };
}

describe('a node with faults', () => {
  it('drops the connection after so many deliveries; a fresh subscription goes on from there', async () => {
    const stream = freshName();
    await client.appendToStream(stream, events(10));
    node.faults.dropAfter = 3;
    const first = await untilFailure(client.subscribeToStream(stream));
    expect(first.got).toEqual([0, 1, 2].map((n) => `${stream}@${n}`));
    expect(first.error).toMatchObject({ type: 'unavailable' });
    node.faults.clear();
    const rest = await take(client.subscribeToStream(stream, { fromRevision: 2n }), (all) => all.length >= 7);
    expect(rest.map(seen)[0]).toBe(`${stream}@3`);
  });

  for (const call of ['Append', 'BatchAppend'] as const) {
    const credentials = call === 'Append' ? { credentials: { username: 'admin', password: 'changeit' } } : {};
    it(`writes what came by ${call} and breaks the connection instead of answering`, async () => {
      const stream = freshName();
      const batch = events(2);
      await client.appendToStream(freshName(), event(0), credentials);
      node.faults.loseAnswers = { count: 1, drop: true };
      const lost = client.appendToStream(stream, batch, { ...retry, ...credentials });
      expect(['unavailable', 'cancelled']).toContain(await failure(lost));
      const again = await client.appendToStream(stream, batch, { ...retry, ...credentials });
      expect(again.nextExpectedRevision).toBe(1n);
      expect(await collect(client.readStream(stream))).toHaveLength(2);
    });
  }

  it('writes what came by Append and leaves its client without an answer until its deadline', async () => {
    const stream = freshName();
    node.faults.loseAnswers = { count: 1, drop: false };
    const options = { ...retry, deadline: 300, credentials: { username: 'admin', password: 'changeit' } };
    expect(await failure(client.appendToStream(stream, event(0), options))).toBe('deadline-exceeded');
    expect(await collect(client.readStream(stream))).toHaveLength(1);
  });

  it('writes what came by BatchAppend and answers the later appends of that call only', async () => {
    const stream = freshName();
    // Of the first appends of a client any may come first.
    await client.appendToStream(freshName(), event(0));
    node.faults.loseAnswers = { count: 1, drop: false };
    let answered = false;
    const lost = client.appendToStream(stream, event(0), retry).finally(() => (answered = true));
    lost.catch(() => undefined);
    await client.appendToStream(freshName(), event(0));
    await client.appendToStream(freshName(), event(0));
    expect(answered).toBe(false);
    expect(await collect(client.readStream(stream))).toHaveLength(1);
    await node.restart();
    await expect(lost).rejects.toThrow();
  });

  it('answers later', async () => {
    const stream = freshName();
    await client.appendToStream(stream, events(3));
    node.faults.delayMs = 200;
    const began = performance.now();
    expect(await collect(client.readStream(stream))).toHaveLength(3);
    expect(performance.now() - began).toBeGreaterThan(590);
  });

  it('delivers an event twice', async () => {
    const stream = freshName();
    await client.appendToStream(stream, events(2));
    node.faults.duplicate = true;
    const got = await take(client.subscribeToStream(stream), (all) => all.length >= 4);
    expect(got.map(seen)).toEqual([0, 0, 1, 1].map((n) => `${stream}@${n}`));
  });

  it('says that it is not the leader and who is', async () => {
    node.faults.refuse = { as: 'not_leader', host: '127.0.0.1', port: node.port };
    const stream = freshName();
    await expect(client.appendToStream(stream, event(0))).rejects.toMatchObject({
      type: 'not-leader',
      leader: { address: '127.0.0.1', port: node.port },
    });
    expect(await failure(collect(client.readStream(stream)))).toBe('not-leader');
    node.faults.clear();
    expect((await client.appendToStream(stream, event(0))).success).toBe(true);
  });

  it('says that it is overloaded', async () => {
    node.faults.refuse = { as: 'overloaded' };
    const stream = freshName();
    expect(await failure(client.appendToStream(stream, event(0)))).toBe('unavailable');
    expect(await failure(collect(client.readStream(stream)))).toBe('unavailable');
    node.faults.clear();
    expect((await client.appendToStream(stream, event(0))).success).toBe(true);
  });
});

describe('a wrong notice', () => {
  /** What a filtered subscription says in order: `@n` for event n, `!p` for a notice at position p. */
  async function said(kind: WrongNotice | undefined) {
    const tag = freshName('notice');
    const from = (await client.appendToStream(tag, event(0))).position;
    if (!from) throw new Error('an append answers a position');
    for (let n = 0; n < 4; n++) await client.appendToStream(`${n % 2 ? 'kept' : 'other'}-${tag}`, events(3));
    node.faults.notices = kind;
    const all: (string | Position)[] = [];
    const filter = streamNameFilter({
      prefixes: [`kept-${tag}`],
      maxSearchWindow: 2,
      checkpointInterval: 1,
      checkpointReached: async (_, position) => void all.push(position),
    });
    const subscription = client.subscribeToAll({ fromPosition: from, filter });
    const positions: bigint[] = [];
    subscription.on('data', ({ event: got }) => {
      all.push(`@${got?.revision}`);
      positions.push(got?.position?.commit ?? -1n);
    });
    await notice(subscription, 'caughtUp');
    const live = await client.appendToStream(`kept-${tag}`, event(9));
    while (!positions.includes(live.position?.commit ?? 0n)) await new Promise((resolve) => setTimeout(resolve, 10));
    await subscription.unsubscribe();
    const notices = all.filter((one) => typeof one !== 'string');
    return { all, positions, commits: notices.map(({ commit }) => commit), notices, live: live.position?.commit ?? 0n };
  }

  it('none: notices only move forward', async () => {
    const { commits } = await said(undefined);
    expect(commits.length).toBeGreaterThan(4);
    expect(commits).toEqual([...new Set(commits)].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('repeated, and an older one after it', async () => {
    const { commits } = await said('repeated');
    expect(commits.length).toBeGreaterThan(new Set(commits).size);
    expect(commits.some((commit, i) => commit < (commits[i - 1] ?? 0n))).toBe(true);
  });

  it('extra at going live, naming an event that has not been sent', async () => {
    const { commits, live } = await said('extra_at_live');
    expect(commits).toContain(live);
  });

  it('the end of the log, where the next event will stand', async () => {
    const { commits, live } = await said('end_of_log');
    expect(commits).toContain(live);
  });

  it('with prepare position 0', async () => {
    const { notices } = await said('prepare_0');
    expect(notices.length).toBeGreaterThan(0);
    expect(notices.every(({ commit, prepare }) => prepare === 0n && commit > 0n)).toBe(true);
  });

  it('ahead of the events', async () => {
    const { commits, positions } = await said('ahead_of_events');
    for (const position of positions) expect(commits).toContain(position);
  });
});

describe('a log that is not what it was', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'event-store-faults-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is there again after a restart on the same port, for the same client', async () => {
    const stored = await startFaultyNode({ dataDir: join(folder, 'restart') });
    const user = connect(stored);
    const stream = freshName();
    const batch = events(2);
    const wrote = await user.appendToStream(stream, batch, retry);
    const subscription = user.subscribeToStream(stream);
    const broken = untilFailure(subscription);
    await notice(subscription, 'caughtUp');
    await stored.restart();
    expect((await broken).error).toMatchObject({ type: 'cancelled' });
    expect(await user.appendToStream(stream, batch, retry)).toEqual(wrote);
    await user.dispose();
    await stored.stop();
  });

  it('lacks its last events after it was truncated', async () => {
    const stored = await startFaultyNode({ dataDir: join(folder, 'truncated') });
    const user = connect(stored);
    const [kept, cut, gone] = [freshName('kept'), freshName('cut'), freshName('gone')];
    await user.appendToStream(kept, events(3));
    const batch = events(3);
    await user.appendToStream(cut, batch);
    await user.appendToStream(gone, events(2));
    await stored.restart((dataDir) => truncateLog(dataDir, 4));
    expect((await collect(user.readStream(kept))).map(seen)).toHaveLength(3);
    expect((await collect(user.readStream(cut))).map(seen)).toEqual([`${cut}@0`]);
    expect(await failure(collect(user.readStream(gone)))).toBe('stream-not-found');
    // No id of what is gone is remembered: it can be written again.
    const again = await user.appendToStream(cut, batch.slice(1), { expectedRevision: 'any' });
    expect(again.nextExpectedRevision).toBe(2n);
    await user.dispose();
    await stored.stop();
  });

  it('is the older one after that was restored', async () => {
    const dataDir = join(folder, 'restored');
    const stored = await startFaultyNode({ dataDir });
    const user = connect(stored);
    const stream = freshName();
    await user.appendToStream(stream, events(2));
    await stored.restart((current) => copyLog(current, join(folder, 'backup')));
    await user.appendToStream(stream, events(2));
    await stored.restart((current) => copyLog(join(folder, 'backup'), current));
    expect((await collect(user.readStream(stream))).map(seen)).toEqual([`${stream}@0`, `${stream}@1`]);
    await user.dispose();
    await stored.stop();
  });
});

it('faults cannot be switched on from the product', async () => {
  const sources = ['apps', 'libs', 'projections'].map((name) => new URL(`../../${name}`, import.meta.url));
  const files = (
    await Promise.all(sources.map((url) => readdir(url, { recursive: true, withFileTypes: true })))
  ).flat();
  const code = files.filter(({ name }) => /(?<!\.spec)\.ts$/.test(name));
  for (const { parentPath, name } of code) {
    const text = await readFile(join(parentPath, name), 'utf8');
    expect(text).not.toMatch(/from '[^']*\/test\//);
    const inside = parentPath.endsWith('embedded-eventstore');
    if (!inside) expect(text).not.toMatch(/embedded-eventstore\/node\.js/);
    else if (name !== 'node.ts') expect(text).not.toMatch(/intercept/i);
  }
});
