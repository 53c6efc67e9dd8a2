import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import { CompiledQuery } from 'kysely';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { type Database, openDatabase } from './database.js';
import { bigint, createTable, jsonb, nullable, table, text } from './table.js';
import { WriteBuffer } from './write-buffer.js';

const things = table(
  't',
  { org: text, place: text, who: text, name: nullable(text), since: bigint, doc: nullable(jsonb) },
  { key: ['org', 'place', 'who'], kept: ['since'] },
);

let database: FreshDatabase;
let db: Database;
beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
  for (const schema of ['buffered', 'direct']) {
    await run(`create schema ${schema}`);
    await run(createTable(schema, things));
  }
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const run = (sql: string, values: unknown[] = []) => db.executeQuery(CompiledQuery.raw(sql, values));

const few = fc.constantFrom('a', 'b');
const key = fc.record({ org: few, place: few, who: few });
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      key,
      name: fc.option(few),
      since: fc.bigInt({ min: 0n, max: 9n }),
      doc: fc.jsonValue(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('patch' as const),
      key,
      columns: fc.oneof(fc.record({ name: fc.option(few) }), fc.record({ doc: fc.array(few) })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      key,
      depth: fc.constantFrom<readonly ('org' | 'place' | 'who')[]>(
        ['org'],
        ['org', 'who'],
        ['org', 'place'],
        ['org', 'place', 'who'],
      ),
    }),
  },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function buffer(to: WriteBuffer, { ...step }: Change): void {
  if (step.kind === 'put') to.put(things, { ...step.key, name: step.name, since: step.since, doc: step.doc });
  else if (step.kind === 'patch') to.patch(things, step.key, step.columns);
  else
    to.remove(things, {
      org: step.key.org,
      ...Object.fromEntries(step.depth.map((column) => [column, step.key[column]])),
    });
}

/** What the step means, written by hand. */
async function direct(step: Change): Promise<void> {
  const { org, place, who } = step.key;
  const values: unknown[] = [org, place, who];
  const matches = 'org = $1 and place = $2 and who = $3';
  if (step.kind === 'put') {
    const doc = step.doc === null ? null : JSON.stringify(step.doc);
    await run(
      `insert into direct.t values ($1, $2, $3, $4, $5, $6)
        on conflict (org, place, who) do update set name = $4, doc = $6`,
      [...values, step.name, step.since, doc],
    );
  } else if (step.kind === 'patch' && 'name' in step.columns)
    await run(`update direct.t set name = $4 where ${matches}`, [...values, step.columns.name]);
  else if (step.kind === 'patch')
    await run(`update direct.t set doc = $4 where ${matches}`, [
      ...values,
      JSON.stringify('doc' in step.columns ? step.columns.doc : null),
    ]);
  else {
    const wanted = step.depth.map((column, index) => `${column} = $${index + 1}`).join(' and ');
    await run(
      `delete from direct.t where ${wanted}`,
      step.depth.map((column) => step.key[column]),
    );
  }
}

const rowsOf = async (schema: string) => (await run(`select * from ${schema}.t order by org, place, who`)).rows;

it('leaves the same rows as running each change by itself, over several batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 4 }), async (batches) => {
      await run('truncate buffered.t, direct.t');
      for (const batch of batches) {
        const collected = new WriteBuffer();
        for (const step of batch) {
          buffer(collected, step);
          await direct(step);
        }
        for (const { sql, rows } of collected.statements('buffered')) await run(sql, [rows]);
      }
      expect(await rowsOf('buffered')).toEqual(await rowsOf('direct'));
    }),
    { numRuns: 300 },
  );
}, 120_000);

it('runs at most one statement per kind of change', () => {
  const collected = new WriteBuffer();
  for (let i = 0; i < 100; i++) {
    const row = { org: 'a', place: 'b', who: `${i}` };
    collected.put(things, { ...row, name: null, since: 1n, doc: i });
    collected.patch(things, { ...row, who: `x${i}` }, { name: 'n' });
    collected.remove(things, { ...row, who: `y${i}` });
  }
  expect(collected.statements('buffered')).toHaveLength(3);
});

it('takes no removal across organizations and no patch of a key or of a kept column', () => {
  const collected = new WriteBuffer();
  expect(() => collected.remove(things, { place: 'b' })).toThrow('must name org');
  const row = { org: 'a', place: 'b', who: 'c' };
  expect(() => collected.patch(things, row, { who: 'd' })).toThrow('t.who');
  expect(() => collected.patch(things, row, { since: 2n })).toThrow('t.since');
});

it('keeps 64-bit integers and any text that the domain takes', async () => {
  await run('truncate buffered.t');
  const collected = new WriteBuffer();
  const name = `quote ' " \\ {} , 日本 🧭`;
  collected.put(things, { org: 'a', place: 'b', who: name, name, since: 9007199254740993n, doc: { deep: [name] } });
  for (const { sql, rows } of collected.statements('buffered')) await run(sql, [rows]);
  expect(await rowsOf('buffered')).toEqual([
    { org: 'a', place: 'b', who: name, name, since: '9007199254740993', doc: { deep: [name] } },
  ]);
});
