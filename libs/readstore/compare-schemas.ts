import { CompiledQuery } from 'kysely';
import type { Database } from './database.js';
import type { Projection } from './projection.js';
import { qualified, type Table } from './table.js';

const SHOWN = 10;

export interface RowDifference {
  readonly key: Readonly<Record<string, unknown>>;
  /** Null where the row is missing on that side. */
  readonly live: Readonly<Record<string, unknown>> | null;
  readonly rebuilt: Readonly<Record<string, unknown>> | null;
}

export interface SchemaDifference {
  readonly table: string;
  /** How many rows differ; `first` shows some of them. */
  readonly count: string;
  readonly first: readonly RowDifference[];
}

interface ComparedRow {
  count: string;
  live: Record<string, unknown> | null;
  rebuilt: Record<string, unknown> | null;
}

/** The tables whose rows are not the same in both schemas, row by row. */
export async function compareSchemas(
  db: Database,
  live: string,
  rebuilt: string,
  projections: readonly Projection[],
): Promise<SchemaDifference[]> {
  const differences: SchemaDifference[] = [];
  for (const table of projections.flatMap(({ tables }) => tables)) {
    const { rows } = await db.executeQuery<ComparedRow>(CompiledQuery.raw(comparison(live, rebuilt, table)));
    const [row] = rows;
    if (row === undefined) continue;
    differences.push({ table: table.name, count: row.count, first: rows.map((found) => difference(table, found)) });
  }
  return differences;
}

function comparison(live: string, rebuilt: string, table: Table): string {
  const columns = Object.keys(table.columns).map((column) => `"${column}"`);
  const keys = table.key.map((column) => `"${column}"`);
  const side = (alias: string) => `row(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  return `select count(*) over () as count, to_jsonb(a) as live, to_jsonb(b) as rebuilt
    from ${qualified(live, table.name)} a
    full join ${qualified(rebuilt, table.name)} b on ${keys.map((key) => `a.${key} = b.${key}`).join(' and ')}
    where ${side('a')} is distinct from ${side('b')}
    order by ${keys.map((key) => `coalesce(a.${key}, b.${key})`).join(', ')} limit ${SHOWN}`;
}

function difference({ key }: Table, { live, rebuilt }: ComparedRow): RowDifference {
  const row = live ?? rebuilt ?? {};
  return { key: Object.fromEntries(key.map((column) => [column, row[column]])), live, rebuilt };
}
