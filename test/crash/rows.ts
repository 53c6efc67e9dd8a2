export type Row = Readonly<Record<string, unknown>>;

/** Rows by table. */
export class Rows {
  readonly tables = new Map<string, Row[]>();

  add(table: string, row: Row): void {
    const rows = this.tables.get(table);
    if (rows === undefined) this.tables.set(table, [row]);
    else rows.push(row);
  }
}

/** Without what is undefined, as JSON keeps it. */
export const optional = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

/** One text for equal rows, whatever the order of their columns. */
export const canonical = (value: unknown): string => JSON.stringify(value, sorted);

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What stands on one side only, named by its table; empty where both are equal. */
export function differences(expected: Rows, actual: Rows): string[] {
  const tables = new Set([...expected.tables.keys(), ...actual.tables.keys()]);
  return [...tables].flatMap((table) => {
    const wanted = (expected.tables.get(table) ?? []).map(canonical);
    const found = (actual.tables.get(table) ?? []).map(canonical);
    return [
      ...missingFrom(found, wanted).map((row) => `${table} lacks ${row}`),
      ...missingFrom(wanted, found).map((row) => `${table} should not hold ${row}`),
    ];
  });
}

/** With repetitions: a row that stands twice counts twice. */
function missingFrom(rows: readonly string[], wanted: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return wanted.filter((row) => {
    const left = counts.get(row) ?? 0;
    counts.set(row, left - 1);
    return left <= 0;
  });
}
