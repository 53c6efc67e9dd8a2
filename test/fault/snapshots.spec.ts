import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyFold, type Folded, step } from '#libs/application/fold.js';
import { Folds } from '#libs/application/folds.js';
import { SnapshotCheck } from '#libs/application/snapshots/snapshot-check.js';
import { decoded, encoded } from '#libs/application/snapshots/snapshot.js';
import { Snapshots } from '#libs/application/snapshots/snapshots.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { foldCode } from '#libs/readstore/fold-code.js';
import { PostgresSnapshots } from '#libs/readstore/snapshots.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, random } from './projector-history.js';
import { query } from './projector-support.js';

const org = 'org-0';
const CODE = 'this code';
const store = new MemoryEventStore();
let db: Database;
let url: string;
let kept: PostgresSnapshots;
let told: string[];

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeAll(async () => {
  await new History(store, random(3), { orgs: 1, users: 6, environments: 4 }).grow(150);
});
beforeEach(async () => {
  told = [];
  kept = await PostgresSnapshots.open(db, CODE);
});
afterEach(() => query(db, 'delete from snapshots.organizations'));

const head = () => store.log.filter(({ stream }) => stream === `org-${org}`).length - 1;

function started(over = kept, events = store, everyMs = 3_600_000) {
  const check = new SnapshotCheck(events, everyMs);
  const report = {
    onDamaged: (_: string, revision: bigint, how: string) => void told.push(`${revision} ${how}`),
    onUnavailable: () => void told.push('unavailable'),
  };
  const snapshots = new Snapshots(over, report, check, 20);
  return { check, snapshots, folds: new Folds(events, undefined, snapshots) };
}

const upTo = (revision: number) => ({ revision: BigInt(revision) });

/** By the events alone. */
const truth = (revision: number, log = store): Folded<'org'> =>
  log.log
    .filter((event) => event.stream === `org-${org}` && event.revision <= BigInt(revision))
    .reduce((folded, event) => step('org', folded, event), emptyFold('org'));

const text = (folded: Folded<'org'>) => encoded(org, folded)?.body;

async function fill(): Promise<number[]> {
  const { folds, snapshots } = started();
  await folds.past('org', org, upTo(head()));
  await snapshots.settled();
  return revisions();
}

const revisions = async () =>
  (
    await query<{ revision: string }>(db, 'select revision from snapshots.organizations where code = $1 order by 1', [
      CODE,
    ])
  ).map(({ revision }) => Number(revision));

/** Whole commands only, so that a question and the events up to its revision agree. */
const answer = async (folds: Folds, revision: number) => text((await folds.past('org', org, upTo(revision))).folded);

describe('snapshots', () => {
  it('are written by whoever folds, some way apart, once; and read from then on', async () => {
    const there = await fill();
    expect(there.length).toBeGreaterThan(2);
    for (const [i, revision] of there.entries()) expect(revision - (there[i - 1] ?? -1)).toBeGreaterThanOrEqual(20);
    expect(await fill()).toEqual(there);
    // Read from the last one on, not from the start.
    const seen: bigint[] = [];
    const reading = new (class extends MemoryEventStore {
      override read(stream: string, from: bigint) {
        seen.push(from);
        return store.read(stream, from);
      }
    })();
    await started(kept, reading).folds.past('org', org, upTo(head()));
    expect(seen[0]).toBe(BigInt(there.at(-1) ?? 0));
  });

  it('of the present are written while it grows', async () => {
    const { folds, snapshots } = started();
    await folds.current('org', org);
    await snapshots.settled();
    expect(await revisions()).toEqual([head()]);
    await folds.current('org', org);
    await snapshots.settled();
    expect(await revisions()).toEqual([head()]);
  });

  it.each([
    ['a body that was changed', `body = replace(body, 'user-1', 'user-2')`, 'its content is not what was stored'],
    ['a body that is none', `body = 'x'`, 'its content is not what was stored'],
    ['a digest that was changed', `digest = 'x'`, 'its content is not what was stored'],
    ['one put under another revision', `revision = revision - 1`, 'its content is not what was stored'],
  ])('that are damaged – %s – are told, replaced, and answer nothing', async (_, damage, how) => {
    const there = await fill();
    await query(db, `update snapshots.organizations set ${damage} where revision = $1`, [there.at(-1)]);
    const { folds, snapshots } = started();
    expect(await answer(folds, head())).toBe(text(truth(head())));
    expect(told).toEqual([expect.stringContaining(how)]);
    // What was folded instead is kept again.
    await snapshots.settled();
    for (const revision of await revisions()) {
      const stored = await kept.latest(org, upTo(revision));
      expect(stored?.body).toBe(text(truth(revision)));
    }
  });

  it('of a log that was replaced are told, discarded, and answer nothing', async () => {
    const there = await fill();
    const other = new MemoryEventStore();
    await new History(other, random(4), { orgs: 1, users: 6, environments: 4 }).grow(150);
    // The same positions, revisions and stream; other events.
    for (const event of other.log) Object.assign(event, { id: `other-${event.id}` });
    const { folds, snapshots } = started(kept, other);
    const last = other.log.filter(({ stream }) => stream === `org-${org}`).length - 1;
    expect(await answer(folds, last)).toBe(text(truth(last, other)));
    expect(told).toEqual([expect.stringContaining('its last event is not in the log')]);
    await snapshots.settled();
    for (const revision of (await revisions()).filter((each) => each > (there.at(-2) ?? 0)))
      expect((await kept.latest(org, upTo(revision)))?.body).toBe(text(truth(revision, other)));
  });

  it('that fold otherwise than the log, digest and all, are found by the check and go with all others', async () => {
    await fill();
    const stored = await kept.latest(org, upTo(head()));
    const folded = stored && decoded(stored);
    if (folded === undefined) throw new Error('there is none');
    const forged = encoded(org, {
      ...folded,
      state: { ...folded.state, org: { ...folded.state.org, name: 'Forged' } },
    });
    await query(db, 'update snapshots.organizations set body = $1, digest = $2 where revision = $3', [
      forged?.body,
      forged?.digest,
      `${forged?.revision}`,
    ]);
    const { folds, check } = started();
    await folds.past('org', org, upTo(head()));
    await check.settled();
    expect(told).toEqual(['0 its fold is not what the log says']);
    expect(await revisions()).toEqual([]);
    const sound = started();
    await fill();
    told = [];
    await sound.folds.past('org', org, upTo(head()));
    await sound.check.settled();
    expect(told).toEqual([]);
  });

  it('that are out of reach are done without', async () => {
    await fill();
    const gone = openDatabase(url);
    const over = await PostgresSnapshots.open(gone, CODE);
    await gone.destroy();
    const { folds, snapshots } = started(over);
    expect(await answer(folds, head())).toBe(text(truth(head())));
    await snapshots.settled();
    expect(new Set(told)).toEqual(new Set(['unavailable']));
  });

  it('of other code are not read, and go once a process of the new code starts', async () => {
    await fill();
    const next = await PostgresSnapshots.open(db, 'other code');
    expect(await next.latest(org, upTo(head()))).toBeUndefined();
    expect(await query(db, 'select 1 from snapshots.organizations')).toEqual([]);
  });

  it('are named after all the code that folds', async () => {
    expect(await foldCode()).toMatch(/^[0-9a-f]{32}$/);
    expect(await foldCode()).toBe(await foldCode());
  });
});
