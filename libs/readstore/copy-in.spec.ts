import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { copyRows, insertRows, type Row } from './bulk-sql.js';
import { type Database, openDatabase } from './database.js';
import { rowsOf, run } from './sql.js';
import { bigint, createTable, integer, jsonb, nullable, table, text, texts, timestamptz } from './table.js';

const columns = {
  id: bigint,
  note: nullable(text),
  list: texts,
  doc: nullable(jsonb),
  size: integer,
  at: timestamptz,
};
const inserted = table('inserted', columns, { key: ['id'] });
const copied = table('copied', columns, { key: ['id'] });

let database: FreshDatabase;
let db: Database;
beforeAll(async () => {
  database = await freshDatabase();
  // One connection: what an error leaves behind meets the next statement.
  db = openDatabase(database.url, { poolSize: 1 });
  await run(db, 'create schema odd');
  for (const each of [inserted, copied]) await run(db, createTable('odd', each));
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const odd = [
  '',
  '\\N',
  '\\.',
  'NULL',
  'tab\there',
  'line\nline\r\n',
  '\\',
  '\\\\t',
  '"quoted"',
  "it's",
  '{a,b}',
  ' ä😀\u2028 ',
];
const rowOf = (value: string, id: bigint): Row => ({
  id,
  note: value,
  list: [value, `${value}"`, 'plain'],
  doc: { [value]: [value, null, 1.5, { nested: value }] },
  size: -1,
  at: '2026-01-01T00:00:00.123Z',
});

it('copies what inserting gives, whatever the text', async () => {
  const rows = odd.map((value, i) => rowOf(value, 2n ** 60n + BigInt(i)));
  rows.push({ ...rowOf('', 1n), note: null, list: [], doc: null }, { ...rowOf('', 2n), doc: '"text"' });
  for (const { sql, rows: values } of [insertRows('odd', inserted, rows), copyRows('odd', copied, rows)])
    await run(db, sql, [values]);
  const found = (name: string) => rowsOf(db, `select * from odd.${name} order by id`);
  expect(await found('copied')).toHaveLength(rows.length);
  expect(await found('copied')).toEqual(await found('inserted'));
});

it('refuses what inserting refuses, and leaves the connection usable', async () => {
  const [present, nul] = [rowOf('x', 2n ** 60n), rowOf('a\0b', 5n)];
  for (const row of [present, nul, { ...present, id: 6n, size: 'many' }]) {
    const { sql, rows } = copyRows('odd', copied, [row]);
    await expect(run(db, sql, [rows])).rejects.toMatchObject({ code: expect.stringMatching(/^2[23]/) });
    expect(await rowsOf(db, 'select 1 as one')).toEqual([{ one: 1 }]);
  }
  expect(() => copyRows('odd', copied, [rowOf('\ud800', 7n)])).toThrow(TypeError);
});
