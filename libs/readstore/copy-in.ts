import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';

const COPY = /^copy .* from stdin$/s;

/** A pool whose connections also take `copy … from stdin`: the data, in Postgres' text format, are its one parameter. */
export function withCopyIn(pool: pg.Pool): PostgresPool {
  // Kysely keeps what it knows of a connection by identity.
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    connect: async () => {
      const client = await pool.connect();
      const copying = wrapped.get(client) ?? copyingClient(client);
      wrapped.set(client, copying);
      return copying;
    },
    end: () => pool.end(),
  };
}

function copyingClient(client: pg.PoolClient): PostgresPoolClient {
  // The driver calls only this form; the one with a cursor is for streams, which need a cursor in the dialect's options.
  const query = (sql: string, values: readonly unknown[]): Promise<unknown> => {
    const [data] = values;
    return COPY.test(sql) && typeof data === 'string' ? copyIn(client, sql, data) : client.query(sql, [...values]);
  };
  return { query: query as PostgresPoolClient['query'], release: () => client.release() };
}

interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** What the driver's own query does, but for its answer to Postgres' asking for the data. */
class CopyIn extends pg.Query {
  constructor(
    sql: string,
    private readonly data: string,
    done: (error: Error | undefined, result: pg.QueryResult) => void,
  ) {
    super(sql, done as never);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(Buffer.from(this.data));
    connection.endCopyFrom();
  }
}

const copyIn = (client: pg.PoolClient, sql: string, data: string) =>
  new Promise<pg.QueryResult>((resolve, reject) => {
    client.query(new CopyIn(sql, data, (error, result) => (error ? reject(error) : resolve(result))));
  });
