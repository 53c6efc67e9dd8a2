import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { projectionStatus } from '#libs/readstore/projection-status.js';
import type { ProjectorStatus } from '#libs/readstore/projector.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { dropReadModels, Faulty } from './parking-support.js';
import { History, random } from './projector-history.js';
import { entersState, holds, project, projectorOf } from './projector-support.js';

let db: Database;
let store: MemoryEventStore;
let history: History;

useDatabase((opened) => {
  db = opened;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(41));
  await history.grow(30);
});
afterEach(() => dropReadModels(db));

/** As a process tells it that may have no projector of its own. */
const status = (now: number, projector?: { status(): ProjectorStatus }) =>
  projectionStatus({ db, store, projections: allProjections, projector }, now);
const writtenAt = (index: number) => Date.parse(store.log[index]?.metadata.occurredAt ?? '');
const positionAt = (index: number) => {
  const position = store.log[index]?.position;
  return `${position?.commit}/${position?.prepare}`;
};

describe('the status of the projections', () => {
  it('names each with its version, at the head of the log', async () => {
    await project(db, store, history);
    const { projections, parked } = await status(Date.now());
    expect(projections).toEqual(
      allProjections.map(({ name, version }) => ({
        name,
        version,
        state: 'following',
        position: positionAt(store.log.length - 1),
        lag: { events: 0, atLeast: false, ms: 0 },
      })),
    );
    expect(parked).toEqual([]);
  });

  it('counts what the log holds beyond them, though nobody projects', async () => {
    await project(db, store, history);
    const projected = store.log.length;
    await history.grow(7);
    const [first] = (await status(writtenAt(projected) + 1_234)).projections;
    expect(first).toMatchObject({
      state: 'following',
      position: positionAt(projected - 1),
      lag: { events: store.log.length - projected, atLeast: false, ms: 1_234 },
    });
    const later = (await status(writtenAt(projected) + 60_000)).projections;
    for (const each of later) expect(each).toMatchObject({ state: 'behind', lag: { ms: 60_000 } });
  });

  it('stops counting where nobody needs the number any more', async () => {
    await project(db, store, history);
    const drafts = Array.from({ length: 10_050 }, () => ({ type: 'CommandHadNoEffect', data: { command: 'x' } }));
    await history.append('org-busy', drafts);
    expect((await status(0)).projections[0]?.lag).toEqual({ events: 10_000, atLeast: true, ms: 0 });
  });

  it('says that a newer build is needed', async () => {
    await project(db, store, history);
    await history.append('org-new', [{ type: 'TeamCreated', data: {} }]);
    expect((await status(0)).projections[0]).toMatchObject({
      state: 'waiting',
      error: { name: 'UnknownEventType', event: { stream: 'org-new', revision: '0', type: 'TeamCreated' } },
    });
    const projector = projectorOf(db, store);
    projector.start();
    await entersState(projector, 'waiting');
    expect((await status(0, projector)).projections[0]).toMatchObject({
      state: 'waiting',
      error: { name: 'UnknownEventType' },
    });
    await projector.stop();
  });

  it('says that a person has to act, and why', async () => {
    const faulty = new Faulty();
    faulty.fails = ({ category }) => category === 'user';
    const projector = projectorOf(db, store, { projections: [...allProjections, faulty.projection] });
    projector.start();
    await entersState(projector, 'halted');
    expect((await status(0, projector)).projections[0]).toMatchObject({
      state: 'halted',
      error: { name: 'HandlerFailed' },
    });
    await projector.stop();
  });

  it('shows who is parked, where and why', async () => {
    const faulty = new Faulty();
    const culprit = store.log.find(({ stream }) => stream === 'org-org-1');
    faulty.fails = ({ id }) => id === culprit?.id;
    const projections = [...allProjections, faulty.projection];
    const projector = projectorOf(db, store, { projections });
    projector.start();
    await holds(projector, history);
    await projector.stop();
    const { commit, prepare } = culprit?.position ?? {};
    expect((await status(0)).parked).toEqual([
      {
        orgId: 'org-1',
        since: expect.stringMatching(/^\d{4}-.*Z$/),
        revision: '0',
        position: `${commit}/${prepare}`,
        projection: 'faulty',
        error: 'cannot take org-org-1 0',
      },
    ]);
  });
});
