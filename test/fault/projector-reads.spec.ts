import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, PlainPersonalData, random } from './projector-history.js';
import { holds, positionOfReads, project, projectorOf, query, until } from './projector-support.js';

let db: Database;
let store: MemoryEventStore;
let history: History;

useDatabase((opened) => {
  db = opened;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(11));
  await history.grow(80);
});
afterEach(() => query(db, 'drop schema if exists read_v1 cascade'));

describe('the read position', () => {
  it('is reached at once where the projector runs in this process', async () => {
    const projector = projectorOf(db, store);
    const reads = positionOfReads(db, projector);
    projector.start();
    await holds(projector, history);
    for (const _ of Array(5)) {
      await history.grow(1);
      if (history.position === undefined) throw new Error('no position');
      expect(await reads.reached(history.position, 5_000)).toBe(true);
    }
    expect(await reads.current()).toEqual(history.position);
    await projector.stop();
  });

  it('is reached by asking Postgres where it runs elsewhere, and not before', async () => {
    await project(db, store, history);
    const reads = positionOfReads(db);
    const projector = projectorOf(db, store);
    await history.grow(3);
    const target = history.position;
    if (target === undefined) throw new Error('no position');
    expect(await reads.reached(target, 30)).toBe(false);
    projector.start();
    expect(await reads.reached(target, 5_000)).toBe(true);
    await projector.stop();
    await until(async () => (await reads.current()) !== undefined);
  });
});

it('leaves no personal data of an erased person behind, and a rebuild brings none back', async () => {
  const personalData = new PlainPersonalData();
  const expected = await project(db, store, history);
  const [person] = (expected.people ?? []) as { user_id: string }[];
  if (person === undefined) throw new Error('nobody is known');
  personalData.erased.add(`user-${person.user_id}`);
  await query(db, 'drop schema read_v1 cascade');
  const { people } = await project(db, store, history, { personalData });
  expect(people).toEqual(expected.people?.filter((row) => row !== person));
});
