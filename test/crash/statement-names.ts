const KIND =
  /^\s*(?:with [^]*?\)\s+)?(begin|commit|rollback to|rollback|savepoint|release|select|insert|update|delete|truncate|create (?:schema|table|index|(?:or replace )?view)|alter schema|drop (?:schema|table|view))\b/i;
const TABLE = /"(?:read_v\d+(?:_g\d+)?|durable)"\."?(\w+)"?/g;
const SUBJECT = /^\s*select (?:\w+\.)?(\w+)\(|\bfrom (\w+(?:\.\w+)?)/i;

/** A statement's name for its crash points: its kind and the tables it is about, in whatever version. */
export function statementName(sql: string): string {
  const kind = KIND.exec(sql)?.[1];
  if (kind === undefined) throw new Error(`a statement without a name for its crash points: ${sql}`);
  const tables = new Set([...sql.matchAll(TABLE)].map(([, table]) => table));
  const [, called, read] = SUBJECT.exec(sql) ?? [];
  const subject = tables.size > 0 ? [...tables].join(', ') : (called ?? read ?? '');
  return `${kind.toLowerCase()} ${subject}`.trim();
}
