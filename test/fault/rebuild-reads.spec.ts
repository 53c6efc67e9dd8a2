import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { comparePositions, type Position } from '#libs/application/ports/event-store.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { type Projection, projectionOfEach } from '#libs/readstore/projection.js';
import type { Projector } from '#libs/readstore/projector.js';
import { type RebuildOptions, type RebuildReport, switchBack } from '#libs/readstore/rebuild.js';
import { nullable, table, text } from '#libs/readstore/table.js';
import { allProjections } from '#projections/all.js';
import { auditLogOf, type Place } from '#projections/audit-log/queries.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { History, random } from './projector-history.js';
import { entersState, holds, project, projectorOf, query, rowsIn, until } from './projector-support.js';
import { personalData, rebuilt } from './rebuild-support.js';

let database: FreshDatabase;
let db: Database;
beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { poolSize: 20 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

let store: MemoryEventStore;
let history: History;
beforeEach(async () => {
  store = new MemoryEventStore();
  history = new History(store, random(9));
  await history.grow(60);
});

/** Two tables that tell which version of their projection wrote them. The second changes its columns with the version. */
const firstLabels = table('first_labels', { stream: text, label: text }, { key: ['stream'] });
const secondLabels = [
  table('second_labels', { stream: text, label: text }, { key: ['stream'] }),
  table('second_labels', { extra: nullable(text), stream: text, label: text }, { key: ['stream'] }),
] as const;
const [one, two] = [1, 2].map((version): readonly Projection[] => [
  ...allProjections,
  projectionOfEach({
    name: 'labels',
    version,
    tables: [firstLabels, secondLabels[version - 1] ?? firstLabels],
    each: ({ stream }, write) => {
      const label = `version ${version}`;
      write.put(firstLabels, { stream, label });
      if (version === 1) write.put(secondLabels[0], { stream, label });
      else write.put(secondLabels[1], { stream, label, extra: null });
    },
  }),
]) as [readonly Projection[], readonly Projection[]];

interface Seen {
  readonly labels: string[];
  readonly commit: string;
  readonly prepare: string;
  readonly entries: string;
}
const LABELS = `array(select label from read_v1.first_labels union select label from read_v1.second_labels) as labels`;
const POSITION = 'commit, prepare, (select count(*) from read_v1.audit_entries) as entries from read_v1.checkpoint';

/** Reads until told to stop, and checks that every answer is of one version, holds exactly what its position says, and is never older than the one before. */
class Readers {
  rounds = { statement: 0, transaction: 0, prepared: 0, pages: 0 };
  private going = true;
  private readonly running: Promise<void>;

  constructor() {
    const loops = [() => this.statement(), () => this.transaction(), () => this.pages()];
    this.running = Promise.all([...loops.map((each) => this.loop(each)), this.prepared()]).then(() => undefined);
    // Told by stop().
    this.running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.running;
  }

  private async loop(read: () => Promise<void>): Promise<void> {
    while (this.going) await read();
  }

  private latest = { statement: 0n, transaction: 0n };
  private check(kind: keyof Readers['latest'], { labels, commit, prepare, entries }: Seen): void {
    expect(labels).toHaveLength(1);
    const position: Position = { commit: BigInt(commit), prepare: BigInt(prepare) };
    expect(position.commit).toBeGreaterThanOrEqual(this.latest[kind]);
    this.latest[kind] = position.commit;
    const upTo = store.log.filter((event) => comparePositions(event.position, position) <= 0);
    expect(entries).toBe(`${upTo.filter(({ stream }) => /^(org|usage)-/.test(stream)).length}`);
    this.rounds[kind] += 1;
  }

  private async statement(): Promise<void> {
    const [seen] = await query<Seen>(db, `select ${LABELS}, ${POSITION}`);
    if (seen !== undefined) this.check('statement', seen);
  }

  /** The rule for several statements: one snapshot, and the checkpoint first. */
  private async transaction(): Promise<void> {
    const seen = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        const [at] = await query<Seen>(tx, 'select commit, prepare from read_v1.checkpoint');
        const [labels] = await query<Seen>(tx, `select ${LABELS}`);
        const [entries] = await query<Seen>(tx, 'select count(*) as entries from read_v1.audit_entries');
        return at && labels && entries && { ...at, labels: labels.labels, entries: entries.entries };
      });
    if (seen !== undefined) this.check('transaction', seen);
  }

  private async pages(): Promise<void> {
    const next = new Map<string, number>();
    for (let before: Place | undefined; ; ) {
      const page = await auditLogOf(db, 'org-1', {}, { before, limit: 5 });
      for (const { stream, revision } of page) {
        if (next.has(stream)) expect([stream, Number(revision)]).toEqual([stream, next.get(stream)]);
        next.set(stream, Number(revision) - 1);
      }
      before = page.at(-1);
      if (page.length < 5) {
        expect([...next.keys()].sort()).toEqual(['org-org-1', 'usage-org-1']);
        for (const [stream, expected] of next) expect([stream, expected]).toEqual([stream, -1]);
        this.rounds.pages += 1;
        return;
      }
    }
  }

  /** As other clients of the same database may read. */
  private async prepared(): Promise<void> {
    const client = new Client(database.url);
    await client.connect();
    try {
      await this.loop(async () => {
        const { rows } = await client.query({
          name: 'labels',
          text: 'select distinct label from read_v1.first_labels',
        });
        expect(rows).toHaveLength(1);
        this.rounds.prepared += 1;
      });
    } finally {
      await client.end();
    }
  }
}

it('never shows readers an error, a mix or an older position while it builds and switches, forth and back', async () => {
  const projecting = (projections: readonly Projection[]) => {
    const projector = projectorOf(db, store, { projections });
    projector.start();
    return projector;
  };
  let projector = projecting(one);
  await holds(projector, history);
  const readers = new Readers();
  let writing = true;
  const writer = (async () => {
    while (writing) await Promise.all([history.grow(1), new Promise((resolve) => setTimeout(resolve, 20))]);
  })();
  const seenBy = async (step: () => Promise<RebuildReport>, projections?: readonly Projection[]): Promise<void> => {
    expect((await step()).differences ?? []).toEqual([]);
    projector = await followedBy(projector, projections, projecting);
    const before = { ...readers.rounds };
    await until(() => Object.entries(readers.rounds).every(([kind, n]) => n > before[kind as keyof typeof before] + 1));
  };
  const options = { db, store, personalData };
  const build = (projections: readonly Projection[], more: Partial<RebuildOptions> = {}) =>
    rebuilt({ db, store, swap: true, projections, ...more });
  try {
    await seenBy(() => build(two), two);
    await seenBy(() => build(two));
    await seenBy(() => build(two, { only: 'labels' }));
    await seenBy(() => switchBack({ ...options, projections: two }));
    await seenBy(() => build(one), one);
    await seenBy(() => switchBack({ ...options, projections: two }), two);
    await seenBy(() => switchBack({ ...options, projections: one }), one);
  } finally {
    writing = false;
    await writer;
    await readers.stop();
  }
  await holds(projector, history);
  await projector.stop();
  expect(await rowsIn(db)).toEqual(await project(db, store, history, { schema: 'reference' }));
}, 120_000);

/** A projector of one build goes on through the switch; that of another build stops, and this build's takes its place. */
async function followedBy(
  before: Projector,
  projections: readonly Projection[] | undefined,
  start: (projections: readonly Projection[]) => Projector,
): Promise<Projector> {
  if (projections === undefined) return before;
  await entersState(before, 'halted');
  expect(before.status().error?.name).toBe('ReadSchemaOutdated');
  await before.stop();
  return start(projections);
}
