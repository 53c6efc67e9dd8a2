import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import type { EventStore, StoredEvent } from '#libs/application/ports/event-store.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { Projector } from '#libs/readstore/projector.js';
import { rebuild } from '#libs/readstore/rebuild.js';
import { allProjections } from '#projections/all.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { History, PlainPersonalData, random } from './projector-history.js';
import { entersState, holds, rowsIn, until } from './projector-support.js';

const personalData = new PlainPersonalData();
let node: Awaited<ReturnType<typeof startNode>>;
let store: EsdbEventStore;
let database: FreshDatabase;
let db: Database;
beforeEach(async () => {
  node = await startNode({});
  store = await EsdbEventStore.connect(node.connectionString);
  database = await freshDatabase();
  db = openDatabase(database.url);
});
afterEach(async () => {
  await store.close();
  await node.stop();
  await db.destroy();
  await database.drop();
});

const projectorOn = (log: EventStore) =>
  new Projector({
    db,
    store: log,
    personalData,
    projections: allProjections,
    batchSize: 20,
    retry: { firstMs: 5, maxMs: 50 },
  });

it('follows the log through the client, live and after a stop, and a rebuild finds the same rows', async () => {
  const history = new History(store, random(21));
  const projector = projectorOn(store);
  projector.start();
  await history.grow(60);
  await holds(projector, history);
  await projector.stop();
  await history.grow(30);
  projector.start();
  await holds(projector, history);
  const report = await rebuild({ db, store, personalData, projections: allProjections });
  expect(report.differences).toEqual([]);
  await projector.stop();
  const appended: StoredEvent[] = [];
  for (const stream of ['org-org-1', 'usage-org-1'])
    for await (const page of store.read(stream, 0n)) appended.push(...page);
  const { audit_entries } = await rowsIn(db);
  const revisions = audit_entries?.filter((row) => JSON.stringify(row).includes('"org_id":"org-1"'));
  expect(revisions).toHaveLength(appended.length);
});

it('follows again after the node went away, and stops when another log stands in its place', async () => {
  const history = new History(store, random(22));
  const projector = projectorOn(store);
  projector.start();
  await history.grow(10);
  await holds(projector, history);
  const { port } = node;
  await node.stop();
  await until(() => projector.status().state === 'retrying');
  node = await startNode({ port });
  await entersState(projector, 'halted');
  expect(projector.status().error?.name).toBe('LogDiverged');
  await projector.stop();
});
