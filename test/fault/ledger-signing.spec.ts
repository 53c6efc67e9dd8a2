import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Ledger } from '#libs/application/ledger/ledger.js';
import { meta } from '#libs/application/metadata.js';
import { RegularSigning } from '#libs/application/ledger/regular-signing.js';
import { rootsInLog } from '#libs/application/ledger/roots-in-log.js';
import { TreeBehind, TreeDamaged } from '#libs/application/ledger/trees.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { openDiscontinuity } from '#libs/ledger/discontinuity.js';
import { NoteRejected, type NoteSigner } from '#libs/ledger/signed-note.js';
import { readDurable, restoreDurable } from '#libs/platform/backup/durable-tables.js';
import { SystemClock } from '#libs/platform/clock.js';
import type { Database } from '#libs/readstore/database.js';
import { durableSchema, migrate } from '#libs/readstore/migrations.js';
import { ledgerProjection } from '#projections/ledger/ledger.js';
import { PostgresLedgerTrees } from '#projections/ledger/postgres-trees.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, PlainPersonalData, random } from './projector-history.js';
import { interruptibleDatabase, project, query, until } from './projector-support.js';
import { dropReadModels } from './rebuild-support.js';

const STREAM = 'org-org-0';
const NAME = 'tenantry-test';
const signerOf = (name: string): NoteSigner => ({ name, ...generateKeyPairSync('ed25519') });
const signer = signerOf(NAME);

let db: Database;
let url: string;
let store: MemoryEventStore;
let history: History;

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeEach(async () => {
  await migrate(db);
  store = new MemoryEventStore();
  history = new History(store, random(5));
  await history.grow(40);
});
afterEach(async () => {
  await dropReadModels(db);
  await query(db, `drop schema ${durableSchema} cascade`);
});

const projections = [ledgerProjection];
const projected = () => project(db, store, history, { projections }).catch(ignoreOtherTables);
/** What dumps rows asks for all tables; here stand those of one projection. */
const ignoreOtherTables = (error: unknown) => {
  if (!(error instanceof Error && /relation .* does not exist/.test(error.message))) throw error;
};
const ledgerOf = (over = store, key = signer) => new Ledger(new PostgresLedgerTrees(db), over, key, new SystemClock());
/** Where the last command of the organization begins: an append is never kept in part. */
const beforeLast = () =>
  store.log.findLastIndex(({ stream, metadata }) => stream === STREAM && /^1\/|^$/.test(metadata[meta.part] ?? ''));

const sizeInLog = (over = store) => BigInt(over.log.filter(({ stream }) => stream === STREAM).length);

/** Random histories leave some organization alone for a while. */
async function growTo(to: bigint): Promise<void> {
  while (sizeInLog() < to) await history.grow(1);
}

async function checkpointOf(ledger: Ledger) {
  const checkpoint = await ledger.checkpoint(STREAM);
  if (checkpoint === undefined) throw new Error('there is no tree');
  return checkpoint;
}

const signedRows = () =>
  query<{ epoch: number; size: string }>(db, 'select epoch, size from durable.ledger_checkpoints order by 1, 2');

describe('checkpoints', () => {
  it('are signed once for each size, whoever asks at once', async () => {
    await projected();
    const ledgers = [ledgerOf(), ledgerOf()];
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => checkpointOf(ledgers[i % 2] ?? ledgerOf())));
    expect(new Set(all.map(({ note }) => note)).size).toBe(1);
    const first = openCheckpoint(all[0]?.note ?? '', `${NAME}/org/org-0`, signer);
    expect(first.size).toBe(sizeInLog());
    await growTo(first.size + 1n);
    await projected();
    const grown = await Promise.all(Array.from({ length: 12 }, (_, i) => checkpointOf(ledgers[i % 2] ?? ledgerOf())));
    expect(new Set(grown.map(({ note }) => note)).size).toBe(1);
    expect(grown[0]?.size).toBe(sizeInLog());
    expect(await signedRows()).toEqual([
      { epoch: 0, size: `${first.size}` },
      { epoch: 0, size: `${sizeInLog()}` },
    ]);
  });

  it('of a log that was restored from an older copy bear another origin, and the gap is admitted', async () => {
    await projected();
    const before = await checkpointOf(ledgerOf());
    // The last command of the organization, and all after it, are gone.
    store.truncate(beforeLast());
    await dropReadModels(db);
    history.position = store.log.at(-1)?.position;
    await projected();
    const after = await checkpointOf(ledgerOf());
    expect(after).toMatchObject({ origin: `${NAME}/org/org-0/1`, size: sizeInLog(), epoch: 1 });
    expect(after.size).toBeLessThan(before.size);
    const [record] = await ledgerOf().discontinuities(STREAM);
    const opened = openDiscontinuity(record?.note ?? '', signer);
    expect(opened).toMatchObject({
      before: { origin: before.origin, size: before.size, root: before.root },
      after: { origin: after.origin, size: after.size, root: after.root },
    });
    expect(() => openCheckpoint(record?.note ?? '', before.origin, signer)).toThrow(NoteRejected);
    // It is admitted once.
    await checkpointOf(ledgerOf());
    expect(await ledgerOf().discontinuities(STREAM)).toHaveLength(1);
  });

  it('of another log that has grown beyond the signed size never continue the former one', async () => {
    await projected();
    const before = await checkpointOf(ledgerOf());
    const other = new MemoryEventStore();
    const otherHistory = new History(other, random(6));
    await otherHistory.grow(120);
    expect(sizeInLog(other)).toBeGreaterThan(before.size);
    await dropReadModels(db);
    await project(db, other, otherHistory, { projections }).catch(ignoreOtherTables);
    const after = await checkpointOf(ledgerOf(other));
    expect(after).toMatchObject({ epoch: 1, size: sizeInLog(other) });
    expect(await ledgerOf(other).discontinuities(STREAM)).toHaveLength(1);
  });

  it('wait for read models that are built anew: nothing is missing in the log', async () => {
    await projected();
    const before = await checkpointOf(ledgerOf());
    await dropReadModels(db);
    const half = new MemoryEventStore();
    half.log.push(...store.log.slice(0, beforeLast()));
    const halfHistory = { position: half.log.at(-1)?.position };
    await project(db, half, halfHistory, { projections }).catch(ignoreOtherTables);
    await expect(ledgerOf().checkpoint(STREAM)).rejects.toThrow(TreeBehind);
    await projected();
    expect(await checkpointOf(ledgerOf())).toEqual(before);
    expect(await ledgerOf().discontinuities(STREAM)).toEqual([]);
  });

  it('are refused, and nothing signed, where stored nodes of what was signed are not what the log says', async () => {
    await growTo(8n);
    await projected();
    const before = await checkpointOf(ledgerOf());
    await growTo(before.size + 1n);
    await projected();
    await query(
      db,
      `update read_v1.ledger_leaves set hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) where stream = $1 and revision = 0`,
      [STREAM],
    );
    await query(
      db,
      `update read_v1.ledger_leaves set hashes = set_byte(hashes, octet_length(hashes) - 1, get_byte(hashes, octet_length(hashes) - 1) # 1)
        where stream = $1 and octet_length(hashes) >= 96`,
      [STREAM],
    );
    await expect(ledgerOf().checkpoint(STREAM)).rejects.toThrow(TreeDamaged);
    await expect(ledgerOf().proof(STREAM, 1n)).rejects.toThrow(TreeDamaged);
    expect(await signedRows()).toEqual([{ epoch: 0, size: `${before.size}` }]);
  });

  it.each([
    ['first', false],
    ['next', true],
  ])('are refused where a leaf is not what the log says before the %s one is signed', async (_, hasLast) => {
    await growTo(8n);
    await projected();
    if (hasLast) await checkpointOf(ledgerOf());
    const before = await signedRows();
    // The last leaf completes no subtree: with another hash, the tree is sound in itself.
    do await history.grow(1);
    while (sizeInLog() === BigInt(before.at(-1)?.size ?? 0) || sizeInLog() % 2n === 0n);
    await projected();
    const last = 'stream = $1 and revision = (select max(revision) from read_v1.ledger_leaves where stream = $1)';
    await query(db, `update read_v1.ledger_leaves set hashes = sha256(hashes) where ${last}`, [STREAM]);
    await expect(ledgerOf().checkpoint(STREAM)).rejects.toThrow(TreeDamaged);
    expect(await signedRows()).toEqual(before);
  });

  it('are refused where an event was changed in the log, and so is its proof', async () => {
    await projected();
    await checkpointOf(ledgerOf());
    const at = store.log.findIndex(({ stream }) => stream === STREAM);
    const [event] = store.log.slice(at, at + 1);
    Object.assign(event ?? {}, { data: { ...(event?.data as object), forged: true } });
    await expect(ledgerOf().proof(STREAM, 0n)).rejects.toThrow(TreeDamaged);
    expect((await ledgerOf().proof(STREAM, 1n))?.event.revision).toBe(1n);
  });

  it('are signed from time to time without being asked for, of every tree that has grown', async () => {
    await projected();
    const trees = new PostgresLedgerTrees(db);
    const errors: unknown[] = [];
    const signing = new RegularSigning({
      ledger: ledgerOf(),
      trees,
      everyMs: 1,
      onError: (error) => errors.push(error),
    });
    const grown = async () =>
      [...(await trees.page('', 2)), ...(await trees.page('org-org-1', 100))].filter((tree) => !tree.isSigned);
    const streams = new Set(store.log.map(({ stream }) => stream).filter((stream) => /^(org|usage)-/.test(stream)));
    expect((await grown()).map(({ stream }) => stream)).toEqual([...streams].sort());
    signing.start();
    await until(async () => (await grown()).length === 0);
    await history.grow(20);
    await projected();
    await until(async () => (await grown()).length === 0);
    await signing.stop();
    expect(errors).toEqual([]);
    const before = await signedRows();
    await signing.round();
    expect(await signedRows()).toEqual(before);
  });

  it('go on under a new key, which signs the last one too; what the former one has signed still counts', async () => {
    await projected();
    const before = await checkpointOf(ledgerOf());
    const next = { ...signerOf(NAME), formerKeys: [signer.publicKey] };
    const cosigned = await checkpointOf(ledgerOf(store, next));
    expect([cosigned.size, cosigned.root]).toEqual([before.size, before.root]);
    const pinned = (key: NoteSigner) => ({ name: NAME, publicKey: key.publicKey });
    for (const key of [signer, next]) openCheckpoint(cosigned.note, `${NAME}/org/org-0`, pinned(key));
    await growTo(before.size + 1n);
    await projected();
    const grown = await checkpointOf(ledgerOf(store, next));
    expect(grown.size).toBeGreaterThan(before.size);
    openCheckpoint(grown.note, `${NAME}/org/org-0`, pinned(next));
    expect(() => openCheckpoint(grown.note, `${NAME}/org/org-0`, pinned(signer))).toThrow(NoteRejected);
    const proven = await ledgerOf(store, next).proof(STREAM, 1n);
    expect(proven?.checkpoint.size).toBe(grown.size);
    // A process that still has the former key alone does not continue what the new one has signed.
    await growTo(grown.size + 1n);
    await projected();
    await expect(checkpointOf(ledgerOf())).rejects.toBeInstanceOf(NoteRejected);
    expect((await signedRows()).map(({ epoch }) => epoch)).toEqual([0, 0]);
  });

  it('are of the data as the log holds them, whatever a projection is shown of them', async () => {
    const opening = new (class extends PlainPersonalData {
      override async open(events: readonly StoredEvent[]) {
        return events.map((event) => ({ ...event, data: { ...(event.data as object), email: 'alice@acme.test' } }));
      }
    })();
    await project(db, store, history, { projections, personalData: opening }).catch(ignoreOtherTables);
    const proven = await ledgerOf().proof(STREAM, 1n);
    expect(proven?.leaf.toString('utf8')).not.toContain('alice@acme.test');
  });

  it('are never two histories, wherever a signer dies', async () => {
    let finished = false;
    let step = 0;
    for (; !finished; step++) {
      // Otherwise there would be nothing to sign.
      for (const before = sizeInLog(); sizeInLog() === before; ) await history.grow(1);
      await projected();
      let passed = 0;
      const dying = interruptibleDatabase(url, () => {
        if (passed++ === step) throw new Error('died here');
      });
      const ledger = new Ledger(new PostgresLedgerTrees(dying), store, signer, new SystemClock());
      const checkpoint = await ledger.checkpoint(STREAM).catch(() => undefined);
      finished = passed <= step;
      // What was given out is kept, already now.
      for (const { note } of checkpoint === undefined ? [] : [checkpoint])
        expect(await query(db, 'select 1 from durable.ledger_checkpoints where note = $1', [note])).toHaveLength(1);
      await dying.destroy();
      await checkpointOf(ledgerOf());
    }
    // Reading, locking, reading again, storing, and the transaction around that: before and after each.
    expect(step).toBeGreaterThan(16);
    const kept = await query<{ note: string; size: string }>(db, 'select note, size from durable.ledger_checkpoints');
    const roots = await rootsInLog(
      store,
      STREAM,
      kept.map(({ size }) => BigInt(size)),
    );
    for (const { note, size } of kept)
      expect(openCheckpoint(note, `${NAME}/org/org-0`, signer).root).toEqual(roots.get(BigInt(size)));
    expect(await ledgerOf().discontinuities(STREAM)).toEqual([]);
  });

  it('come back from a backup of what no log can rebuild, and go on from there', async () => {
    await projected();
    const before = await checkpointOf(ledgerOf());
    const { migrations, tables } = await readDurable(db, async (reader) => {
      const pages = new Map<string, string[][]>();
      for (const table of reader.tables) pages.set(table, []);
      for (const [table, rows] of pages) for await (const page of reader.rows(table)) rows.push([...page]);
      return { migrations: reader.migrations, tables: pages };
    });
    await query(db, `drop schema ${durableSchema} cascade`);
    async function* each(pages: readonly string[][]) {
      yield* pages;
    }
    await restoreDurable(db, migrations, new Map([...tables].map(([name, pages]) => [name, each(pages)])));
    expect(await checkpointOf(ledgerOf())).toEqual(before);
    await history.grow(40);
    await projected();
    expect(await checkpointOf(ledgerOf())).toMatchObject({ epoch: 0, size: sizeInLog() });
  });

  it('are signed by the key that signed before, or by none', async () => {
    await projected();
    const { size } = await checkpointOf(ledgerOf());
    await growTo(size + 1n);
    await projected();
    await expect(ledgerOf(store, signerOf(NAME)).checkpoint(STREAM)).rejects.toThrow(NoteRejected);
    await expect(ledgerOf(store, signerOf('other')).checkpoint(STREAM)).rejects.toThrow(NoteRejected);
    expect(await signedRows()).toHaveLength(1);
  });

  it('end where the log has lost an event', async () => {
    const places = [...store.log.keys()].filter((at) => store.log[at]?.stream === STREAM);
    store.log.splice(places[2] ?? 0, 1);
    await project(db, store, history, { projections, batchSize: 1000 }).catch(ignoreOtherTables);
    expect((await checkpointOf(ledgerOf())).size).toBe(2n);
  });

  it('do not exist for a stream whose beginning the log has lost, nor for people; others go on', async () => {
    const lost = store.log.findIndex(({ stream }) => stream === STREAM);
    store.log.splice(lost, 1);
    await projected();
    expect(await ledgerOf().checkpoint(STREAM)).toBeUndefined();
    expect((await ledgerOf().checkpoint('org-org-1'))?.size).toBeGreaterThan(0n);
    expect(await query(db, `select 1 from read_v1.ledger_leaves where stream like 'user-%'`)).toEqual([]);
    expect(store.log.some(({ stream }) => stream.startsWith('user-'))).toBe(true);
    expect(await query(db, 'select 1 from read_v1.parked_streams')).toEqual([]);
  });
});
