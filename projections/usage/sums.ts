import type { Database } from '#libs/readstore/database.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { type KeyOf, type NewRow, qualified, type Table } from '#libs/readstore/table.js';
import type { Write } from '#libs/readstore/write-buffer.js';

/** Rows whose columns only grow, as a batch adds to them. The key's columns are all text. */
export class Sums<T extends Table, Column extends keyof T['columns'] & string> {
  private readonly rows = new Map<string, Record<Column, bigint>>();

  constructor(
    private readonly table: T,
    private readonly columns: readonly Column[],
  ) {}

  /** What the rows are before the batch; those that are not there begin at zero. */
  async load(db: Database, schema: string, keys: readonly KeyOf<T>[]): Promise<void> {
    if (keys.length === 0) return;
    const { name, key } = this.table;
    const wanted = key.map((_, i) => `$${i + 1}::text[]`).join(', ');
    const quoted = key.map((column) => `"${column}"`).join(', ');
    // As text: JavaScript's numbers end before these do.
    const sums = this.columns.map((column) => `"${column}"::text`).join(', ');
    const query = `select ${quoted}, ${sums} from ${qualified(schema, name)}
      where (${quoted}) in (select * from unnest(${wanted}))`;
    const values = key.map((column) => keys.map((each) => (each as Record<string, unknown>)[column]));
    for (const row of await rowsOf<Record<string, string>>(db, query, values))
      this.rows.set(
        this.named(row),
        Object.fromEntries(this.columns.map((column) => [column, BigInt(row[column] ?? 0)])) as Record<Column, bigint>,
      );
  }

  add(key: KeyOf<T>, adding: Readonly<Record<Column, number>>, write: Write): void {
    const name = this.named(key);
    const before = this.rows.get(name);
    const after = Object.fromEntries(
      this.columns.map((column) => [column, (before?.[column] ?? 0n) + BigInt(adding[column])]),
    ) as Record<Column, bigint>;
    this.rows.set(name, after);
    // Key and sums are all that such a row holds.
    write.put(this.table, { ...key, ...after } as unknown as NewRow<T>);
  }

  private named(row: object): string {
    return this.table.key.map((column) => String(Reflect.get(row, column))).join('\0');
  }
}
