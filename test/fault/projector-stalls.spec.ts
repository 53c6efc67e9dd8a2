import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import type { Projector, ProjectorOptions } from '#libs/readstore/projector.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { dropReadModels, Faulty, parkedIn } from './parking-support.js';
import { History, random } from './projector-history.js';
import { applied, entersState, holds, once, project, projectorOf, rowsIn, tally, until } from './projector-support.js';

/** A minute in the long form. */
const STALL_MS = Number(process.env.STALL_MS ?? 0);

let db: Database;
let store: MemoryEventStore;
let history: History;
const started: Projector[] = [];

useDatabase((opened) => {
  db = opened;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(23));
  await history.grow(60);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((projector) => projector.stop()));
  await dropReadModels(db);
});

function start(faulty: Faulty, options: Partial<ProjectorOptions> = {}): Projector {
  const projections = [...allProjections, faulty.projection, tally];
  const projector = projectorOf(db, store, { projections, replay: { firstMs: 2, maxMs: 20 }, ...options });
  started.push(projector);
  projector.start();
  return projector;
}
const asOnce = async () => {
  expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference', batchSize: 1_000_000 }));
  expect(await applied(db)).toEqual(once(store));
};

/** The log goes on for so long, once at least, and the other projector with it. */
async function growFor(ms: number, other: Projector): Promise<void> {
  const over = performance.now() + ms;
  do {
    await history.grow(20);
    await holds(other, history);
    await sleep(Math.min(1_000, Math.max(0, over - performance.now())));
  } while (performance.now() < over);
}

/** A place where a process stands still until it is woken. */
class Gate {
  wake = () => {};
  reached = false;
  private readonly opened = new Promise<void>((resolve) => {
    this.wake = resolve;
  });

  async pass(): Promise<void> {
    this.reached = true;
    await this.opened;
  }
}

/** Another process's way to the log. */
class SameLog extends MemoryEventStore {
  override at(...given: Parameters<MemoryEventStore['at']>) {
    return store.at(...given);
  }
  override head() {
    return store.head();
  }
  override follow(...given: Parameters<MemoryEventStore['follow']>) {
    return store.follow(...given);
  }
  override read(...given: Parameters<MemoryEventStore['read']>) {
    return store.read(...given);
  }
}

/** Parks an organization at an event in its middle, and stops. */
async function parked(): Promise<void> {
  const [culprit] = store.log.filter(({ stream }) => stream === 'org-org-1').slice(4);
  const failing = new Faulty();
  failing.fails = ({ id }) => id === culprit?.id;
  const first = start(failing, { replay: { firstMs: 1e9, maxMs: 1e9 } });
  await holds(first, history);
  await first.stop();
  expect(await parkedIn(db)).toHaveLength(1);
}

it(
  'a projector that stands still in the middle of a batch holds nobody up, and does no harm when it wakes',
  async () => {
    const gate = new Gate();
    const frozen = new Faulty();
    let batches = 0;
    frozen.within = async () => {
      if (++batches === 3) await gate.pass();
    };
    const sleeper = start(frozen);
    await until(() => gate.reached);
    const other = start(new Faulty(), { batchSize: 7 });
    await holds(other, history);
    await growFor(STALL_MS, other);
    gate.wake();
    await holds(sleeper, history);
    await history.grow(10);
    await Promise.all([holds(sleeper, history), holds(other, history)]);
    await asOnce();
  },
  120_000 + 3 * STALL_MS,
);

it(
  'neither does one that stands still before its transaction, with a batch read long ago',
  async () => {
    const gate = new Gate();
    const stalled = new (class extends SameLog {
      override async *follow(...[after, signal]: Parameters<MemoryEventStore['follow']>) {
        for await (const page of store.follow(after, signal)) {
          if (!gate.reached && after !== undefined) await gate.pass();
          yield page;
        }
      }
    })();
    const other = start(new Faulty());
    await holds(other, history);
    const sleeper = start(new Faulty(), { store: stalled });
    await history.grow(20);
    await until(() => gate.reached);
    await growFor(STALL_MS, other);
    gate.wake();
    await holds(sleeper, history);
    await asOnce();
  },
  120_000 + 3 * STALL_MS,
);

it('neither does one that stands still in the middle of a replay', async () => {
  await parked();
  const gate = new Gate();
  const frozen = new Faulty();
  frozen.within = async () => {
    if (!gate.reached) await gate.pass();
  };
  const sleeper = start(frozen);
  await until(() => gate.reached);
  const other = start(new Faulty());
  await history.grow(20);
  await holds(other, history);
  gate.wake();
  await until(async () => (await parkedIn(db)).length === 0);
  await Promise.all([holds(sleeper, history), holds(other, history)]);
  await asOnce();
});

it('neither does one that stands still before the last step of a replay', async () => {
  await parked();
  const gate = new Gate();
  const stalled = new (class extends SameLog {
    override async *read(...[stream, from]: Parameters<MemoryEventStore['read']>) {
      let any = false;
      for await (const page of store.read(stream, from)) {
        any = true;
        yield page;
      }
      // It has replayed what there is.
      if (!any && !gate.reached) await gate.pass();
    }
  })();
  const sleeper = start(new Faulty(), { store: stalled, batchSize: 1000 });
  await until(() => gate.reached);
  for (const command of ['one', 'two', 'three'])
    await history.append('org-org-1', [{ type: 'CommandHadNoEffect', data: { command } }]);
  await holds(sleeper, history);
  const last = store.log.at(-1);
  const failing = new Faulty();
  failing.fails = ({ id }) => id === last?.id;
  const other = start(failing);
  await until(async () => (await parkedIn(db))[0]?.revision === `${last?.revision}`);
  await other.stop();
  gate.wake();
  await until(async () => (await parkedIn(db)).length === 0);
  await holds(sleeper, history);
  await asOnce();
});

it('a clock that jumps changes nothing', async () => {
  const now = Date.now;
  let calls = 0;
  Date.now = () => now() + (++calls % 2 === 0 ? 1 : -1) * 86_400_000 * calls;
  try {
    const projectors = [1, 4].map((batchSize) => start(new Faulty(), { batchSize }));
    await history.grow(20);
    await Promise.all(projectors.map((projector) => holds(projector, history)));
  } finally {
    Date.now = now;
  }
  await asOnce();
});

it('a log that was cut off while organizations are parked is recognized, and nothing is replayed from it', async () => {
  await parked();
  const before = await rowsIn(db);
  store.truncate(store.log.length - 3);
  const next = start(new Faulty());
  await entersState(next, 'halted');
  expect(next.status().error?.name).toBe('LogDiverged');
  expect(await parkedIn(db)).toHaveLength(1);
  expect(await rowsIn(db)).toEqual(before);
});
