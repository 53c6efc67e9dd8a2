const KIND =
  /^\s*(?:with [^]*?\)\s+)?(begin|start transaction|commit|rollback to|rollback|savepoint|release|select|insert|update|delete|truncate|create (?:schema|table|index|(?:or replace )?view)|alter schema|drop (?:schema|table|view))\b/i;
const TABLE = /"(?:read_v\d+(?:_g\d+)?|durable)"\."?(\w+)"?/g;
const SUBJECT = /^\s*select (?:\w+\.)?(\w+)\(|\bfrom (\w+(?:\.\w+)?)/i;

const known = new Map<string, string>();

/** A statement's name for its crash points: its kind and the tables it is about, in whatever version. */
export function statementName(sql: string): string {
  const name = known.get(sql) ?? named(sql);
  // Each world has few different statements; some hold numbers of rows, and a long run has many worlds.
  if (known.size >= 10_000) known.clear();
  known.set(sql, name);
  return name;
}

function named(sql: string): string {
  const kind = KIND.exec(sql)?.[1];
  if (kind === undefined) throw new Error(`a statement without a name for its crash points: ${sql}`);
  const tables = new Set([...sql.matchAll(TABLE)].map(([, table]) => table));
  const [, called, read] = SUBJECT.exec(sql) ?? [];
  const subject = tables.size > 0 ? [...tables].join(', ') : (called ?? read ?? '');
  return `${kind.toLowerCase()} ${subject}`.trim();
}
