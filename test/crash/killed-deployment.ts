import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { type EmbeddedPostgres, startPostgres } from '#libs/platform/embedded-postgres/embedded-postgres.js';
import { loadKeys, type Keys } from '#libs/platform/keys.js';
import { freePort } from '../fault/free-port.js';
import { built, postmasterOf, StandaloneProcess } from '../fault/standalone-process.js';
import { RedisServer } from './redis-server.js';
import { killIfAlive } from '../support/kill.js';

const VICTIMS = ['api 1', 'api 2', 'projector 1', 'projector 2', 'postgres', 'redis'] as const;
export type Victim = (typeof VICTIMS)[number];
type ProcessName = Exclude<Victim, 'postgres' | 'redis'>;

/**
 * Everything that serves one tenancy as processes of its own: two apis, an active projector and one that stands by, Postgres
 * and Redis. Each can be killed, and comes back at the same place. The event store alone lives in the test's process.
 */
export class KilledDeployment {
  private readonly running = new Map<ProcessName, StandaloneProcess>();

  private constructor(
    private readonly folder: string,
    private readonly node: Awaited<ReturnType<typeof startNode>>,
    private readonly postgres: EmbeddedPostgres,
    private readonly redis: RedisServer,
    readonly keys: Keys,
    private readonly ports: ReadonlyMap<ProcessName, number>,
  ) {}

  static async start(): Promise<KilledDeployment> {
    await built();
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-kills-'));
    const [node, postgres, redis, keys] = await Promise.all([
      startNode({}),
      startPostgres({ dataDir: join(folder, 'postgres'), durable: false }),
      RedisServer.start(folder),
      loadKeys(join(folder, 'keys')),
    ]);
    const names = VICTIMS.filter((name): name is ProcessName => name !== 'postgres' && name !== 'redis');
    const ports = new Map<ProcessName, number>();
    for (const name of names) ports.set(name, await freePort());
    const deployment = new KilledDeployment(folder, node, postgres, redis, keys, ports);
    for (const name of names) deployment.launch(name);
    await deployment.ready();
    return deployment;
  }

  static get victims(): readonly Victim[] {
    return VICTIMS;
  }

  get eventStoreUrl(): string {
    return this.node.connectionString;
  }

  get postgresUrl(): string {
    return this.postgres.url;
  }

  get apis(): readonly string[] {
    return ['api 1', 'api 2'].map((name) => `http://127.0.0.1:${this.ports.get(name as ProcessName)}`);
  }

  /** SIGKILL, and a new start as a supervisor would. */
  async kill(victim: Victim): Promise<void> {
    if (victim === 'redis') {
      await this.redis.kill();
      this.redis.start();
    } else if (victim === 'postgres') {
      // Its guard in this process starts it again.
      const pid = await postmasterOf(this.folder);
      if (pid !== undefined) killIfAlive(pid);
    } else {
      await this.running.get(victim)?.kill('SIGKILL');
      this.launch(victim);
    }
  }

  /** Whoever ended by itself, as where its first look met a Postgres that was just killed, is started again. */
  async ready(): Promise<void> {
    for (const name of this.ports.keys())
      while (!(await this.isReady(name))) {
        this.restarts += 1;
        this.launch(name);
      }
  }

  /** How often a process ended by itself as it started. */
  restarts = 0;

  async stop(): Promise<void> {
    for (const each of this.running.values()) await each.kill('SIGKILL');
    await this.redis.kill();
    await this.postgres.stop();
    await this.node.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async isReady(name: ProcessName): Promise<boolean> {
    return (
      (await this.running
        .get(name)
        ?.ready()
        .then(
          () => true,
          () => false,
        )) ?? false
    );
  }

  private launch(name: ProcessName): void {
    const started = new StandaloneProcess({
      dataDir: join(this.folder, 'data'),
      keyDir: join(this.folder, 'keys'),
      process: name.startsWith('api') ? 'api' : 'projector',
      port: this.ports.get(name) ?? 0,
      env: { EVENTSTORE_URL: this.eventStoreUrl, POSTGRES_URL: this.postgresUrl, REDIS_URL: this.redis.url },
    });
    this.running.set(name, started);
  }
}
