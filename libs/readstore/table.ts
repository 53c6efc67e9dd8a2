import type { ColumnType } from 'kysely';

/** The disposable schema: everything in it can be built again from the log. */
export const readSchema = 'read_v1';

/** How a Postgres type is read and written here. */
interface Types {
  text: { read: string; write: string };
  bigint: { read: string; write: bigint | string };
  integer: { read: number; write: number };
  boolean: { read: boolean; write: boolean };
  timestamptz: { read: string; write: string };
  'text[]': { read: string[]; write: readonly string[] };
  jsonb: { read: unknown; write: unknown };
  /** Written in Postgres' own form, `\\x` and hex digits: rows travel as text. */
  bytea: { read: Buffer; write: string };
}
export type PostgresType = keyof Types;

export interface Column {
  readonly type: PostgresType;
  readonly nullable: boolean;
}
export type Columns = Readonly<Record<string, Column>>;

const column = <const T extends PostgresType>(type: T) => ({ type, nullable: false }) as const;

/** The column types of table definitions. */
export const text = column('text');
export const bigint = column('bigint');
export const integer = column('integer');
export const boolean = column('boolean');
export const timestamptz = column('timestamptz');
export const texts = column('text[]');
export const jsonb = column('jsonb');
export const bytea = column('bytea');
export const nullable = <const T extends PostgresType>({ type }: { type: T }) => ({ type, nullable: true }) as const;

export interface Index {
  readonly columns: readonly string[];
  /** A partial index: SQL over this table's columns. */
  readonly where?: string;
}

/** A table as data: its rows' types, its DDL and its bulk statements follow from it. */
export interface Table<
  Name extends string = string,
  C extends Columns = Columns,
  Key extends keyof C & string = keyof C & string,
> {
  readonly name: Name;
  readonly columns: C;
  readonly key: readonly Key[];
  readonly indexes: readonly Index[];
  /** Columns that a `put` over a present row leaves as they are. */
  readonly kept: readonly string[];
  /** Each key is put once, in one batch, and never changed or removed: a rebuild may copy the rows in. */
  readonly appendOnly: boolean;
}

export function table<const Name extends string, const C extends Columns, const Key extends keyof C & string>(
  name: Name,
  columns: C,
  options: {
    key: readonly Key[];
    indexes?: readonly Index[];
    kept?: readonly (keyof C & string)[];
    appendOnly?: boolean;
  },
): Table<Name, C, Key> {
  const { key, indexes = [], kept = [], appendOnly = false } = options;
  return { name, columns, key, indexes, kept, appendOnly };
}

type Maybe<C extends Column, Value> = C['nullable'] extends true ? Value | null : Value;
type ReadValue<C extends Column> = Maybe<C, Types[C['type']]['read']>;
type WriteValue<C extends Column> = Maybe<C, Types[C['type']]['write']>;

/** A row as queries return it. */
export type RowOf<T extends Table> = { [K in keyof T['columns']]: ReadValue<T['columns'][K]> };
/** A row as projections write it. */
export type NewRow<T extends Table> = { readonly [K in keyof T['columns']]: WriteValue<T['columns'][K]> };
export type KeyOf<T extends Table> = Pick<NewRow<T>, T['key'][number]>;

/** The tables' types for Kysely: `db.withTables<TablesOf<typeof members | typeof environments>>()`. */
export type TablesOf<T extends Table> = {
  [Each in T as Each['name']]: {
    [K in keyof Each['columns']]: ColumnType<ReadValue<Each['columns'][K]>, WriteValue<Each['columns'][K]>>;
  };
};

const quoted = (name: string) => `"${name}"`;
/** A name that stands in this code, never one from outside. */
export const qualified = (schema: string, name: string): string => `${quoted(schema)}.${quoted(name)}`;

/** Text compares by bytes everywhere, so that keyset order does not depend on the server's locale. */
const typeInSql = (type: PostgresType) => (type === 'text' || type === 'text[]' ? `${type} collate "C"` : type);

export function createTable(schema: string, { name, columns, key }: Table): string {
  const lines = Object.entries(columns).map(
    ([column, { type, nullable }]) => `${quoted(column)} ${typeInSql(type)}${nullable ? '' : ' not null'}`,
  );
  lines.push(`primary key (${key.map(quoted).join(', ')})`);
  return `create table if not exists ${qualified(schema, name)} (${lines.join(', ')})`;
}

/** For a table that an earlier build created. A column that was always there is never null, and never missing. */
export const addNullableColumns = (schema: string, { name, columns }: Table): string[] =>
  Object.entries(columns)
    .filter(([, { nullable }]) => nullable)
    .map(
      ([column, { type }]) =>
        `alter table ${qualified(schema, name)} add column if not exists ${quoted(column)} ${typeInSql(type)}`,
    );

/** Named as Postgres would name them, so that running them again does no harm. */
export const createIndexes = (schema: string, { name, indexes }: Table): string[] =>
  indexes.map(
    ({ columns, where }) =>
      `create index if not exists ${quoted(`${name}_${columns.join('_')}_idx`)} on ${qualified(schema, name)}
        (${columns.map(quoted).join(', ')})${where ? ` where ${where}` : ''}`,
  );
