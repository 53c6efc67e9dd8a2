import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { Appender } from '#libs/application/appender.js';
import type { Caller } from '#libs/application/caller.js';
import { Folds } from '#libs/application/folds.js';
import { Claims } from '#libs/application/claims/claims.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import type { Step } from '#libs/application/command-request.js';
import { FindErasureObstacles } from '#libs/application/erasure/obstacles.js';
import { Judge } from '#libs/application/judge.js';
import { CommandPipeline } from '#libs/application/pipeline.js';
import { Clock } from '#libs/application/ports/clock.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { RepeatedCommands } from '#libs/application/repeated-commands.js';
import { type Config, loadConfig } from '#libs/platform/config.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';
import { openDatabase } from '#libs/readstore/database.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { Vault } from '#libs/vault/vault.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import { type Composition, compose } from '../../apps/compose.js';
import { PostgresErasures } from '../../apps/postgres-erasures.js';
import { startedDatabase } from './postgres.js';
import { WrappedStore } from './wrapped-store.js';

/** A clock that stands or runs as a test wants. */
export class TestClock extends Clock {
  private offset = 0;
  override now(): number {
    return Date.now() + this.offset;
  }
  advance(ms: number): void {
    this.offset += ms;
  }
}

export interface World {
  readonly nodes: readonly Composition[];
  readonly node: EmbeddedNode;
  readonly clock: TestClock;
  readonly config: Config;
  readonly keys: Keys;
  readonly postgresUrl: string;
  caller(id: string, claims?: { email?: string; groups?: readonly string[]; realm?: string }): Promise<Caller>;
  /** Sends commands as one request to a process (the first by default). */
  send(
    caller: Caller,
    orgId: string | undefined,
    steps: Step | readonly Step[],
    options?: SendOptions,
  ): Promise<CommandOutcome>;
  events(stream: string): Promise<StoredEvent[]>;
  /** Another process's write side, over the same stores through a network that the test rules; with the world's keys or others. */
  pipelineOver(around: ConstructorParameters<typeof WrappedStore>[1], keys?: Keys): CommandPipeline;
  stop(): Promise<void>;
}

export interface SendOptions {
  readonly on?: number;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly ifMatch?: bigint;
}

/** One event store, one Postgres, and as many processes over them as asked; the first keeps the read models. */
export async function startWorld({ processes = 1, environment = {} } = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-world-'));
  const database = await startedDatabase();
  const node = await startNode({});
  const clock = new TestClock();
  const config = loadConfig({ KEY_DIR: join(folder, 'keys'), PLATFORM_ADMIN_GROUP: 'operators', ...environment });
  const keys = await loadKeys(config.keyDir);
  const db = openDatabase(database.url, { poolSize: 2 });
  const nodes: Composition[] = [];
  for (let i = 0; i < processes; i++) {
    const stores = { eventStoreUrl: node.connectionString, postgresUrl: database.url };
    nodes.push(await compose({ config, keys, ...stores, clock, logger: pino({ level: 'silent' }), project: i === 0 }));
  }
  const at = (index: number): Composition => {
    const found = nodes[index];
    if (found === undefined) throw new Error(`the world has no process ${index}`);
    return found;
  };
  return {
    nodes,
    node,
    clock,
    config,
    keys,
    postgresUrl: database.url,
    async caller(id, { email, groups = [], realm = 'default' } = {}) {
      const now = clock.now();
      const token = {
        issuer: 'test',
        subject: id,
        email: email ?? null,
        name: null,
        groups,
        issuedAt: Math.floor(now / 1000),
        expiresAtMs: now + 3_600_000,
      };
      const caller: Caller = { id, realm, credential: `test:${id}`, token };
      await at(0).services.observations.token(caller);
      return caller;
    },
    send(caller, orgId, steps, { on = 0, key, dryRun = false, ifMatch } = {}) {
      const list = Array.isArray(steps) ? (steps as readonly Step[]) : [steps as Step];
      return at(on).services.pipeline.execute({
        orgId,
        steps: list,
        caller,
        idempotencyKey: key,
        dryRun,
        ifMatch,
        correlation: 'test',
      });
    },
    async events(stream) {
      const all: StoredEvent[] = [];
      for await (const page of at(0).services.store.read(stream, 0n)) all.push(...page);
      return all;
    },
    pipelineOver(around, ownKeys = keys) {
      const { store, readPosition } = at(0).services;
      const wrapped = new WrappedStore(store, around);
      const folds = new Folds(wrapped);
      const vault = new Vault(ownKeys, new PostgresSubjectKeys(db), new MasterKeys(ownKeys));
      const appender = new Appender(wrapped, folds, vault);
      const repeated = new RepeatedCommands(wrapped, folds, new PostgresCommandIndex(db), readPosition);
      const obstacles = new FindErasureObstacles(folds, new PostgresErasures(db, readPosition, config.readWaitMs));
      const judge = new Judge(folds, obstacles, vault, clock);
      const claims = new Claims(wrapped, folds, appender, vault);
      return new CommandPipeline(folds, appender, claims, repeated, judge, vault, clock);
    },
    async stop() {
      await db.destroy();
      for (const composition of [...nodes].reverse()) await composition.stop();
      await node.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
