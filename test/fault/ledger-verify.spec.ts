import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Ledger } from '#libs/application/ledger/ledger.js';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { signCheckpoint } from '#libs/ledger/checkpoint.js';
import { SystemClock } from '#libs/platform/clock.js';
import { loadKeys } from '#libs/platform/keys.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { Projector } from '#libs/readstore/projector.js';
import { allProjections } from '#projections/all.js';
import { PostgresLedgerTrees } from '#projections/ledger/postgres-trees.js';
import { main } from '../../apps/cli/main.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { altered, editLog, type LogRecord, moved, revisionOf } from './ledger-tampering.js';
import { History, PlainPersonalData, random } from './projector-history.js';
import { holds, query } from './projector-support.js';
import { rebuilt } from './rebuild-support.js';

const STREAM = 'org-org-1';
/** Well inside the stream: checkpoints before and after it are signed. */
const BAD = 7n;

let folder: string;
let original: FreshDatabase;
let copy: FreshDatabase;
let size: bigint;
let ofUsage: bigint;

/** A deployment that has projected its log, and signed a checkpoint at several sizes. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-verify-'));
  original = await freshDatabase();
  const node = await startNode({ dataDir: join(folder, 'sound', 'events') });
  const store = await EsdbEventStore.connect(node.connectionString);
  const db = openDatabase(original.url);
  await migrate(db);
  const history = new History(store, random(8));
  const projector = new Projector({
    store,
    db,
    personalData: new PlainPersonalData(),
    projections: allProjections,
  });
  const ledger = new Ledger(new PostgresLedgerTrees(db), store, (await loadKeys(keyDir())).ledger, new SystemClock());
  projector.start();
  for (let part = 0; part < 5; part++) {
    await history.grow(25);
    await holds(projector, history);
    if (part < 4) for (const stream of ['org-org-0', STREAM]) await ledger.checkpoint(stream);
  }
  size = ((await store.last(STREAM))?.revision ?? -1n) + 1n;
  ofUsage = ((await store.last('usage-org-1'))?.revision ?? -1n) + 1n;
  await projector.stop();
  await db.destroy();
  await store.close();
  await node.stop();
}, 60_000);
afterAll(async () => {
  await original?.drop();
  await rm(folder, { recursive: true, force: true });
});

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(folder, 'copy-'));
  await cp(join(folder, 'sound', 'events'), join(dataDir, 'events'), { recursive: true });
  copy = await freshDatabase(new URL(original.url).pathname.slice(1));
});
afterEach(() => copy.drop());

const keyDir = () => join(folder, 'keys');
const edit = (change: (records: LogRecord[]) => LogRecord[]) => editLog(join(dataDir, 'events'), change);

/** An event store over the edited files. */
async function overNode<T>(task: (url: string) => Promise<T>): Promise<T> {
  const node = await startNode({ dataDir: join(dataDir, 'events') });
  try {
    return await task(node.connectionString);
  } finally {
    await node.stop();
  }
}

const verify = (...argv: string[]) =>
  overNode(async (url) => {
    let out = '';
    let err = '';
    const environment = { DATA_DIR: dataDir, KEY_DIR: keyDir(), POSTGRES_URL: copy.url, EVENTSTORE_URL: url };
    const io = { environment, out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
    return { code: await main(['verify', ...argv], io), out, err };
  });

async function inPostgres<T>(task: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase(copy.url);
  try {
    return await task(db);
  } finally {
    await db.destroy();
  }
}

const indexOf = (records: readonly LogRecord[], revision: bigint) =>
  records.findIndex((record) => record.stream === STREAM && revisionOf(record) === revision);

const recordOf = (records: readonly LogRecord[], revision: bigint): LogRecord => {
  const record = records[indexOf(records, revision)];
  if (record === undefined) throw new Error(`no revision ${revision}`);
  return record;
};

/** Later events of the stream go up or down by one, as if nothing had happened. */
const renumbered = (records: readonly LogRecord[], from: bigint, by: bigint) =>
  records.map((record) =>
    record.stream === STREAM && revisionOf(record) >= from
      ? moved(record, record.position, revisionOf(record) + by)
      : record,
  );

const forged = (record: LogRecord) => altered(record, (data) => data.replace('{', '{"forged":true,'));

describe('tenantry verify', () => {
  it('finds a sound log sound, whole and by organization', async () => {
    const whole = await verify();
    expect([whole.code, whole.out, whole.err]).toEqual([0, expect.stringContaining('all is as it was recorded'), '']);
    expect(whole.out).toMatch(/^Verified [\d,]+ events in 6 trees, and [1-9]\d* signed checkpoints/);
    expect(whole.out).toMatch(/\nkey {2}tenantry-[0-9a-f]{12}\+[0-9a-f]{8}\+\S+\n$/);
    const one = await verify('--org', 'org-1');
    expect([one.code, one.out]).toEqual([0, expect.stringMatching(`^Verified ${size + ofUsage} events in 2 trees`)]);
    expect((await verify('--org', 'nobody')).code).toBe(1);
    expect((await verify('--org', 'Not an id')).code).toBe(2);
    expect((await verify('--help')).out).toContain('Exit code: 0');
  });

  const edits: Record<string, [bigint, string, (records: LogRecord[]) => LogRecord[]]> = {
    'an altered event': [
      BAD,
      'not the one that was recorded',
      (records) => records.with(indexOf(records, BAD), forged(recordOf(records, BAD))),
    ],
    'a dropped event': [BAD, 'does not hold', (records) => records.toSpliced(indexOf(records, BAD), 1)],
    'a dropped event whose followers close up': [
      BAD,
      'not the one that was recorded',
      (records) => renumbered(records.toSpliced(indexOf(records, BAD), 1), BAD + 1n, -1n),
    ],
    'a dropped last event': [
      -1n,
      'does not hold',
      (records) => records.filter((record) => record !== recordOf(records, size - 1n)),
    ],
    'two swapped events': [
      BAD,
      'not the one that was recorded',
      (records) => {
        const [one, other] = [recordOf(records, BAD), recordOf(records, BAD + 2n)];
        return records
          .with(records.indexOf(one), moved(other, one.position, BAD))
          .with(records.indexOf(other), moved(one, other.position, BAD + 2n));
      },
    ],
    'an inserted event whose followers make room': [
      BAD,
      'not the one that was recorded',
      (records) => {
        const at = indexOf(records, BAD);
        const before = recordOf(records, BAD - 1n);
        const inserted = forged(moved(before, before.position + 1n, BAD));
        return [...records.slice(0, at), inserted, ...renumbered(records.slice(at), BAD, 1n)].sort((a, b) =>
          a.position < b.position ? -1 : 1,
        );
      },
    ],
    'an inserted event beside another': [
      BAD,
      // The index of streams, built again, leads to one of the two.
      '(holds another event there|not the one that was recorded)',
      (records) => {
        const bad = recordOf(records, BAD);
        return records.toSpliced(records.indexOf(bad) + 1, 0, forged(moved(bad, bad.position + 1n, BAD)));
      },
    ],
  };

  it.each(Object.keys(edits))("names the revision of %s in the store's files", async (name) => {
    const [revision, words, change] = edits[name] ?? [0n, '', (records) => records];
    await edit(change);
    const bad = revision < 0n ? size + revision : revision;
    for (const argv of [[], ['--org', 'org-1']]) {
      const { code, out } = await verify(...argv);
      expect([name, code]).toEqual([name, 1]);
      const [first, ...more] = out.split('\n');
      expect(first).toMatch(new RegExp(`^${STREAM}, revision ${bad}: .*${words}`));
      expect(more[0]).toMatch(/^NOT VERIFIED: 1 of \d trees?/);
    }
    expect((await verify('--org', 'org-0')).code).toBe(0);
  });

  it('finds an event that was changed in the log and in all that is recorded of it, by what was signed', async () => {
    await edit((records) => records.with(indexOf(records, BAD), forged(recordOf(records, BAD))));
    await inPostgres((db) => query(db, 'drop schema read_v1 cascade'));
    const { code, out } = await verify();
    expect(code).toBe(1);
    const [, from, to] = new RegExp(`^${STREAM}, between revisions (\\d+) and (\\d+): .*signed`).exec(out) ?? [];
    expect(Number(from)).toBeLessThanOrEqual(Number(BAD));
    expect(Number(to)).toBeGreaterThanOrEqual(Number(BAD));
  });

  it('finds a history that was rewritten whole, and signed again, by a checkpoint that was kept outside', async () => {
    const file = join(dataDir, 'witnessed.txt');
    await inPostgres(async (db) => {
      const rows = await query<{ note: string }>(
        db,
        'select note from durable.ledger_checkpoints order by stream, size',
      );
      await writeFile(file, rows.map(({ note }) => note).join('\n'));
    });
    const sound = await verify('--witnessed', file);
    expect([sound.code, sound.out]).toEqual([
      0,
      expect.stringMatching(/^The log bears out \d+ witnessed checkpoints?\./),
    ]);
    await edit((records) => records.with(indexOf(records, BAD), forged(recordOf(records, BAD))));
    await inPostgres(async (db) => {
      await query(db, 'drop schema read_v1 cascade');
      await query(db, 'truncate durable.ledger_checkpoints');
    });
    // Nothing within the deployment tells it any more.
    expect((await verify()).code).toBe(0);
    const { code, out } = await verify('--witnessed', file);
    expect([code, out]).toEqual([1, expect.stringMatching(/^org-org-1, up to revision \d+: .* was witnessed/)]);
    // One that is cut off does not bear it out either.
    await edit((records) => records.filter((record) => record.stream !== STREAM || revisionOf(record) < BAD));
    const cut = await verify('--org', 'org-1', '--witnessed', file);
    expect([cut.code, cut.out]).toEqual([
      1,
      expect.stringContaining(`${STREAM}, revision ${BAD}: the log does not hold`),
    ]);
  });

  it('compares with nothing that this ledger has not signed', async () => {
    const file = join(dataDir, 'witnessed.txt');
    const other = { name: 'tenantry-000000000000', ...generateKeyPairSync('ed25519') };
    const { name } = (await loadKeys(keyDir())).ledger;
    const root = Buffer.alloc(32);
    for (const [origin, reason] of [
      [`${other.name}/org/org-1`, 'is of another ledger'],
      [`${name}/org/org-1`, "was not signed by this ledger's key"],
    ] as const) {
      await writeFile(file, signCheckpoint({ origin, size: 1n, root }, other));
      const { code, err } = await verify('--witnessed', file);
      expect([code, err]).toEqual([1, expect.stringContaining(reason)]);
    }
    await writeFile(file, 'nothing\n');
    expect((await verify('--witnessed', file)).err).toContain('no signed checkpoint');
    expect((await verify('--witnessed', `${file}.none`)).err).toContain('cannot be read');
  });

  it('tells rows that were changed from events that were', async () => {
    await inPostgres(async (db) => {
      await query(db, `delete from read_v1.ledger_leaves where stream = $1 and revision = 2`, [STREAM]);
      await query(
        db,
        `update read_v1.ledger_leaves set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)
          where stream = 'org-org-0' and revision = 3`,
      );
      await query(
        db,
        `update durable.ledger_checkpoints set size = size + 1 where stream = 'org-org-0' and size =
          (select max(size) from durable.ledger_checkpoints where stream = 'org-org-0')`,
      );
    });
    const { code, out } = await verify();
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(`${STREAM}, revision 2: what was recorded of the event is gone`),
    ]);
    expect(out).toContain('org-org-0, revision 3: the event is as it was, its stored tree nodes are not');
  });

  it('finds a checkpoint that somebody else has signed, or that says something else', async () => {
    await inPostgres((db) =>
      query(db, `update durable.ledger_checkpoints set root = sha256('x') where stream = $1`, [STREAM]),
    );
    const { code, out } = await verify();
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^org-org-1, revision 0: a stored checkpoint .* not signed/),
    ]);
  });
});

describe('a rebuild', () => {
  it('says which rebuilt trees are not those that were signed', async () => {
    await edit((records) => records.with(indexOf(records, BAD), forged(recordOf(records, BAD))));
    await overNode(async (url) => {
      const store = await EsdbEventStore.connect(url);
      try {
        await inPostgres(async (db) => {
          const { contradictions, differences } = await rebuilt({ db, store, only: 'ledger' });
          expect(contradictions).toEqual([
            expect.stringMatching(`^the tree of ${STREAM} is not the one of \\d+ leaves that was signed on 2`),
          ]);
          expect(differences).toMatchObject([{ table: 'ledger_leaves' }]);
        });
      } finally {
        await store.close();
      }
    });
  });

  it('reproduces the root of every size that was signed', async () => {
    await overNode(async (url) => {
      const store = await EsdbEventStore.connect(url);
      try {
        await inPostgres(async (db) => {
          expect(await rebuilt({ db, store, swap: true, batchSize: 3 })).toMatchObject({
            contradictions: [],
            differences: [],
          });
          expect(await query(db, 'select count(*) from durable.ledger_checkpoints')).not.toEqual([{ count: '0' }]);
        });
      } finally {
        await store.close();
      }
    });
  });

  it('adds the trees of usage that was recorded before usage had any, and changes none that was signed', async () => {
    const before = await overNode(async (url) => {
      const store = await EsdbEventStore.connect(url);
      try {
        const signed = await inPostgres(async (db) => {
          for (const table of ['ledger_leaves', 'audit_entries', 'audit_targets'])
            await query(db, `delete from read_v1.${table} where stream like 'usage-%'`);
          const rows = await query(db, 'select * from durable.ledger_checkpoints order by stream, size');
          expect(await rebuilt({ db, store, swap: true })).toMatchObject({ contradictions: [] });
          return rows;
        });
        await inPostgres(async (db) => {
          const { ledger: signer } = await loadKeys(keyDir());
          const ledger = new Ledger(new PostgresLedgerTrees(db), store, signer, new SystemClock());
          expect(await ledger.checkpoint('usage-org-1')).toMatchObject({ size: ofUsage, epoch: 0 });
          const audited = await query(db, "select revision from read_v1.audit_entries where stream = 'usage-org-1'");
          expect(`${audited.length}`).toBe(`${ofUsage}`);
          expect(await ledger.discontinuities(STREAM)).toEqual([]);
          expect((await ledger.checkpoint(STREAM))?.epoch).toBe(0);
        });
        return signed;
      } finally {
        await store.close();
      }
    });
    const { code, out } = await verify();
    expect([code, out]).toEqual([0, expect.stringContaining('all is as it was recorded')]);
    await inPostgres(async (db) => {
      const after = await query(db, 'select * from durable.ledger_checkpoints order by stream, size');
      expect(after).toEqual(expect.arrayContaining(before));
    });
  });
});
