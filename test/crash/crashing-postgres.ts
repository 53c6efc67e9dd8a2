import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Database } from '#libs/readstore/database.js';
import { readSchema } from '#libs/readstore/table.js';
import type { Process } from './process.js';
import { statementName } from './statement-names.js';

/** Connections that outlive the processes of a world, so that a new life does not wait for new ones. */
export class Connections {
  private readonly idle: pg.Client[] = [];
  /** Destroyed while in use. */
  cut = 0;

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

  /** As when its process is killed: Postgres sees the socket close and rolls back. */
  destroy(client: pg.Client): void {
    this.cut += 1;
    client.connection.stream.destroy();
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
  const held = new Set<pg.Client>();
  process.onDeath(() => {
    for (const client of held) connections.destroy(client);
  });
  const call: Call = (statement, run) =>
    process.alive && byTheClock(`${part}: ${statement}`) ? run() : process.call(`${part}: ${statement}`, run);
  const pool = {
    connect: async () => new CrashingClient(connections, held, call),
    end: async () => {},
  };
  return new Kysely<object>({ dialect: new PostgresDialect({ pool }) }).withSchema(readSchema);
}

type Call = <T>(name: string, run: () => Promise<T>) => Promise<T>;

class CrashingClient implements PostgresPoolClient {
  private client: pg.Client | undefined;

  constructor(
    private readonly connections: Connections,
    private readonly held: Set<pg.Client>,
    private readonly call: Call,
  ) {}

  query = (sql: unknown, values?: unknown): never =>
    this.call(statementName(String(sql)), async () => {
      const client = await this.hold();
      return client.query(withoutBound(String(sql)), values as unknown[]);
    }) as never;

  release(): void {
    if (this.client === undefined) return;
    this.held.delete(this.client);
    this.connections.give(this.client);
    this.client = undefined;
  }

  private async hold(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    this.client = await this.connections.take();
    this.held.add(this.client);
    return this.client;
  }
}

/** A process of a world stands still while others have their turn, for as long as a busy machine takes: none is frozen. */
const withoutBound = (sql: string): string =>
  sql.replace("'idle_in_transaction_session_timeout', '4s'", "'idle_in_transaction_session_timeout', '0'");

/** False once its process died with it, or Postgres ended it. */
const isOpen = ({ connection }: pg.Client): boolean => !connection.stream.destroyed && connection.stream.writable;
