import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import type { Projection } from '#libs/readstore/projection.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, random } from './projector-history.js';
import {
  applied,
  entersState,
  holds,
  interruptibleDatabase,
  once,
  project,
  projectorOf,
  query,
  expectRows,
  rowsIn,
  tally,
} from './projector-support.js';

let url: string;
let db: Database;
let store: MemoryEventStore;
let history: History;
let expected: Record<string, unknown[]>;

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(11));
  await history.grow(80);
  expected = await project(db, store, history, { schema: 'reference', batchSize: 1_000_000 });
});
afterEach(async () => {
  for (const schema of ['read_v1', 'reference']) await query(db, `drop schema if exists ${schema} cascade`);
});

describe('a projector', () => {
  it('gives the same rows for every size of batch', async () => {
    for (const batchSize of [1, 3, 7, 50]) {
      expect(await project(db, store, history, { batchSize })).toEqual(expected);
      await query(db, 'drop schema read_v1 cascade');
    }
  });

  it('goes on from its checkpoint after a stop, and applies nothing twice', async () => {
    await project(db, store, history);
    await history.grow(20);
    const rows = await project(db, store, history);
    expect(rows).toEqual(await project(db, store, history, { schema: 'reference' }));
    expect(rows.audit_entries).toHaveLength(store.log.filter(({ stream }) => /^(org|usage)-/.test(stream)).length);
  });

  it('makes progress on a log whose subscription breaks every few events', async () => {
    for (const breakEvery of [2, 3, 5]) {
      store.breakEvery = breakEvery;
      expect(await project(db, store, history)).toEqual(expected);
      expect(store.follows).toBeGreaterThan(store.log.length / breakEvery / 4);
      await query(db, 'drop schema read_v1 cascade');
    }
  });

  it('never commits within a command, however the log is paged', async () => {
    store.pageSize = 1;
    const seen: string[] = [];
    const projector = projectorOf(db, store, { batchSize: 1 });
    projector.onCommitted(({ commit, prepare }) => seen.push(`${commit}/${prepare}`));
    projector.start();
    await holds(projector, history);
    await projector.stop();
    const within = store.log.filter(({ metadata }) => metadata.part === '1/2');
    expect(within.length).toBeGreaterThan(0);
    for (const { position } of within) expect(seen).not.toContain(`${position.commit}/${position.prepare}`);
    await expectRows(db, expected);
  });

  it('shares the work with a second one without a lock, and both end in the same rows', async () => {
    const projections = [...allProjections, tally];
    const projectors = [1, 2, 3].map((batchSize) => projectorOf(db, store, { batchSize, projections }));
    for (const projector of projectors) projector.start();
    for (const _ of Array(20)) await history.grow(2);
    await Promise.all(projectors.map((projector) => holds(projector, history)));
    await Promise.all(projectors.map((projector) => projector.stop()));
    expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference' }));
    expect(await applied(db)).toEqual(once(store));
  });

  it('passes over streams that are not its own, and moves beyond them', async () => {
    const foreign = {
      id: 'any',
      type: 'InvoiceSent',
      data: { note: 'foreign' },
      metadata: { part: 'x/y', realm: 'r' },
    };
    const outcome = await store.append('invoice-7', -1n, [foreign]);
    if (outcome.appended) history.position = outcome.position;
    expect(await project(db, store, history)).toEqual(expected);
  });

  it('survives a crash between any two steps, also when the answer to a commit is lost', async () => {
    const projections = [...allProjections, tally];
    const tables = projections.flatMap((each) => each.tables.map(({ name }) => `read_v1.${name}`));
    await project(db, new MemoryEventStore(), new History(store, random(1)), { projections });
    let total = Number.POSITIVE_INFINITY;
    const names = new Set<string>();
    for (let crashAt = 0; crashAt < total; crashAt += 1) {
      let count = 0;
      const faulty = interruptibleDatabase(url, (name) => {
        if (count++ !== crashAt) return;
        names.add(name);
        throw new Error(`crashed ${name}`);
      });
      // Two batches: each statement is crashed at with rows of an earlier one, and without.
      const projector = projectorOf(faulty, store, { batchSize: 50, projections });
      projector.start();
      await holds(projector, history).finally(() => projector.stop());
      await faulty.destroy();
      await expectRows(db, expected);
      expect(await applied(db)).toEqual(once(store));
      for (const table of tables) await query(db, `delete from ${table}`);
      await query(db, 'update read_v1.checkpoint set commit = null, prepare = null, witness_id = null');
      total = Math.min(total, count);
    }
    expect(names).toContain('before commit');
    expect(names).toContain('after commit');
    // The compare-and-set of the checkpoint.
    expect([...names].some((name) => name.startsWith('after with bounded as'))).toBe(true);
  }, 120_000);

  const realmCreated = { type: 'RealmCreated', data: { realmId: 'r', scheme: { id: 'enterprise', version: 1 } } };
  const claims = { type: 'ClaimsObserved', data: { userId: 'u', groups: [], emailIndex: null, issuedAt: 1 } };

  it.each([
    ['realm', realmCreated],
    ['user', claims],
  ])('halts on an event of a %s that fails, having committed all before it', async (category, draft) => {
    const index = store.log.findIndex(({ metadata }, at) => at > 40 && metadata.part === '1/1');
    const culprit = store.log[index];
    if (culprit === undefined) throw new Error('the history is too short');
    const moved = { ...culprit, ...draft, stream: `${category}-of-many` };
    store.log[index] = moved;
    const failing = failingOn(moved.id);
    const projector = projectorOf(db, store, { projections: [...allProjections, failing], batchSize: 1000 });
    projector.start();
    await entersState(projector, 'halted');
    const { error, position } = projector.status();
    const { stream, revision, type } = moved;
    expect(error).toEqual({
      name: 'HandlerFailed',
      message: 'projection failing failed: cannot',
      event: { stream, revision: revision.toString(), type },
    });
    const before = store.log[index - 1];
    expect(position).toBe(`${before?.position.commit}/${before?.position.prepare}`);
    await projector.stop();
    expect(projector.status().state).toBe('halted');
  });

  it('halts on a row of a person that Postgres refuses, and says which event', async () => {
    const bad = { type: 'ProfileObserved', data: { userId: 'bad', subject: 's', email: null, name: null } };
    await history.append('user-bad', [bad], { occurredAt: 'no instant' });
    await history.grow(5);
    const projector = projectorOf(db, store, { batchSize: 1000 });
    projector.start();
    await entersState(projector, 'halted');
    expect(projector.status().error).toMatchObject({
      name: 'HandlerFailed',
      message: expect.stringContaining('projection people failed: invalid input syntax'),
      event: { stream: 'user-bad', revision: '0' },
    });
    await projector.stop();
    expect((await rowsIn(db)).audit_entries).toEqual(expected.audit_entries);
  });

  it('waits at an event type of a newer build, and goes on once it knows it', async () => {
    const stranger = { type: 'TeamCreated', data: { teamId: 'blue' } };
    await history.append('org-new', [{ type: 'CommandHadNoEffect', data: { command: 'x' } }]);
    const known = history.position;
    await history.append('org-new', [stranger]);
    await history.grow(5);
    const projector = projectorOf(db, store, { batchSize: 1000 });
    projector.start();
    await entersState(projector, 'waiting');
    expect(projector.status()).toMatchObject({
      position: `${known?.commit}/${known?.prepare}`,
      error: { name: 'UnknownEventType', event: { stream: 'org-new', revision: '1', type: 'TeamCreated' } },
    });
    // As an upgrade would see it.
    const index = store.log.findIndex(({ type }) => type === 'TeamCreated');
    const event = store.log[index];
    if (event !== undefined) store.log[index] = { ...event, type: 'CommandHadNoEffect', data: { command: 'x' } };
    await holds(projector, history);
    expect(projector.status().error).toBeUndefined();
    await projector.stop();
  });

  it('waits at a stream of a newer build, whose kind it does not know, and does not pass over it', async () => {
    await history.append('team-blue', [{ type: 'TeamCreated', data: {} }]);
    const projector = projectorOf(db, store);
    projector.start();
    await entersState(projector, 'waiting');
    await projector.stop();
    expect(projector.status()).toMatchObject({
      error: { name: 'UnknownEventType', event: { stream: 'team-blue', revision: '0', type: 'TeamCreated' } },
    });
    await expectRows(db, expected);
  });

  it('stops with LogDiverged on a log that ends before the checkpoint, or holds another event there', async () => {
    await project(db, store, history);
    const last = store.log.length - 1;
    const event = store.log[last];
    if (event === undefined) throw new Error('no event');
    store.log[last] = { ...event, metadata: { ...event.metadata, actor: 'somebody-else' } };
    await halts('LogDiverged', 'another event');
    store.truncate(last - 3);
    await halts('LogDiverged', 'it ends at');
    store.truncate(0);
    await halts('LogDiverged', 'it is empty');
  });

  it('refuses rows that other projections have filled', async () => {
    await project(db, store, history);
    const projector = projectorOf(db, store, { projections: allProjections.slice(1) });
    projector.start();
    await entersState(projector, 'halted');
    expect(projector.status().error?.name).toBe('ReadSchemaOutdated');
    await projector.stop();
  });

  it('outlives lost connections', async () => {
    const projector = projectorOf(db, store, { batchSize: 2 });
    projector.start();
    for (const _ of Array(10)) {
      await history.grow(5);
      await query(
        db,
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      ).catch(() => undefined);
    }
    await holds(projector, history);
    await projector.stop();
    expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference' }));
  });

  async function halts(name: string, message: string): Promise<void> {
    const projector = projectorOf(db, store);
    projector.start();
    await entersState(projector, 'halted');
    expect(projector.status().error).toMatchObject({ name, message: expect.stringContaining(message) });
    await projector.stop();
  }

  const failingOn = (eventId: string): Projection => ({
    name: 'failing',
    version: 1,
    tables: [],
    begin: () => ({
      each: ({ id }) => {
        if (id === eventId) throw new Error('cannot');
      },
    }),
  });
});
