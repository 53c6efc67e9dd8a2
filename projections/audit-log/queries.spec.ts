import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { History, random } from '../../test/fault/projector-history.js';
import { project, query } from '../../test/fault/projector-support.js';
import { MemoryEventStore } from '../../test/support/memory-event-store.js';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { auditCategories, type AuditEntry, type AuditFilter, auditLogOf } from './queries.js';

const ORG = 'org-1';
const refused = {
  type: 'CommandRefused',
  data: { command: 'AddMember', outcome: 'denied', code: 'forbidden', targets: ['user-2'] },
};
let database: FreshDatabase;
let db: Database;
const store = new MemoryEventStore();
const history = new History(store, random(3));
let entries: AuditEntry[];

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
  for (let i = 0; i < 8; i++) {
    await history.grow(50);
    await history.append('activity-org-1', [refused], {
      actor: 'user-1',
      credential: 'session-2',
      command: 'AddMember',
    });
    await history.append('activity-org-2', [refused]);
    await history.append('activity-realm:default', [{ ...refused, data: { ...refused.data, orgId: ORG } }]);
  }
  await project(db, store, history, { batchSize: 100 });
  const sql = 'select * from read_v1.audit_entries where org_id = $1 order by commit desc, prepare desc';
  entries = await query(db, sql, [ORG]);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

function missing(): never {
  throw new Error('no entries');
}

async function all(filter: AuditFilter, limit = 7, order: 'asc' | 'desc' = 'desc'): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for (let last: AuditEntry | undefined; ; ) {
    const from = order === 'desc' ? { before: last } : { after: last };
    const page = await auditLogOf(db, ORG, filter, { ...from, order, limit });
    found.push(...page);
    last = page.at(-1);
    if (page.length < limit) return found;
  }
}

describe('the audit log of an organization', () => {
  it('lists every entry newest first, page by page, and no other organization', async () => {
    expect(entries.length).toBeGreaterThan(50);
    expect(entries.filter(({ stream }) => stream === `activity-${ORG}`)).toHaveLength(8);
    expect(entries.some(({ stream }) => stream === `usage-${ORG}`)).toBe(true);
    expect(await all({})).toEqual(entries);
  });

  it('lists them oldest first too, up to a place in the log', async () => {
    expect(await all({}, 6, 'asc')).toEqual([...entries].reverse());
    const end = middle();
    expect(await auditLogOf(db, ORG, {}, { order: 'asc', before: end, limit: 1000 })).toEqual(
      entries.slice(entries.indexOf(end) + 1).reverse(),
    );
  });

  const early = () => entries.at(-Math.floor(entries.length / 4)) ?? missing();
  const middle = () => entries.at(-Math.floor(entries.length / 2)) ?? missing();
  const cases: readonly [string, () => AuditFilter, (entry: AuditEntry) => boolean][] = [
    ['actor', () => ({ actor: 'user-1' }), ({ actor }) => actor === 'user-1'],
    ['action', () => ({ action: 'AddMember' }), ({ command }) => command === 'AddMember'],
    ['target', () => ({ target: 'user-2' }), ({ targets }) => targets.includes('user-2')],
    ['outcome', () => ({ outcome: 'allowed' }), ({ outcome }) => outcome === 'allowed'],
    ['outcome of refusals', () => ({ outcome: 'denied' }), ({ outcome }) => outcome === 'denied'],
    ['environment', () => ({ environment: 'env-1' }), ({ environment_id }) => environment_id === 'env-1'],
    ['credential', () => ({ credential: 'session-2' }), ({ credential }) => credential === 'session-2'],
    [
      'correlation',
      () => ({ correlation: middle().correlation ?? '' }),
      (entry) => entry.correlation === middle().correlation,
    ],
    ['from', () => ({ from: middle().occurred_at }), ({ occurred_at }) => occurred_at >= middle().occurred_at],
    ['to', () => ({ to: middle().occurred_at }), ({ occurred_at }) => occurred_at < middle().occurred_at],
    [
      'category',
      () => ({ category: 'org,activity' }),
      ({ stream }) => stream === `org-${ORG}` || stream === `activity-${ORG}`,
    ],
    ['one category', () => ({ category: 'usage' }), ({ stream }) => stream === `usage-${ORG}`],
    [
      'instants of one category',
      () => ({ category: 'usage', from: early().occurred_at, to: middle().occurred_at }),
      ({ stream, occurred_at }) =>
        stream === `usage-${ORG}` && occurred_at >= early().occurred_at && occurred_at < middle().occurred_at,
    ],
    [
      'several at once',
      () => ({ actor: 'user-1', target: 'user-2', to: middle().occurred_at, from: '0000-01-01T00:00:00.000Z' }),
      ({ actor, targets, occurred_at }) =>
        actor === 'user-1' && targets.includes('user-2') && occurred_at < middle().occurred_at,
    ],
  ];
  it.each(cases)('filters by %s', async (_, filter, matches) => {
    const wanted = entries.filter(matches);
    expect(wanted.length).toBeGreaterThan(0);
    expect(await all(filter(), 3)).toEqual(wanted);
  });

  it.each([
    { outcome: 'refused' },
    { actor: 'nobody' },
    { to: '2000-01-01T00:00:00.000Z' },
    { from: '9999-12-31T23:59:59.999Z' },
  ])('finds nothing for %j', async (filter) => {
    expect(await auditLogOf(db, ORG, filter, { limit: 5 })).toEqual([]);
  });

  it('finds what processes with different clocks wrote by its own instant', async () => {
    const used = { type: 'UsageRecorded', data: { lines: [{ day: '2026-01-01', requests: 1 }] } };
    const instants = ['12:05', '12:00', '12:08', '12:03'].map((time) => `2027-01-01T${time}:00.000Z`);
    for (const occurredAt of instants) await history.append('usage-skewed', [used], { occurredAt });
    await project(db, store, history);
    for (const [i, from] of instants.entries())
      for (const to of instants) {
        const found = await auditLogOf(db, 'skewed', { from, to }, { order: 'asc', limit: 9 });
        const wanted = instants.filter((each) => each >= from && each < to);
        expect([i, found.map(({ occurred_at }) => occurred_at)]).toEqual([i, wanted]);
      }
  });

  it('shows nothing of another organization', async () => {
    expect(await auditLogOf(db, 'org-none', {}, { limit: 5 })).toEqual([]);
  });

  it('keeps a page where it is while new entries arrive', async () => {
    const before = await auditLogOf(db, ORG, {}, { limit: 10 });
    const cursor = before.at(-1);
    const second = await auditLogOf(db, ORG, {}, { before: cursor, limit: 10 });
    await history.grow(40);
    await history.append('activity-org-1', [refused]);
    await project(db, store, history);
    expect(await auditLogOf(db, ORG, {}, { before: cursor, limit: 10 })).toEqual(second);
    expect((await auditLogOf(db, ORG, {}, { limit: 10 }))[0]?.event_id).not.toBe(before[0]?.event_id);
  });

  describe('of a large table', () => {
    beforeAll(async () => {
      for (const sql of [crowd, crowdOfTargets, 'analyze']) await query(db, sql);
    });

    it.each([
      [{}, 'audit_entries_pkey'],
      [{ actor: 'user-1' }, 'audit_entries_stream_actor_commit_prepare_idx'],
      [{ action: 'AddMember' }, 'audit_entries_stream_command_commit_prepare_idx'],
      [{ target: 'user-2' }, 'audit_targets_pkey'],
      [{ outcome: 'denied' }, 'audit_entries_stream_outcome_commit_prepare_idx'],
      [{ environment: 'env-1' }, 'audit_entries_stream_environment_id_commit_prepare_idx'],
      [{ correlation: 'request-9' }, 'audit_entries_stream_correlation_commit_prepare_idx'],
      [{ credential: 'session-1' }, 'audit_entries_stream_credential_commit_prepare_idx'],
      [
        { from: '2026-01-01T01:00:00.000Z', to: '2026-01-01T02:00:00.000Z' },
        'audit_entries_stream_occurred_at_commit_prepare_idx',
      ],
      [{ category: 'org,activity', actor: 'user-1' }, 'audit_entries_stream_actor_commit_prepare_idx'],
      [{ category: 'usage' }, 'audit_entries_pkey'],
    ])('serves %j from an index in the order of the cursor, reading no more than a page', async (filter, index) => {
      for (const order of ['desc', 'asc'] as const) {
        const plan = await planOf({ ...filter }, order);
        expect(plan).toContain(index);
        // The one sort is that of the two pages, or none where they are merged.
        expect(plan).not.toMatch(/Seq Scan|Bitmap/);
        // A deep page begins where it begins: nothing before it is read and left out.
        const begun = 'from' in filter ? 'audit_entries_pkey' : index;
        expect(plan).toMatch(new RegExp(`${begun}(?:(?!Index Cond)[^])*Index Cond: [^\\n]*ROW\\(`));
        expect(plan.match(/(?<!Incremental )Sort +\(/g) ?? []).toEqual([]);
        // Instants bound the places that are read, at both ends and in every stream.
        if ('from' in filter) expect(plan.match(/commit >=? .*commit <=? /g)).toHaveLength(auditCategories.length);
      }
    });
  });

  /** What Postgres would do if it had to avoid scans and sorts. */
  async function planOf(filter: AuditFilter, order: 'asc' | 'desc'): Promise<string> {
    let compiled: CompiledQuery | undefined;
    const capturing = new Kysely<object>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (inner) => new PostgresIntrospector(inner),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
      log: (event) => {
        compiled = event.query;
      },
    });
    const page = { before: { commit: '100000000', prepare: '100000000' }, order, limit: 10 };
    await auditLogOf(capturing.withSchema('read_v1'), ORG, filter, page);
    const { sql = '', parameters = [] } = compiled ?? {};
    return db.transaction().execute(async (tx) => {
      for (const way of ['seqscan', 'bitmapscan', 'sort']) await query(tx, `set local enable_${way} = off`);
      const rows = await query<{ 'QUERY PLAN': string }>(tx, `explain ${sql}`, [...parameters]);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
  }
});

/** Each entry forty times more, by others, so that statistics tell Postgres what is rare. */
const crowd = `insert into read_v1.audit_entries
  select (jsonb_populate_record(each, jsonb_build_object(
    'commit', each.commit + 1000000 * copy, 'actor', each.actor || copy, 'command', each.command || copy,
    'correlation', each.correlation || '-' || copy, 'credential', each.credential || copy,
    'environment_id', each.environment_id || copy, 'occurred_at', each.occurred_at - copy * interval '1 day'))).*
  from read_v1.audit_entries each, generate_series(1, 40) copy`;
const crowdOfTargets = `insert into read_v1.audit_targets
  select stream, target || copy, commit + 1000000 * copy, prepare, org_id
  from read_v1.audit_targets, generate_series(1, 40) copy`;
