import { setTimeout as sleep } from 'node:timers/promises';
import { createSecretKey, randomBytes } from 'node:crypto';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { comparePositions, type EventStore, type StoredEvent } from '#libs/application/ports/event-store.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import type { Database } from '#libs/readstore/database.js';
import type { Faults } from '../fault/event-store-faults.js';
import { startFaultyNode } from '../fault/event-store-faulty-node.js';
import { freshDatabase } from '../support/postgres.js';
import { freshRedis } from '../support/redis.js';
import { Connections } from './crashing-postgres.js';
import { Reached } from './reached.js';

/** What outlives every crash: the log, Postgres, the keys. One world is one lane of sequences. */
export interface World {
  readonly store: EventStore;
  /** How far the log goes; every append of the world's processes moves it. */
  readonly end: Reached;
  /** How far a projector has committed. */
  readonly rows: Reached;
  readonly connections: Connections;
  /** For the test itself, beside every crash point. */
  readonly db: Database;
  readonly keys: {
    readonly master: ReturnType<typeof createSecretKey>;
    readonly index: ReturnType<typeof createSecretKey>;
  };
  readonly redisUrl: string;
  /** Of the event store; none unless a sequence sets them. */
  readonly faults: Faults;
  /** The whole log up to its end, read beside every crash point. */
  log(): Promise<readonly StoredEvent[]>;
  stop(): Promise<void>;
}

/** A new log and a new database, with nothing of read models in it. */
export async function newWorld(): Promise<World> {
  const [node, database, redis] = await Promise.all([startFaultyNode(), freshDatabase(), freshRedis()]);
  const store = await EsdbEventStore.connect(node.connectionString);
  const db = openDatabase(database.url, { poolSize: 1 });
  await migrate(db);
  const connections = new Connections(database.url);
  const end = new Reached();
  const log = new LogCopy(store);
  const secret = () => createSecretKey(randomBytes(32));
  return {
    store,
    end,
    rows: new Reached(),
    connections,
    db,
    redisUrl: redis.url,
    faults: node.faults,
    keys: { master: secret(), index: secret() },
    log: () => log.upTo(end),
    async stop() {
      await log.stop();
      await connections.end();
      await db.destroy();
      await store.close();
      await node.stop();
      await Promise.all([database.drop(), redis.drop()]);
    },
  };
}

class LogCopy {
  private readonly events: StoredEvent[] = [];
  private readonly abort = new AbortController();
  private readonly running: Promise<void>;
  private arrived = () => {};

  constructor(store: EventStore) {
    this.running = this.follow(store);
  }

  async upTo({ position }: Reached): Promise<readonly StoredEvent[]> {
    for (;;) {
      const last = this.events.at(-1);
      if (position === undefined || (last !== undefined && comparePositions(last.position, position) >= 0)) break;
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
    return this.events;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
  }

  private async follow(store: EventStore): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      try {
        for await (const page of store.follow(this.events.at(-1)?.position, signal)) {
          const last = this.events.at(-1)?.position;
          this.events.push(
            ...page.filter(({ position }) => last === undefined || comparePositions(position, last) > 0),
          );
          this.arrived();
        }
      } catch {
        // A fault of the event store, which this copy outlives.
        await sleep(10);
      }
    }
  }
}
