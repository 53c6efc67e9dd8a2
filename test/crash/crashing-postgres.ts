import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Database } from '#libs/readstore/database.js';
import { readSchema } from '#libs/readstore/table.js';
import type { Process } from './process.js';
import { statementName } from './statement-names.js';

/** Of the connections that dying processes leave, each so many-th closes. */
const CLOSED_EVERY = 8;

/** Connections that outlive the processes of a world, so that a new life does not wait for new ones. */
export class Connections {
  private readonly idle: pg.Client[] = [];
  private dropped = 0;

  constructor(private readonly url: string) {}

  async take(): Promise<pg.Client> {
    for (let idle = this.idle.pop(); idle !== undefined; idle = this.idle.pop()) if (isOpen(idle)) return idle;
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  give(client: pg.Client): void {
    if (isOpen(client)) this.idle.push(client);
  }

  /**
   * As when its process is killed: Postgres sees the socket close, and rolls back what is open there. It does no more
   * where it is told to roll back, so that most connections live on: a new one is among the dearest things of a new life.
   */
  drop(client: pg.Client, busy: boolean): void {
    this.dropped += 1;
    if (busy || this.dropped % CLOSED_EVERY === 0) return void client.connection.stream.destroy();
    // Before whatever is asked next on this connection; that fails where this does.
    if (client.getTransactionStatus() !== 'I') client.query('rollback').catch(() => {});
    this.give(client);
  }

  async end(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((client) => client.end()));
  }
}

/** Postgres as one part of a process sees it: each statement passes its crash points, in its turn. */
export function crashingDatabase(
  connections: Connections,
  process: Process,
  part: string,
  /** Statements that run at once, without crash points: those that come by the clock, which no sequence could replay. */
  byTheClock: (statement: string) => boolean = () => false,
): Database {
  const used = new Set<CrashingClient>();
  process.onDeath(() => {
    for (const client of used) client.die();
  });
  const call: Call = (statement, run) =>
    process.alive && byTheClock(`${part}: ${statement}`) ? run() : process.call(`${part}: ${statement}`, run);
  const pool = {
    connect: async () => new CrashingClient(connections, used, call),
    end: async () => {},
  };
  return new Kysely<object>({ dialect: new PostgresDialect({ pool }) }).withSchema(readSchema);
}

type Call = <T>(name: string, run: () => Promise<T>) => Promise<T>;

class CrashingClient implements PostgresPoolClient {
  private client: pg.Client | undefined;
  private running = 0;

  constructor(
    private readonly connections: Connections,
    private readonly used: Set<CrashingClient>,
    private readonly call: Call,
  ) {}

  query = (sql: unknown, values?: unknown): never =>
    this.call(statementName(String(sql)), async () => {
      const client = await this.hold();
      this.running += 1;
      try {
        return await client.query(withoutBound(String(sql)), values as unknown[]);
      } finally {
        this.running -= 1;
      }
    }) as never;

  release(): void {
    this.leave((client) => this.connections.give(client));
  }

  die(): void {
    this.leave((client) => this.connections.drop(client, this.running > 0));
  }

  private leave(how: (client: pg.Client) => void): void {
    const { client } = this;
    this.client = undefined;
    this.used.delete(this);
    if (client !== undefined) how(client);
  }

  private async hold(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    this.client = await this.connections.take();
    this.used.add(this);
    return this.client;
  }
}

/** A process of a world stands still while others have their turn, for as long as a busy machine takes: none is frozen. */
const withoutBound = (sql: string): string =>
  sql.replace("'idle_in_transaction_session_timeout', '4s'", "'idle_in_transaction_session_timeout', '0'");

/** False once its process died with it, or Postgres ended it. */
const isOpen = ({ connection }: pg.Client): boolean => !connection.stream.destroyed && connection.stream.writable;
