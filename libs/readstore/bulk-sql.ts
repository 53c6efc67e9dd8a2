import { qualified, type Table } from './table.js';

export type Row = Readonly<Record<string, unknown>>;

/** One statement for any number of rows: they travel as one parameter, JSON or the data of a `copy`. */
export interface Statement {
  readonly sql: string;
  readonly rows: string;
}

export function insertRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = Object.keys(table.columns);
  const changing = columns.filter((column) => !isKey(table, column) && !table.kept.includes(column));
  const otherwise =
    changing.length === 0 ? 'nothing' : `update set ${changing.map((c) => `"${c}" = excluded."${c}"`).join(', ')}`;
  return {
    sql: `insert into ${qualified(schema, table.name)} (${names(columns)})
      select ${names(columns)} from ${given(table, columns)} on conflict (${names(table.key)}) do ${otherwise}`,
    rows: encode(table, rows),
  };
}

/** For rows whose keys are all new: several times as fast as `insertRows`, since Postgres parses no JSON and looks for no conflict. */
export function copyRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = Object.keys(table.columns);
  const lines = rows.map((row) => `${columns.map((column) => copied(table, column, row[column])).join('\t')}\n`);
  return { sql: `copy ${qualified(schema, table.name)} (${names(columns)}) from stdin`, rows: lines.join('') };
}

export function updateRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = columnsOf(rows);
  const changes = columns.filter((column) => !isKey(table, column)).map((column) => `"${column}" = given."${column}"`);
  return {
    sql: `update ${qualified(schema, table.name)} as present set ${changes.join(', ')}
      from ${given(table, columns)} where ${matching(table.key)}`,
    rows: encode(table, rows),
  };
}

export function deleteRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = columnsOf(rows);
  return {
    sql: `delete from ${qualified(schema, table.name)} as present using ${given(table, columns)} where ${matching(columns)}`,
    rows: encode(table, rows),
  };
}

const isKey = (table: Table, column: string) => table.key.some((key) => key === column);
const columnsOf = (rows: readonly Row[]) => Object.keys(rows[0] ?? {});
const names = (columns: readonly string[]) => columns.map((column) => `"${column}"`).join(', ');
const matching = (columns: readonly string[]) =>
  columns.map((column) => `present."${column}" = given."${column}"`).join(' and ');
const given = (table: Table, columns: readonly string[]) =>
  `json_to_recordset($1::json) as given(${columns.map((column) => `"${column}" ${table.columns[column]?.type}`).join(', ')})`;
const encode = (table: Table, rows: readonly Row[]) => {
  const bigints = Object.keys(table.columns).filter((column) => table.columns[column]?.type === 'bigint');
  return JSON.stringify(bigints.length === 0 ? rows : rows.map((row) => withoutBigints(row, bigints)));
};

/** JSON has no 64-bit integers; Postgres reads them from text. */
function withoutBigints(row: Row, bigints: readonly string[]): Row {
  const plain: Record<string, unknown> = { ...row };
  for (const column of bigints) if (typeof row[column] === 'bigint') plain[column] = String(row[column]);
  return plain;
}

/** A value in Postgres' text format of `copy`. Throws TypeError on text that is no Unicode, which UTF-8 would silently change. */
function copied({ columns }: Table, column: string, value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (columns[column]?.type === 'jsonb') return escaped(JSON.stringify(value));
  if (Array.isArray(value)) return escaped(`{${value.map((each) => quotedInArray(String(each))).join()}}`);
  return typeof value === 'string' ? escaped(value) : `${value as bigint | number | boolean}`;
}

const quotedInArray = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('text with a lone surrogate');
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character) : text;
}
