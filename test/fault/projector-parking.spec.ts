import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import type { Projector, ProjectorOptions } from '#libs/readstore/projector.js';
import { tablesOf } from '#libs/readstore/read-schema.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { dropReadModels, Faulty, parkedIn, parkedStreamsIn, rowsOfOrg } from './parking-support.js';
import { History, random } from './projector-history.js';
import {
  applied,
  holds,
  interruptibleDatabase,
  once,
  project,
  projectorOf,
  query,
  expectRows,
  rowsIn,
  tally,
  until,
} from './projector-support.js';

let url: string;
let db: Database;
let store: MemoryEventStore;
let history: History;
let faulty: Faulty;
const started: Projector[] = [];

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(17));
  faulty = new Faulty();
  await history.grow(90);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((projector) => projector.stop()));
  await dropReadModels(db);
});

const projections = () => [...allProjections, faulty.projection, tally];
const start = (options: Partial<ProjectorOptions> = {}) => {
  const projector = projectorOf(options.db ?? db, store, {
    projections: projections(),
    replay: { firstMs: 2, maxMs: 20 },
    ...options,
  });
  started.push(projector);
  projector.start();
  return projector;
};
const neverAgain = { replay: { firstMs: 1e9, maxMs: 1e9 } };
const neverFailed = () => project(db, store, history, { schema: 'reference', batchSize: 1_000_000 });
const allUnparked = () => until(async () => (await parkedIn(db)).length === 0);

/** An event in the middle of the stream's history. */
function middleOf(stream: string) {
  const events = store.log.filter((event) => event.stream === stream);
  const event = events[Math.floor(events.length / 2)];
  if (event === undefined) throw new Error(`${stream} is empty`);
  return event;
}

/** Parks an organization at an event, and stops. */
async function parkedAt(eventId: string, options: Partial<ProjectorOptions> = {}): Promise<void> {
  faulty.fails = ({ id }) => id === eventId;
  const projector = start({ ...neverAgain, ...options });
  await holds(projector, history);
  await projector.stop();
  expect(await parkedStreamsIn(db)).toHaveLength(1);
}

describe('an event that a handler cannot take', () => {
  it('parks its organization where it stopped; the others go on, and the checkpoint too', async () => {
    const culprit = middleOf('org-org-1');
    faulty.fails = ({ id }) => id === culprit.id;
    const projector = start({ ...neverAgain, batchSize: 40 });
    await holds(projector, history);
    await history.grow(30);
    await holds(projector, history);
    await projector.stop();
    expect(await parkedIn(db)).toEqual([
      {
        stream: 'org-org-1',
        revision: culprit.revision.toString(),
        commit: culprit.position.commit.toString(),
        prepare: culprit.position.prepare.toString(),
        projection: 'faulty',
        error: `cannot take org-org-1 ${culprit.revision}`,
        since: expect.any(String),
      },
    ]);
    const rows = rowsOfOrg(await rowsIn(db), 'org-1');
    expect(rows.others).toEqual(rowsOfOrg(await neverFailed(), 'org-1').others);
    expect(rows.of).toEqual(rowsOfOrg(await upTo(culprit.revision), 'org-1').of);
  });

  it('parks as well where Postgres refuses the rows', async () => {
    await history.append('org-bad', [{ type: 'CommandHadNoEffect', data: { command: 'fine' } }]);
    await history.append('org-bad', [{ type: 'CommandHadNoEffect', data: { command: 'nul \0 within' } }]);
    await history.grow(5);
    const projector = start({ ...neverAgain, batchSize: 1000 });
    await holds(projector, history);
    expect(await parkedIn(db)).toMatchObject([
      { stream: 'org-bad', revision: '1', projection: 'audit-log', error: 'unsupported Unicode escape sequence' },
    ]);
  });

  it('applies nothing of a command of which one event fails', async () => {
    const drafts = ['one', 'two', 'three'].map((command) => ({ type: 'CommandHadNoEffect', data: { command } }));
    await history.append('org-org-1', drafts);
    const last = store.log.at(-1);
    await history.grow(10);
    await parkedAt(last?.id ?? '', { batchSize: 1 });
    expect(await parkedIn(db)).toMatchObject([{ stream: 'org-org-1', revision: `${(last?.revision ?? 0n) - 2n}` }]);
    const { audit_entries } = await rowsIn(db);
    expect(JSON.stringify(audit_entries)).not.toContain('"command":"one"');
    faulty.fails = () => false;
    start({ batchSize: 1 });
    await allUnparked();
    expect(await rowsIn(db)).toEqual(await neverFailed());
  });

  it('costs the others no more than a few transactions: each later batch is one', async () => {
    let transactions = 0;
    const counted = interruptibleDatabase(url, (name) => {
      if (name === 'before begin') transactions += 1;
    });
    const culprit = middleOf('org-org-1');
    faulty.fails = ({ id }) => id === culprit.id;
    store.pageSize = 1000;
    const projector = start({ ...neverAgain, db: counted, batchSize: 1000 });
    await holds(projector, history);
    // Creating the tables, then halves down to the one command and doubled again, over about a hundred events.
    expect(transactions).toBeLessThan(30);
    for (const _ of Array(5)) {
      let goOn = () => {};
      faulty.within = () =>
        new Promise((resolve) => {
          goOn = resolve;
        });
      await history.append('org-org-2', [{ type: 'CommandHadNoEffect', data: { command: 'held up' } }]);
      await until(() => faulty.batches.at(-1) === 1);
      // Meanwhile others and the parked one write more, which comes as one batch.
      await history.append('org-org-1', [{ type: 'CommandHadNoEffect', data: { command: 'x' } }]);
      await history.grow(25);
      transactions = 0;
      faulty.within = async () => {};
      goOn();
      await holds(projector, history);
      expect(transactions).toBe(1);
    }
    await projector.stop();
    await counted.destroy();
  });

  /** The rows of a log in which the organization's stream ends before a revision. */
  async function upTo(revision: bigint): Promise<Record<string, unknown[]>> {
    const shorter = new MemoryEventStore();
    shorter.log.push(...store.log.filter((event) => event.stream !== 'org-org-1' || event.revision < revision));
    const position = shorter.log.at(-1)?.position;
    return project(db, shorter, { position }, { schema: 'shorter', batchSize: 1_000_000 });
  }
});

describe('a parked organization', () => {
  it('is replayed at the next start, and equals one that never failed', async () => {
    await parkedAt(middleOf('org-org-1').id);
    await history.grow(40);
    faulty.fails = () => false;
    const projector = start();
    await holds(projector, history);
    await allUnparked();
    await projector.stop();
    expect(await rowsIn(db)).toEqual(await neverFailed());
    expect(await applied(db)).toEqual(once(store));
  });

  it('is tried again while the projector runs, also while commands keep coming', async () => {
    const culprit = middleOf('org-org-1');
    faulty.fails = ({ id }) => id === culprit.id;
    const projector = start({ batchSize: 1000 });
    await holds(projector, history);
    faulty.fails = () => false;
    let unparked = false;
    const growing = (async () => {
      while (!unparked) {
        await history.append('org-org-1', [{ type: 'CommandHadNoEffect', data: { command: 'x' } }]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await allUnparked().finally(() => {
      unparked = true;
    });
    await growing;
    await holds(projector, history);
    await projector.stop();
    expect(await parkedIn(db)).toEqual([]);
    expect(await rowsIn(db)).toEqual(await neverFailed());
    expect(await applied(db)).toEqual(once(store));
  });

  it('is replayed in transactions of bounded size', async () => {
    await parkedAt(middleOf('org-org-1').id);
    for (const _ of Array(60))
      await history.append('org-org-1', [{ type: 'CommandHadNoEffect', data: { command: 'x' } }]);
    await holds(start({ ...neverAgain, batchSize: 1000 }), history);
    await Promise.all(started.splice(0).map((projector) => projector.stop()));
    faulty.fails = () => false;
    faulty.batches.length = 0;
    start();
    await allUnparked();
    expect(faulty.batches.length).toBeGreaterThan(6);
    // One more where the last event of a part is within a command.
    expect(Math.max(...faulty.batches)).toBeLessThanOrEqual(11);
  });

  it('stops anew where it fails anew, as far as it came, and says why', async () => {
    const events = store.log.filter(({ stream, metadata }) => stream === 'org-org-1' && metadata.part === '1/1');
    const [first, second] = [events.at(3), events.at(-3)];
    await parkedAt(first?.id ?? '');
    const [before] = await parkedIn(db);
    faulty.fails = ({ id }) => id === second?.id;
    const projector = start();
    await until(async () => (await parkedIn(db))[0]?.error.endsWith(` ${second?.revision}`) === true);
    expect(await parkedIn(db)).toEqual([
      {
        ...before,
        revision: `${second?.revision}`,
        commit: `${second?.position.commit}`,
        prepare: `${second?.position.prepare}`,
        error: `cannot take org-org-1 ${second?.revision}`,
      },
    ]);
    faulty.fails = () => false;
    await allUnparked();
    await projector.stop();
    expect(await rowsIn(db)).toEqual(await neverFailed());
    expect(await applied(db)).toEqual(once(store));
  });

  it('is harmed by no second projector that replays it at the same time', async () => {
    await parkedAt(middleOf('org-org-1').id);
    faulty.fails = () => false;
    const projectors = [1, 2, 3].map((batchSize) => start({ batchSize, replay: { firstMs: 1, maxMs: 2 } }));
    await history.grow(30);
    await allUnparked();
    await Promise.all(projectors.map((projector) => holds(projector, history)));
    await Promise.all(projectors.map((projector) => projector.stop()));
    expect(await rowsIn(db)).toEqual(await neverFailed());
    expect(await applied(db)).toEqual(once(store));
  });

  it('is one of several: each of them comes back by itself', async () => {
    const culprits = ['org-org-0', 'org-org-1', 'org-org-2'].map((stream) => middleOf(stream).id);
    faulty.fails = ({ id }) => culprits.includes(id);
    const projector = start({ batchSize: 1000 });
    await holds(projector, history);
    expect(await parkedStreamsIn(db)).toEqual(['org-org-0', 'org-org-1', 'org-org-2']);
    faulty.fails = ({ id }) => id === culprits[1];
    await until(async () => (await parkedStreamsIn(db)).length === 1);
    faulty.fails = () => false;
    await allUnparked();
    await projector.stop();
    expect(await rowsIn(db)).toEqual(await neverFailed());
    expect(await applied(db)).toEqual(once(store));
  });
});

describe('a crash between any two steps', () => {
  const CHECKPOINT =
    'update read_v1.checkpoint set commit = null, prepare = null, witness_id = null, event_kinds = null';
  /** The faulty one first, so that there are not too many steps to try them all. */
  const projections = () => [faulty.projection, ...allProjections, tally];

  beforeEach(async () => {
    store = new MemoryEventStore();
    history = new History(store, random(17), { orgs: 2, users: 3, environments: 2 });
    await history.grow(10);
  });

  it('of parking loses nothing, applies nothing twice and parks no other', async () => {
    const culprit = middleOf('org-org-1');
    faulty.fails = ({ id }) => id === culprit.id;
    const expected = await parkedRows();
    const steps = await crashAnywhere(emptied, neverAgain, async (projector) => {
      await holds(projector, history);
      await projector.stop();
      await expectRows(db, expected);
      expect(await parkedIn(db)).toMatchObject([{ stream: 'org-org-1', revision: `${culprit.revision}` }]);
    });
    expect(steps).toContainEqual(expect.stringMatching(/^after insert into "read_v1"."parked_streams/));
  }, 120_000);

  it('of a replay loses nothing and applies nothing twice', async () => {
    await parkedAt(middleOf('org-org-1').id, { projections: projections() });
    await query(db, 'create schema kept');
    const tables = [...tablesOf(projections()).map(({ name }) => name)];
    for (const table of tables) await query(db, `create table kept.${table} as select * from read_v1.${table}`);
    const restored = async () => {
      for (const table of tables) {
        await query(db, `delete from read_v1.${table}`);
        await query(db, `insert into read_v1.${table} select * from kept.${table}`);
      }
    };
    faulty.fails = () => false;
    const expected = await neverFailed();
    const steps = await crashAnywhere(restored, {}, async (projector) => {
      await allUnparked();
      await projector.stop();
      await expectRows(db, expected);
      expect(await applied(db)).toEqual(once(store));
    });
    await query(db, 'drop schema kept cascade');
    expect(steps).toContainEqual(expect.stringMatching(/^after update "read_v1"."parked_streams/));
    expect(steps).toContainEqual(expect.stringMatching(/^after delete from "read_v1"."parked_streams/));
    expect(steps).toContain('after commit');
  }, 120_000);

  async function emptied(): Promise<void> {
    for (const { name } of tablesOf(projections()))
      if (name !== 'checkpoint') await query(db, `delete from read_v1.${name}`);
    await query(db, CHECKPOINT);
  }

  async function parkedRows(): Promise<Record<string, unknown[]>> {
    const projector = start({ ...neverAgain, projections: projections() });
    await holds(projector, history);
    await projector.stop();
    return rowsIn(db);
  }

  /** Once for each step that a run without a crash takes. Answers the steps. */
  async function crashAnywhere(
    before: () => Promise<void>,
    options: Partial<ProjectorOptions>,
    run: (projector: Projector) => Promise<void>,
  ): Promise<string[]> {
    const steps = new Set<string>();
    let total = Number.POSITIVE_INFINITY;
    for (let crashAt = -1; crashAt < total; crashAt += 1) {
      await before();
      let count = 0;
      const crashing = interruptibleDatabase(url, (name) => {
        if (count++ !== crashAt) return;
        steps.add(name);
        throw new Error(`crashed ${name}`);
      });
      const projector = start({ ...options, db: crashing, batchSize: 30, projections: projections() });
      await run(projector).finally(() => projector.stop());
      await crashing.destroy();
      total = Math.min(total, count);
    }
    return [...steps];
  }
});
