import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { withCopyIn } from './copy-in.js';
import { readSchema } from './table.js';

/**
 * The connection that every reader and writer shares. Tables stand in the schema of the read models unless a caller
 * says `withSchema`; a query names its tables' types with `withTables`.
 */
export type Database = Kysely<object>;

export interface DatabaseOptions {
  readonly poolSize?: number;
  readonly connectTimeoutMs?: number;
  /** Told of connections that broke while nobody was waiting on them; the pool replaces them by itself. */
  readonly onConnectionError?: (error: Error) => void;
}

export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    keepAlive: true,
    types: { getTypeParser },
  });
  const onError = options.onConnectionError ?? (() => {});
  pool.on('error', onError);
  // A connection that breaks between two statements of a transaction reports to nobody else.
  pool.on('connect', (client) => client.on('error', onError));
  return new Kysely<object>({ dialect: new PostgresDialect({ pool: withCopyIn(pool) }) }).withSchema(readSchema);
}

const { builtins } = pg.types;
const asText = (value: string) => value;

/** Nothing loses precision on its way: 64-bit integers stay decimal text, instants become RFC 3339 in UTC. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === builtins.INT8 || oid === builtins.NUMERIC) return asText;
  const parse = pg.types.getTypeParser(oid, format === 'binary' ? 'text' : format);
  if (oid !== builtins.TIMESTAMPTZ) return parse;
  return (value: string) => new Date(parse(value)).toISOString();
}
