import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#libs/readstore/database.js';
import { projection } from '#libs/readstore/projection.js';
import { Verifier, type VerifierOptions } from '#libs/readstore/verifier.js';
import { type DamagedRow, verifyStream } from '#libs/readstore/verify-stream.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, random } from './projector-history.js';
import { holds, project, projectorOf, query, until } from './projector-support.js';
import { dropReadModels, personalData, rebuilt } from './rebuild-support.js';

let db: Database;
let store: MemoryEventStore;
let history: History;
let found: DamagedRow[];
const { signal } = new AbortController();

useDatabase((opened) => {
  db = opened;
});
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(13));
  found = [];
  await history.grow(100);
});
afterEach(() => dropReadModels(db));

const verifierOf = (options: Partial<VerifierOptions> = {}) =>
  new Verifier({
    db,
    store,
    personalData,
    projections: allProjections,
    onDamaged: (row) => found.push(row),
    ...options,
  });

/** Rounds are random: enough of them meet every stream. */
async function roundsUntil(verifier: Verifier, condition: () => boolean): Promise<void> {
  await until(async () => {
    await verifier.round();
    return condition();
  });
}

const revisionOf = (stream: string) => store.log.findLast((event) => event.stream === stream)?.revision.toString();

describe('the verifier', () => {
  it('finds a row changed behind its back, names it once, and is content again after a rebuild', async () => {
    await project(db, store, history);
    const [member] = await query<{ org_id: string; user_id: string }>(
      db,
      'select org_id, user_id from read_v1.members order by random() limit 1',
    );
    if (member === undefined) throw new Error('no members');
    const { org_id, user_id } = member;
    await query(db, `update read_v1.members set since = since + interval '1 s' where org_id = $1 and user_id = $2`, [
      org_id,
      user_id,
    ]);
    const verifier = verifierOf();
    await roundsUntil(verifier, () => found.length > 0);
    const stream = `org-${org_id}`;
    const row = { stream, table: 'members', key: member, revision: revisionOf(stream) };
    expect(found).toEqual([row]);
    await verifier.round();
    expect(verifier.status()).toMatchObject({ damaged: [row], skipped: 0 });
    expect(found).toHaveLength(1);
    await rebuilt({ db, store, swap: true });
    await verifier.round();
    expect(verifier.status().damaged).toEqual([]);
  });

  const tables = allProjections.flatMap((each) => each.tables);
  it.each(tables.map((table) => [table.name, table] as const))(
    'finds a lost and a changed row of %s',
    async (name, table) => {
      const two = `select ${table.key.join()} from read_v1.${name} order by random() limit 2`;
      let rows: Record<string, unknown>[] = [];
      // Much of what a history makes is deleted again.
      while (rows.length === 0) {
        await history.grow(20);
        await project(db, store, history);
        rows = await query(db, two);
      }
      const [lost, changed] = rows;
      const where = table.key.map((key, i) => `${key} = $${i + 1}`).join(' and ');
      await query(db, `delete from read_v1.${name} where ${where}`, Object.values(lost ?? {}));
      const column = Object.keys(table.columns).find((each) => !table.key.includes(each) && each !== 'stream');
      const wanted = [lost];
      if (column !== undefined && changed !== undefined) {
        const donor = `(select ${column} from read_v1.${name} other where other.${column} is distinct from r.${column} limit 1)`;
        const { rows: updated } = await query<{ rows: string }>(
          db,
          `with changed as (update read_v1.${name} r set ${column} = ${donor} where ${where} and exists ${donor} returning 1)
          select count(*) as rows from changed`,
          Object.values(changed),
        ).then(([row]) => row ?? { rows: '0' });
        if (updated === '1') wanted.push(changed);
      }
      for (const stream of new Set(store.log.map((event) => event.stream))) {
        const models = { db, schema: 'read_v1', projections: allProjections, personalData };
        const verification = await verifyStream({ models, store, maxEvents: 1000, signal }, stream);
        if (verification.skipped === undefined) found.push(...verification.damaged);
      }
      expect(found.map(({ table: where }) => where)).toEqual(wanted.map(() => name));
      const plain = (rows: readonly unknown[]) =>
        rows.map((row) => Object.values(Object(row)).map(String).join()).sort();
      expect(plain(found.map(({ key }) => key))).toEqual(plain(wanted));
    },
  );

  it('finds rows that nothing in the log bears out', async () => {
    await project(db, store, history);
    await query(db, `insert into read_v1.members values ('org-1', 'intruder', 'org.owner', now(), null, 0)`);
    await query(db, `insert into read_v1.access_documents values ('org-org-1', 'member', 'intruder', '{}')`);
    const verifier = verifierOf();
    await roundsUntil(verifier, () => found.length >= 2);
    expect(found.map(({ table, key }) => [table, key])).toEqual([
      ['access_documents', { stream: 'org-org-1', kind: 'member', id: 'intruder' }],
      ['members', { org_id: 'org-1', user_id: 'intruder' }],
    ]);
  });

  it('gives no false alarm while commands run and rebuilds switch', async () => {
    const projector = projectorOf(db, store);
    projector.start();
    await holds(projector, history);
    const verifier = verifierOf({ everyMs: 1 });
    verifier.start();
    let writing = true;
    const writer = (async () => {
      while (writing) await Promise.all([history.grow(1), new Promise((resolve) => setTimeout(resolve, 15))]);
    })();
    try {
      for (let round = 0; round < 2; round++) {
        const { rounds } = verifier.status();
        await rebuilt({ db, store, swap: true });
        await until(() => verifier.status().rounds > rounds + 10);
      }
    } finally {
      writing = false;
      await writer;
      await verifier.stop();
      await projector.stop();
    }
    expect(found).toEqual([]);
    const { streams, events, damaged } = verifier.status();
    expect(damaged).toEqual([]);
    expect(streams).toBeGreaterThan(20);
    expect(events).toBeGreaterThan(streams);
  }, 60_000);

  it('passes over parked organizations and overlong streams, and says so', async () => {
    const [victim] = store.log.filter(({ type }) => type === 'MemberAdded').map(({ stream }) => stream);
    const fail = ({ stream }: { stream: string }) => {
      if (stream === victim) throw new TypeError('cannot');
    };
    const quirk = projection({ name: 'quirk', version: 1, tables: [], on: { org: { MemberAdded: fail } } });
    const projections = [...allProjections, quirk];
    await project(db, store, history, { projections });
    const verifier = verifierOf({ projections });
    await roundsUntil(verifier, () => verifier.status().skipped > 0);
    expect(found).toEqual([]);
    const impatient = verifierOf({ projections, maxEvents: 0 });
    await roundsUntil(impatient, () => impatient.status().skipped > 1);
    expect(impatient.status()).toMatchObject({ streams: 0, damaged: [] });
  });
});
