import { qualified, type Table } from './table.js';

export type Row = Readonly<Record<string, unknown>>;

/** One statement for any number of rows: they travel as one JSON parameter. */
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
    rows: encode(rows),
  };
}

export function updateRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = columnsOf(rows);
  const changes = columns.filter((column) => !isKey(table, column)).map((column) => `"${column}" = given."${column}"`);
  return {
    sql: `update ${qualified(schema, table.name)} as present set ${changes.join(', ')}
      from ${given(table, columns)} where ${matching(table.key)}`,
    rows: encode(rows),
  };
}

export function deleteRows(schema: string, table: Table, rows: readonly Row[]): Statement {
  const columns = columnsOf(rows);
  return {
    sql: `delete from ${qualified(schema, table.name)} as present using ${given(table, columns)} where ${matching(columns)}`,
    rows: encode(rows),
  };
}

const isKey = (table: Table, column: string) => table.key.some((key) => key === column);
const columnsOf = (rows: readonly Row[]) => Object.keys(rows[0] ?? {});
const names = (columns: readonly string[]) => columns.map((column) => `"${column}"`).join(', ');
const matching = (columns: readonly string[]) =>
  columns.map((column) => `present."${column}" = given."${column}"`).join(' and ');
const given = (table: Table, columns: readonly string[]) =>
  `json_to_recordset($1::json) as given(${columns.map((column) => `"${column}" ${table.columns[column]?.type}`).join(', ')})`;
const encode = (rows: readonly Row[]) => JSON.stringify(rows.map(withoutBigints));

/** JSON has no 64-bit integers; Postgres reads them from text. */
function withoutBigints(row: Row): Row {
  const plain: Record<string, unknown> = {};
  for (const column in row) {
    const value = row[column];
    plain[column] = typeof value === 'bigint' ? value.toString() : value;
  }
  return plain;
}
