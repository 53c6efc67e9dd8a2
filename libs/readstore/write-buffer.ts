import { copyRows, deleteRows, insertRows, type Row, type Statement, updateRows } from './bulk-sql.js';
import type { KeyOf, NewRow, Table } from './table.js';

/** What a projection may do to its rows. Later calls see the effect of earlier ones, as if each were run at once. */
export interface Write {
  /** The whole row, new or instead of the present one (whose `kept` columns stay). */
  put<T extends Table>(table: T, row: NewRow<T>): void;
  /** Some columns of a row; nothing happens where there is none. */
  patch<T extends Table>(table: T, key: KeyOf<T>, columns: Partial<NewRow<T>>): void;
  /** Every row with these values in key columns; the first key column is always given. */
  remove<T extends Table>(table: T, key: Partial<KeyOf<T>>): void;
}

interface Pending {
  readonly whole: boolean;
  readonly row: Row;
}

const keyText = (columns: readonly string[], row: Row): string =>
  columns.map((column) => String(row[column])).join('\0');

/**
 * Collects the changes of one batch, one per row, and turns them into few statements. Removals run first: a change that
 * precedes a matching removal is dropped from the buffer, so whatever is left came after every removal that matches it.
 */
export class WriteBuffer implements Write {
  private readonly tables = new Map<Table, TableBuffer>();

  put<T extends Table>(table: T, row: NewRow<T>): void {
    this.of(table).put(row);
  }

  patch<T extends Table>(table: T, key: KeyOf<T>, columns: Partial<NewRow<T>>): void {
    this.of(table).patch(key, columns);
  }

  remove<T extends Table>(table: T, key: Partial<KeyOf<T>>): void {
    this.of(table).remove(key);
  }

  /** `copy`: rows of append-only tables are copied in, which only a connection of `withCopyIn` takes. */
  statements(schema: string, copy = false): Statement[] {
    return [...this.tables.values()].flatMap((buffer) => buffer.statements(schema, copy));
  }

  private of(table: Table): TableBuffer {
    let buffer = this.tables.get(table);
    if (buffer === undefined) {
      buffer = new TableBuffer(table);
      this.tables.set(table, buffer);
    }
    return buffer;
  }
}

class TableBuffer {
  /** By the first key column, so that a removal by part of a key looks at one organization's rows only. */
  private readonly pending = new Map<string, Map<string, Pending>>();
  private readonly removals = new Map<string, Row>();
  private readonly first: string;

  constructor(private readonly table: Table) {
    const [first] = table.key;
    if (first === undefined) throw new Error(`table ${table.name} has no key`);
    this.first = first;
  }

  put(row: Row): void {
    const rows = this.neighbours(row);
    const key = keyText(this.table.key, row);
    const before = rows.get(key);
    const kept = before?.whole ? this.table.kept.map((column) => [column, before.row[column]]) : [];
    rows.set(key, { whole: true, row: kept.length === 0 ? row : { ...row, ...Object.fromEntries(kept) } });
  }

  patch(key: Row, columns: Row): void {
    const fixed = [...this.table.key, ...this.table.kept].find((column) => column in columns);
    if (fixed !== undefined) throw new Error(`a patch cannot change ${this.table.name}.${fixed}`);
    const rows = this.neighbours(key);
    const name = keyText(this.table.key, key);
    const before = rows.get(name);
    rows.set(name, { whole: before?.whole ?? false, row: { ...(before?.row ?? key), ...columns } });
  }

  remove(key: Row): void {
    const given = this.table.key.filter((column) => key[column] !== undefined);
    if (!given.includes(this.first)) throw new Error(`a removal from ${this.table.name} must name ${this.first}`);
    const rows = this.neighbours(key);
    const wanted = keyText(given, key);
    if (given.length === this.table.key.length) rows.delete(wanted);
    else for (const [name, { row }] of rows) if (keyText(given, row) === wanted) rows.delete(name);
    this.removals.set(`${given.join()}\0${wanted}`, Object.fromEntries(given.map((column) => [column, key[column]])));
  }

  statements(schema: string, copy: boolean): Statement[] {
    const insert = copy && this.table.appendOnly ? copyRows : insertRows;
    const all = [...this.pending.values()].flatMap((rows) => [...rows.values()]);
    const whole = all.filter((pending) => pending.whole).map(({ row }) => row);
    const partial = all.filter((pending) => !pending.whole).map(({ row }) => row);
    return [
      ...byColumns([...this.removals.values()]).map((rows) => deleteRows(schema, this.table, rows)),
      ...(whole.length === 0 ? [] : [insert(schema, this.table, whole)]),
      ...byColumns(partial).map((rows) => updateRows(schema, this.table, rows)),
    ];
  }

  private neighbours(row: Row): Map<string, Pending> {
    const group = String(row[this.first]);
    let rows = this.pending.get(group);
    if (rows === undefined) {
      rows = new Map();
      this.pending.set(group, rows);
    }
    return rows;
  }
}

/** One statement changes one set of columns. */
function byColumns(rows: readonly Row[]): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const columns = Object.keys(row).sort().join();
    const group = groups.get(columns);
    if (group === undefined) groups.set(columns, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}
