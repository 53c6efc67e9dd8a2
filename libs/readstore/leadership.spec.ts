import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CompiledQuery } from 'kysely';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { type Database, openDatabase } from './database.js';
import { Leadership } from './leadership.js';
import { migrate } from './migrations.js';

/** One that would like to lead, over a database of its own. */
class Candidate {
  readonly seen: string[] = [];
  readonly errors: unknown[] = [];
  readonly db: Database;
  readonly leadership: Leadership;

  constructor(url: string, timing: { leaseMs: number; everyMs: number } = { leaseMs: 1_000, everyMs: 50 }) {
    this.db = openDatabase(url, { poolSize: 1 });
    this.leadership = new Leadership({
      db: this.db,
      name: 'projector',
      lead: () => void this.seen.push('leads'),
      yield: async () => void this.seen.push('yields'),
      onError: (error) => void this.errors.push(error),
      ...timing,
    });
  }
  start(): this {
    this.leadership.start();
    return this;
  }
  async leads(): Promise<void> {
    while (!this.leadership.leading) await sleep(10);
  }
  async end(): Promise<void> {
    await this.leadership.stop();
    await this.db.destroy();
  }
}

let database: FreshDatabase;
let running: Candidate[];
const candidate = (...timing: [{ leaseMs: number; everyMs: number }?]): Candidate => {
  const made = new Candidate(database.url, ...timing);
  running.push(made);
  return made;
};
beforeEach(async () => {
  running = [];
  database = await freshDatabase();
  const db = openDatabase(database.url);
  await migrate(db);
  await db.destroy();
});
afterEach(async () => {
  for (const each of running) await each.end();
  await database.drop();
});

it('lets one of several lead, and the next one when it stops', async () => {
  // A lease that would not run out in the test: the successor can only have it because it was given back.
  const slow = { leaseMs: 600_000, everyMs: 20 };
  const all = [candidate(slow), candidate(slow), candidate(slow)];
  for (const each of all) each.start();
  const leaders = () => all.filter(({ leadership }) => leadership.leading);
  const former: Candidate[] = [];
  while (former.length < all.length) {
    while (leaders().length === 0) await sleep(10);
    const [leader, ...others] = leaders();
    if (leader === undefined) throw new Error('nobody leads');
    expect(others).toEqual([]);
    await leader.leadership.stop();
    expect(leader.seen).toEqual(['leads', 'yields']);
    former.push(leader);
  }
  expect(new Set(former).size).toBe(all.length);
});

it('replaces a holder that is not heard of any more, which then learns that it was', async () => {
  // It asks so rarely that it is as good as frozen, and does not notice by itself.
  const frozen = candidate({ leaseMs: 300, everyMs: 2_000 }).start();
  await frozen.leads();
  const other = candidate().start();
  await other.leads();
  while (frozen.leadership.leading) await sleep(10);
  expect(frozen.seen).toEqual(['leads', 'yields']);
  expect(other.leadership.leading).toBe(true);
});

it('yields when Postgres is away for longer than the lease, and leads again after that', async () => {
  const alone = candidate().start();
  await alone.leads();
  const admin = openDatabase(database.url, { poolSize: 1 });
  await admin.executeQuery(CompiledQuery.raw(`alter table durable.leases rename to hidden`));
  while (alone.leadership.leading) await sleep(10);
  expect(alone.seen).toEqual(['leads', 'yields']);
  expect(alone.errors.length).toBeGreaterThan(0);
  await admin.executeQuery(CompiledQuery.raw(`alter table durable.hidden rename to leases`));
  await alone.leads();
  expect(alone.seen).toEqual(['leads', 'yields', 'leads']);
  await admin.destroy();
});
