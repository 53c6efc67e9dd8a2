import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { endsCommand } from '#libs/application/metadata.js';
import type { Database } from '#libs/readstore/database.js';
import { projection } from '#libs/readstore/projection.js';
import { bringUpToDate, type RebuildOptions, switchBack } from '#libs/readstore/rebuild.js';
import { createIndexes, createTable } from '#libs/readstore/table.js';
import { tablesOf } from '#libs/readstore/read-schema.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, random } from './projector-history.js';
import {
  entersState,
  expectRows,
  holds,
  interruptibleDatabase,
  project,
  projectorOf,
  query,
  rowsIn,
} from './projector-support.js';
import { dropReadModels, generationsIn, personalData, rebuilt } from './rebuild-support.js';

let url: string;
let db: Database;
let store: MemoryEventStore;
let history: History;

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(5));
  await history.grow(120);
});
afterEach(() => dropReadModels(db));

const run = (swap: boolean, options: Partial<RebuildOptions> = {}) => rebuilt({ db, store, swap, ...options });
const reference = () => project(db, store, history, { schema: 'reference', batchSize: 1_000_000 });
const otherVersions = allProjections.map((each) => ({ ...each, version: each.version + 1 }));

it('finds the live rows equal to rebuilt ones (P10)', async () => {
  await project(db, store, history, { batchSize: 7 });
  const { position } = history;
  expect(await run(false)).toEqual({
    events: store.log.length,
    position: `${position?.commit}/${position?.prepare}`,
    differences: [],
    contradictions: [],
    swapped: false,
    generation: { number: 2, schema: 'read_v1_g2', state: 'building' },
  });
  expect(await rowsIn(db, 'read_v1_g2')).toEqual(await rowsIn(db));
});

it('reports a row that was changed, one that was lost and one that was added by hand', async () => {
  await project(db, store, history);
  const [member] = await query<{ org_id: string; user_id: string }>(
    db,
    'select org_id, user_id from read_v1.members limit 1',
  );
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

it('starts changed projections: by a rebuild, and by the start of a process that has them', async () => {
  await project(db, store, history, { projections: otherVersions });
  expect(await run(true)).toMatchObject({ differences: undefined, swapped: true });
  expect(await project(db, store, history)).toEqual(await rowsIn(db));
  await history.grow(10);
  await bringUpToDate({ db, store, personalData, projections: otherVersions });
  const projector = projectorOf(db, store);
  projector.start();
  await entersState(projector, 'halted');
  expect(projector.status().error).toMatchObject({
    name: 'ReadSchemaOutdated',
    message: expect.stringContaining('npx tenantry rebuild'),
  });
  await projector.stop();
  expect(await rowsIn(db)).toEqual(await reference());
});

it('compares the unchanged ones of partly changed projections', async () => {
  const [changed, ...same] = allProjections;
  if (changed === undefined) throw new Error('no projections');
  await project(db, store, history, { projections: [{ ...changed, version: 2 }, ...same] });
  await query(db, 'delete from read_v1.members');
  const { differences } = await run(true);
  expect(differences?.map(({ table }) => table)).toEqual(['members']);
  expect(await rowsIn(db)).toEqual(await reference());
});

it('builds from nothing, over a subscription that breaks', async () => {
  store.breakEvery = 20;
  expect(await run(true)).toMatchObject({ events: store.log.length, differences: undefined, swapped: true });
  await history.grow(10);
  const rows = await project(db, store, history);
  expect(rows.audit_entries).toHaveLength(store.log.filter(({ stream }) => /^(org|usage)-/.test(stream)).length);
});

/** The end of a command among the first events: an append is never kept in part. */
const afterWholeCommand = (most: number): number =>
  store.log.findLastIndex(({ metadata }, index) => index < most && endsCommand(metadata)) + 1;

it('does not compare with rows of a longer log, says so, and builds what the log says', async () => {
  await project(db, store, history);
  store.truncate(afterWholeCommand(10));
  const said: string[] = [];
  const report = await run(true, { log: (line) => said.push(line) });
  expect(report).toMatchObject({ events: store.log.length, differences: undefined, swapped: true });
  expect(said).toContain('the live read models were built from another log: there is nothing to compare with');
  const places = store.log.map(({ position }) => position.commit.toString());
  const [shown] = await query(db, 'select commit from read_v1.checkpoint');
  expect(shown).toEqual({ commit: places.at(-1) });
  const beyond = `select 1 from read_v1.access_streams where stream <> all($1)`;
  expect(await query(db, beyond, [store.log.map(({ stream }) => stream)])).toEqual([]);
});

it('of a changed projection, at a start, does not replace rows of another log by itself', async () => {
  await project(db, store, history);
  store.truncate(afterWholeCommand(10));
  await expect(bringUpToDate({ db, store, personalData, projections: otherVersions })).rejects.toMatchObject({
    name: 'LogDiverged',
  });
});

it('goes on where it was stopped, unless it is to start over or the projections are others', async () => {
  const stopAt = async (batches: number, options: Partial<RebuildOptions> = {}) => {
    const abort = new AbortController();
    let seen = 0;
    const onProgress = () => ++seen === batches && abort.abort(new Error('stopped'));
    await expect(run(true, { batchSize: 10, signal: abort.signal, onProgress, ...options })).rejects.toThrow('stopped');
  };
  await stopAt(3);
  await stopAt(2);
  expect(await generationsIn(db)).toEqual([{ number: 1, state: 'building' }]);
  const report = await run(true);
  expect(report.generation.number).toBe(1);
  expect(report.events).toBeLessThan(store.log.length - 40);
  expect(await rowsIn(db)).toEqual(await reference());
  await stopAt(3);
  expect(await run(true, { fresh: true })).toMatchObject({ events: store.log.length, differences: [] });
  await stopAt(3, { projections: otherVersions });
  expect(await run(true)).toMatchObject({ events: store.log.length, differences: [] });
});

it('survives death between any two steps', async () => {
  store = new MemoryEventStore();
  history = new History(store, random(5));
  await history.grow(30);
  await project(db, store, history);
  const expected = await reference();
  let crashed = true;
  for (let crashAt = 0; crashed; crashAt += 1) {
    crashed = false;
    let count = 0;
    const death = new AbortController();
    const faulty = interruptibleDatabase(url, (name) => {
      if (count++ === crashAt) death.abort(new Error(`died ${name}`));
      crashed ||= death.signal.aborted;
      death.signal.throwIfAborted();
    });
    const options = { db: faulty, signal: death.signal, batchSize: 20 };
    await run(true, options).catch((error: unknown) => expect(String(error)).toContain('died'));
    await faulty.destroy();
    await expectRows(db, expected);
    // What is left can be taken up: now and then, so that several deaths also follow each other.
    if (crashAt % 7 === 0) expect(await run(true)).toMatchObject({ differences: [], swapped: true });
  }
  await history.grow(5);
  expect(await project(db, store, history)).toEqual(await reference());
}, 120_000);

it('builds one projection, leaves the others as they are, and switches that one back', async () => {
  await project(db, store, history);
  await query(db, `update read_v1.members set role = 'forged'`);
  await query(db, `update read_v1.people set name = 'forged'`);
  const { differences } = await run(true, { only: 'members' });
  expect(differences?.map(({ table }) => table)).toEqual(['members']);
  const { members, people } = await rowsIn(db);
  await history.grow(5);
  expect((await project(db, store, history)).members).toEqual((await reference()).members);
  expect(new Set(people?.map((row) => JSON.stringify(Reflect.get(Object(row), 'name'))))).toEqual(
    new Set(['"forged"']),
  );
  expect(members).not.toEqual([]);
  await switchBack({ db, store, personalData, projections: allProjections });
  expect(new Set((await rowsIn(db)).members?.map((row) => Reflect.get(Object(row), 'role')))).toContain('forged');
  expect(await run(true)).toMatchObject({ swapped: true });
  await history.grow(5);
  expect(await project(db, store, history)).toEqual(await reference());
});

it('refuses one projection beside the live ones of another build', async () => {
  await project(db, store, history, { projections: otherVersions });
  await expect(run(true, { only: 'members' })).rejects.toMatchObject({ name: 'ReadSchemaOutdated' });
  await expect(run(true, { only: 'unheard-of' })).rejects.toThrow('unheard-of');
});

it('switches back to the former read models, brought up to date, and forth again', async () => {
  await project(db, store, history);
  await run(true);
  await history.grow(20);
  await project(db, store, history);
  const back = await switchBack({ db, store, personalData, projections: allProjections });
  expect(back.events).toBeGreaterThan(0);
  expect(back.generation.number).toBe(1);
  expect(await rowsIn(db)).toEqual(await reference());
  expect(await generationsIn(db)).toEqual([
    { number: 1, state: 'live' },
    { number: 2, state: 'former' },
  ]);
  await history.grow(5);
  expect(await project(db, store, history)).toEqual(await reference());
  const forth = await switchBack({ db, store, personalData, projections: allProjections });
  expect(forth.generation.number).toBe(2);
  expect(await rowsIn(db)).toEqual(await reference());
  await expect(switchBack({ db, store, personalData, projections: otherVersions })).rejects.toMatchObject({
    name: 'ReadSchemaOutdated',
  });
});

it('heals what is parked, and does not compare it', async () => {
  const [victim] = store.log.filter(({ type }) => type === 'MemberAdded').map(({ stream }) => stream);
  const fail = ({ stream }: { stream: string }) => {
    if (stream === victim) throw new TypeError('cannot');
  };
  const quirk = (version: number, handler: typeof fail) =>
    projection({ name: 'quirk', version, tables: [], on: { org: { MemberAdded: handler } } });
  const failing = [...allProjections, quirk(1, fail)];
  await project(db, store, history, { projections: failing });
  expect(await query(db, 'select stream from read_v1.parked_streams')).toEqual([{ stream: victim }]);
  const mended = [...allProjections, quirk(1, () => {})];
  expect(await run(true, { projections: mended })).toMatchObject({ differences: [], swapped: true });
  expect(await query(db, 'select stream from read_v1.parked_streams')).toEqual([]);
  expect(await rowsIn(db)).toEqual(await reference());
});

it('waits for its turn, and tells of a rebuild that does not end', async () => {
  await project(db, store, history);
  const both = await Promise.all([run(true), run(true)]);
  expect(both).toMatchObject([{ differences: [] }, { differences: [] }]);
  let meanwhile: Promise<unknown> | undefined;
  const onProgress = () => {
    meanwhile ??= run(true, { waitMs: 0 }).catch((error: Error) => error.name);
  };
  await run(true, { onProgress });
  expect(await meanwhile).toBe('RebuildRunning');
});

it('takes over tables of an earlier layout, which stood where the views are', async () => {
  await project(db, store, history);
  const rows = await rowsIn(db);
  await query(db, 'drop schema read_v1 cascade');
  await query(db, 'drop table read_v1_g1.parked_streams');
  await query(db, 'alter table read_v1_g1.checkpoint drop column event_kinds');
  await query(db, 'alter schema read_v1_g1 rename to read_v1');
  await history.grow(5);
  const projector = projectorOf(db, store);
  projector.start();
  await holds(projector, history);
  await projector.stop();
  expect(await rowsIn(db)).toEqual(await reference());
  expect(await rowsIn(db)).not.toEqual(rows);
  expect(await run(true)).toMatchObject({ differences: [], swapped: true });
});

it('gives rebuilt tables the keys and indexes of first ones', async () => {
  await project(db, store, history);
  await run(true);
  const indexesOf = async (schema: string) =>
    (
      await query<{ definition: string }>(
        db,
        'select indexdef as definition from pg_indexes where schemaname = $1 order by indexname',
        [schema],
      )
    ).map(({ definition }) => definition.replaceAll(schema, ''));
  const given = tablesOf(allProjections).flatMap((table) => [createTable('', table), ...createIndexes('', table)]);
  expect(await indexesOf('read_v1_g2')).toHaveLength(given.length);
  expect(await indexesOf('read_v1_g2')).toEqual(await indexesOf('read_v1_g1'));
});
