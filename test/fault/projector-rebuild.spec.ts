import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { rebuild } from '#libs/readstore/rebuild.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { History, PlainPersonalData, random } from './projector-history.js';
import { holds, project, projectorOf, query, rowsIn } from './projector-support.js';

let database: FreshDatabase;
let db: Database;
let store: MemoryEventStore;
let history: History;
const personalData = new PlainPersonalData();

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(5));
  await history.grow(120);
});
afterEach(async () => {
  for (const schema of ['read_v1', 'read_v1_rebuild']) await query(db, `drop schema if exists ${schema} cascade`);
});

const run = (swap: boolean, projections = allProjections) =>
  rebuild({ db, store, personalData, projections, swap, batchSize: 50 });

it('finds the live rows equal to rebuilt ones', async () => {
  await project(db, store, history, { batchSize: 7 });
  const { position } = history;
  expect(await run(false)).toEqual({
    events: store.log.length,
    position: `${position?.commit}/${position?.prepare}`,
    differences: [],
    swapped: false,
  });
  expect(await rowsIn(db, 'read_v1_rebuild')).toEqual(await rowsIn(db));
});

it('reports a row that was changed, one that was lost and one that was added by hand', async () => {
  await project(db, store, history);
  const [member] = await query<{ org_id: string; user_id: string }>(
    db,
    'select org_id, user_id from read_v1.members limit 1',
  );
  await query(db, `update read_v1.members set role = 'org.owner' where org_id = $1 and user_id = $2`, [
    member?.org_id,
    member?.user_id,
  ]);
  await query(db, 'update read_v1.members set revision = 99999 where org_id = $1 and user_id = $2', [
    member?.org_id,
    member?.user_id,
  ]);
  await query(db, `delete from read_v1.audit_entries where revision = 0`);
  await query(db, `insert into read_v1.access_streams values ('org-forged', 1)`);
  const { differences } = await run(false);
  expect(differences?.map(({ table }) => table)).toEqual(['access_streams', 'audit_entries', 'members']);
  const [streams, entries, members] = differences ?? [];
  expect(streams).toEqual({
    table: 'access_streams',
    count: '1',
    first: [{ key: { stream: 'org-forged' }, live: { stream: 'org-forged', revision: 1 }, rebuilt: null }],
  });
  expect(entries?.first[0]?.live).toBeNull();
  expect(members).toMatchObject({ count: '1', first: [{ key: member, live: { revision: 99999 } }] });
});

it('compares and swaps while a projector and readers go on', async () => {
  const projector = projectorOf(db, store, { batchSize: 5 });
  projector.start();
  await holds(projector, history);
  let writing = true;
  const writer = (async () => {
    while (writing) {
      await history.grow(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  const reader = (async () => {
    while (writing) await rowsIn(db);
  })();
  for (let round = 0; round < 5; round++) expect(await run(true)).toMatchObject({ differences: [], swapped: true });
  writing = false;
  await writer;
  await reader;
  await holds(projector, history);
  await projector.stop();
  expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference' }));
  expect(await query(db, 'select epoch from read_v1.checkpoint')).toEqual([{ epoch: '6' }]);
  await query(db, 'drop schema reference cascade');
});

it('starts changed projections', async () => {
  await project(db, store, history, {
    projections: allProjections.map((each) => ({ ...each, version: each.version + 1 })),
  });
  expect(await run(true)).toMatchObject({ differences: undefined, swapped: true });
  expect(await project(db, store, history)).toEqual(await rowsIn(db));
});

it('builds from nothing, over a subscription that breaks', async () => {
  store.breakEvery = 20;
  expect(await run(true)).toMatchObject({ events: store.log.length, differences: undefined, swapped: true });
  await history.grow(10);
  const rows = await project(db, store, history);
  expect(rows.audit_entries).toHaveLength(store.log.filter(({ stream }) => stream.startsWith('org-')).length);
});

it('says so when the log is shorter than the live rows', async () => {
  await project(db, store, history);
  store.truncate(10);
  await expect(run(false)).rejects.toMatchObject({ name: 'LogDiverged' });
});
