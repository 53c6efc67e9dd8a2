import { hasTree } from '#libs/application/ledger/leaf.js';
import { comparePositions, type EventStore, type StoredEvent } from '#libs/application/ports/event-store.js';
import { streamOf } from '#libs/application/streams.js';
import type { NoteKey } from '#libs/ledger/signed-note.js';
import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { qualified, readSchema } from '#libs/readstore/table.js';
import { ledgerLeaves } from './ledger.js';
import { leavesAt } from './nodes.js';
import { checkpointsAfter, checkpointsAt, discontinuitiesOf, type SignedRow } from './signed-checkpoints.js';
import { type Finding, type Recorded, TreeReplay, type Witnessed } from './tree-replay.js';

export interface VerificationOptions {
  readonly db: Database;
  readonly store: EventStore;
  /** The ledger's own: what it signed must open under it. */
  readonly key: NoteKey;
  /** Only this organization's trees; all unless given. */
  readonly orgId?: string | undefined;
  /** Checkpoints that were kept outside; each must be one of the log. */
  readonly witnessed?: readonly Witnessed[] | undefined;
  /** Told after every page of the log. */
  readonly onProgress?: (events: number) => void;
}

export interface VerificationReport {
  /** Events of streams that have a tree. */
  readonly events: number;
  readonly trees: number;
  /** Signed checkpoints whose roots were computed again. */
  readonly checkpoints: number;
  /** Events that the read models had not reached when the verification began. */
  readonly unrecorded: number;
  /** The first of each stream. */
  readonly findings: readonly Finding[];
  /** Where the ledger itself has admitted that the log was replaced. */
  readonly discontinuities: readonly { readonly stream: string; readonly signedAt: string }[];
}

/**
 * Reads the log from its start, computes every tree anew, and compares each event with its row and each root that was ever
 * signed. Uses nothing that is stored but to compare it. The server may run meanwhile.
 */
export async function verifyLog(options: VerificationOptions): Promise<VerificationReport> {
  const { db, store, key, orgId, witnessed, onProgress = () => {} } = options;
  const recorded = await recordedIn(db, orgId);
  const replay = new TreeReplay(key, recorded, witnessed);
  for await (const page of orgId === undefined ? wholeLog(store) : streams(store, orgId)) {
    const events = page.filter(({ stream }) => hasTree(stream));
    const at = events.map(({ stream, revision }) => ({ stream, size: revision + 1n }));
    const rows = recorded.sizes.size === 0 ? [] : await leavesAt(db, readSchema, events);
    replay.page(events, rows, await checkpointsAt(db, at));
    onProgress(replay.events);
  }
  replay.end();
  const { events, replayed: trees, checkpoints, unrecorded, findings } = replay;
  const discontinuities = (await discontinuitiesOf(db)).filter(({ stream }) => isAsked(stream, orgId));
  return { events, trees, checkpoints, unrecorded, findings, discontinuities };
}

const streamsOf = (orgId: string) => [streamOf('org', orgId), streamOf('activity', orgId), streamOf('usage', orgId)];
const isAsked = (stream: string, orgId: string | undefined) => orgId === undefined || streamsOf(orgId).includes(stream);

async function recordedIn(db: Database, orgId: string | undefined): Promise<Recorded> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const signed = new Map<string, SignedRow>();
      for (let last: SignedRow | undefined; ; ) {
        const page = await checkpointsAfter(tx, last, 1000);
        for (const row of page) if (isAsked(row.stream, orgId)) signed.set(row.stream, row);
        last = page.at(-1);
        if (last === undefined) return { sizes: await sizesIn(tx, orgId), signed };
      }
    });
}

async function sizesIn(tx: Database, orgId: string | undefined): Promise<Map<string, bigint>> {
  const table = qualified(readSchema, ledgerLeaves.name);
  const [found] = await rowsOf<{ found: boolean }>(tx, 'select to_regclass($1) is not null as found', [table]);
  if (found?.found !== true) return new Map();
  const rows = await rowsOf<{ stream: string; last: string }>(
    tx,
    `select stream, max(revision) as last from ${table} where $1::text[] is null or stream = any($1) group by stream`,
    [orgId === undefined ? null : streamsOf(orgId)],
  );
  return new Map(rows.map(({ stream, last }) => [stream, BigInt(last) + 1n]));
}

/** Up to where it ends now. */
async function* wholeLog(store: EventStore): AsyncIterable<readonly StoredEvent[]> {
  const head = await store.head();
  if (head === undefined) return;
  const enough = new AbortController();
  for await (const page of store.follow(undefined, enough.signal)) {
    yield page.filter(({ position }) => comparePositions(position, head) <= 0);
    const last = page.at(-1);
    if (last !== undefined && comparePositions(last.position, head) >= 0) enough.abort();
  }
}

async function* streams(store: EventStore, orgId: string): AsyncIterable<readonly StoredEvent[]> {
  for (const stream of streamsOf(orgId)) yield* store.read(stream, 0n);
}
