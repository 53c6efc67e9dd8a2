import { CompiledQuery } from 'kysely';
import type { Database } from '#libs/readstore/database.js';
import { type Row, Rows } from './rows.js';

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
}

/** Rows of no sequence; and what reactions have to do, of which no sequence has any. */
const shared = new Set(['checkpoint', 'generations', 'leases', 'migrations', 'reaction_cursors', 'reactions_due']);
/** What each row is random in, or tells of the time it was written at. */
const beyondOracle = new Set(['subject_keys.wrapped', 'subject_keys.created_at']);

/** Reads every column of every table, as the database itself lists them, in one statement and so of one moment. */
export class StoredRows {
  private constructor(
    private readonly db: Database,
    readonly tables: readonly string[],
    private readonly sql: string,
  ) {}

  static async in(db: Database): Promise<StoredRows> {
    const query = `select table_schema as schema, table_name as table, column_name as name, data_type as type
      from information_schema.columns where table_schema in ('read_v1', 'durable') order by ordinal_position`;
    const { rows } = await db.executeQuery<Column>(CompiledQuery.raw(query));
    const tables = [...new Set(rows.map(({ table }) => table))].sort();
    const parts = tables.map((table) => `'${table}', (${rowsOf(rows.filter((each) => each.table === table))})`);
    return new StoredRows(db, tables, `select json_build_object(${parts.join(', ')}) as tables`);
  }

  /** The rows of the sequence with this name, and what is shared by all. */
  async of(name: string): Promise<Rows> {
    const compiled = CompiledQuery.raw(this.sql, [name]);
    const { rows } = await this.db.executeQuery<{ tables: Record<string, Row[] | null> }>(compiled);
    return toRows(rows[0]?.tables ?? {});
  }

  /** Every row of every sequence. */
  all(): Promise<Rows> {
    return this.of('');
  }
}

function toRows(tables: Record<string, Row[] | null>): Rows {
  const rows = new Rows();
  for (const [table, list] of Object.entries(tables)) for (const row of list ?? []) rows.add(table, row);
  return rows;
}

function rowsOf(columns: readonly Column[]): string {
  const [first] = columns;
  if (first === undefined) throw new Error('a table without columns');
  const { schema, table } = first;
  const values = columns
    .filter(({ name }) => !beyondOracle.has(`${table}.${name}`))
    .map(({ name, type }) => `'${name}', ${valueOf(`"${name}"`, type)}`);
  const rows = `select json_agg(json_build_object(${values.join(', ')})) from "${schema}"."${table}"`;
  return shared.has(table) ? rows : `${rows} where $1 = '' or ${belongs(columns.map(({ name }) => name))}`;
}

/** Every name in a sequence begins with the sequence's own; as ranges, which the keys' indexes answer. */
function belongs(columns: readonly string[]): string {
  const name = ['org_id', 'stream', 'user_id', 'subject'].find((each) => columns.includes(each));
  if (name === undefined) throw new Error(`nothing tells whose rows these are: ${columns.join()}`);
  const prefixes = name === 'stream' || name === 'subject' ? ['org-', 'usage-', 'user-', 'realm-'] : [''];
  return prefixes
    .map((prefix) => `("${name}" >= '${prefix}' || $1 and "${name}" < '${prefix}' || $1 || '~')`)
    .join(' or ');
}

/** As text where JSON would lose something. */
function valueOf(column: string, type: string): string {
  if (type === 'bigint') return `${column}::text`;
  if (type === 'timestamp with time zone')
    return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return column;
}
