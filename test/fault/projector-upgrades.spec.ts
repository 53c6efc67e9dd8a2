import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import type { Projector, ProjectorOptions } from '#libs/readstore/projector.js';
import { kindOf, knownHere } from '#libs/readstore/projected-event.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { dropReadModels, Faulty, parkedIn } from './parking-support.js';
import { History, random } from './projector-history.js';
import { applied, entersState, holds, once, project, projectorOf, rowsIn, tally, until } from './projector-support.js';

let db: Database;
let store: MemoryEventStore;
let history: History;
const started: Projector[] = [];
/** What the older build does not know yet: the kind of event that came last into the history. */
let newKind: string;
const knewBefore = (kind: string) => kind !== newKind && knownHere(kind);

useDatabase((opened) => {
  db = opened;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(31));
  await history.grow(60);
  newKind = [...new Set(store.log.map(kindOf))].at(-1) ?? '';
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((projector) => projector.stop()));
  await dropReadModels(db);
});

const faulty = () => new Faulty();
function start(options: Partial<ProjectorOptions> = {}, broken = faulty()): Projector {
  const projections = [...allProjections, broken.projection, tally];
  const projector = projectorOf(db, store, { projections, replay: { firstMs: 2, maxMs: 20 }, ...options });
  started.push(projector);
  projector.start();
  return projector;
}
const older = (options: Partial<ProjectorOptions> = {}) => start({ knows: knewBefore, ...options });
const firstNew = () => store.log.findIndex((event) => kindOf(event) === newKind);
const asOnce = async () => {
  expect(await parkedIn(db)).toEqual([]);
  expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference', batchSize: 1_000_000 }));
  expect(await applied(db)).toEqual(once(store));
};

it('an older projector waits before the first event that it does not know, and parks nothing', async () => {
  const projector = older();
  await entersState(projector, 'waiting');
  const before = store.log[firstNew() - 1];
  expect(projector.status()).toMatchObject({
    position: `${before?.position.commit}/${before?.position.prepare}`,
    error: { name: 'UnknownEventType', event: { type: newKind.split('/')[1] } },
  });
  expect(await parkedIn(db)).toEqual([]);
});

it('beside it a newer one goes on; the older one waits on, also after a restart, and nothing is lost or parked', async () => {
  const old = older();
  await entersState(old, 'waiting');
  const young = start();
  for (const _ of Array(10)) await history.grow(4);
  await holds(young, history);
  await until(() => old.status().position === young.status().position);
  expect(old.status().state).toBe('waiting');
  await young.stop();
  // The newer one has written what the older one does not understand: it must not go on from there.
  const { position } = young.status();
  await old.stop();
  const again = older();
  await history.grow(10);
  await entersState(again, 'waiting');
  expect(again.status()).toMatchObject({ position, error: { name: 'UnknownEventType' } });
  const successor = start();
  await holds(successor, history);
  await asOnce();
});

it('both take turns while the log holds nothing new yet', async () => {
  const tail = store.log.splice(firstNew());
  history.position = store.log.at(-1)?.position;
  const projectors = [older({ batchSize: 1 }), start({ batchSize: 2 })];
  await Promise.all(projectors.map((projector) => holds(projector, history)));
  store.log.push(...tail);
  history.position = store.log.at(-1)?.position;
  await history.grow(3);
  await holds(projectors[1] ?? older(), history);
  await entersState(projectors[0] ?? older(), 'waiting');
  await asOnce();
});

it('an older one leaves the replay of a parked organization to the newer one', async () => {
  // Only organizations are parked.
  const event = store.log.slice(firstNew()).find(({ stream }) => stream.startsWith('org-'));
  const culprit = store.log.filter(({ stream }) => stream === event?.stream)[2];
  const broken = faulty();
  broken.fails = ({ id }) => id === culprit?.id;
  const young = start({ replay: { firstMs: 1e9, maxMs: 1e9 } }, broken);
  await holds(young, history);
  const parked = await parkedIn(db);
  expect(parked).toHaveLength(1);
  const old = older();
  await entersState(old, 'waiting');
  await until(() => old.status().position === young.status().position);
  expect(await parkedIn(db)).toEqual(parked);
  const successor = start();
  await until(async () => (await parkedIn(db)).length === 0);
  await holds(successor, history);
  await asOnce();
});
