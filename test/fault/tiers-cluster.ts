import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { FollowedDocuments, type FollowedDocumentsOptions } from '#libs/access/followed-documents.js';
import { RedisTier } from '#libs/access/redis/redis-tier.js';
import type { TierEvent, TierName } from '#libs/access/tier.js';
import type { Caller } from '#libs/application/caller.js';
import { Checks, type EvaluationAnswer } from '#libs/application/checks.js';
import { Folds } from '#libs/application/folds.js';
import { Past } from '#libs/application/past.js';
import type { Step } from '#libs/application/command-request.js';
import { Clock } from '#libs/application/ports/clock.js';
import { parsePosition, type Position } from '#libs/application/ports/event-store.js';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { loadConfig } from '#libs/platform/config.js';
import { loadKeys } from '#libs/platform/keys.js';
import { openDatabase } from '#libs/readstore/database.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { type Composition, compose } from '../../apps/compose.js';
import { readModelsName } from '../../apps/read-models-name.js';
import { freshDatabase } from '../support/postgres.js';

/** A clock that stands where a test puts it. */
export class StandingClock extends Clock {
  at = Date.now();
  override now(): number {
    return this.at;
  }
}

/** One reading process: its checks, and what its tiers did. */
export interface Reader {
  readonly name: string;
  readonly checks: Checks;
  count(tier: TierName, event: TierEvent): Promise<number>;
}

export interface Cluster {
  readonly node: EmbeddedNode;
  readonly clock: StandingClock;
  readonly postgresUrl: string;
  /** Whole processes over the Redis; the first keeps the read models. */
  readonly processes: readonly Composition[];
  /** The processes, and beside them readers that mostly answer from one tier. */
  readonly readers: readonly Reader[];
  reader(name: string): Reader;
  caller(id: string, groups?: readonly string[]): Promise<Caller>;
  /** Runs commands in an organization (in none: CreateOrg) on a process. Answers the position of what was appended. */
  run(caller: Caller, orgId: string | undefined, step: Step, on?: number): Promise<Position>;
  stop(): Promise<void>;
}

/** Two processes over one log, one Postgres and one Redis, and readers that are made to use one tier. */
export async function startCluster({ redisUrl }: { redisUrl: string }): Promise<Cluster> {
  const stops: (() => Promise<unknown>)[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-tiers-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const [database, node] = await Promise.all([freshDatabase(), startNode({})]);
  stops.push(() => database.drop());
  stops.push(() => node.stop());
  const clock = new StandingClock();
  const config = loadConfig({ KEY_DIR: join(folder, 'keys'), PLATFORM_ADMIN_GROUP: 'operators' });
  const keys = await loadKeys(config.keyDir);
  const { connectionString: eventStoreUrl } = node;
  const processes: Composition[] = [];
  for (const project of [true, false]) {
    const logger = pino({ level: 'silent' });
    const stores = { eventStoreUrl, postgresUrl: database.url, redisUrl };
    const composition = await compose({ config, keys, ...stores, clock, logger, project });
    processes.push(composition);
    stops.push(() => composition.stop());
  }
  const [first, second] = processes;
  if (first === undefined || second === undefined) throw new Error('no processes');

  async function reader(name: string, { cachedDocuments, redis: over }: { redis?: string; cachedDocuments: number }) {
    const store = await EsdbEventStore.connect(eventStoreUrl);
    const db = openDatabase(database.url, { poolSize: 4 });
    const counts = new Map<string, number>();
    const count = (event: TierEvent, tier: TierName) =>
      counts.set(`${tier} ${event}`, (counts.get(`${tier} ${event}`) ?? 0) + 1);
    const redis = over === undefined ? undefined : new RedisTier({ url: over, listener: count });
    const options: FollowedDocumentsOptions = {
      cachedDocuments,
      redis,
      followedStreams: 10_000,
      budgetMs: 10_000,
      staleAfterMs: 5_000,
      onBreak: () => {},
      readModels: readModelsName(store, db, first?.services.storeId ?? ''),
      listener: count,
    };
    const documents = new FollowedDocuments(
      store,
      new PostgresAccessDocuments(db),
      new CheckpointPosition(db),
      options,
    );
    await documents.start();
    stops.push(async () => {
      await redis?.stop();
      await documents.stop();
      await db.destroy();
      await store.close();
    });
    const checks = new Checks(documents, new Past(new Folds(store)), clock);
    const found: Reader = { name, checks, count: async (tier, event) => counts.get(`${tier} ${event}`) ?? 0 };
    return found;
  }
  const whole = (name: string, { services }: Composition): Reader => ({
    name,
    checks: services.checks,
    async count(tier, event) {
      const { values } = await services.metrics.accessDocuments.get();
      return values.find(({ labels }) => labels.tier === tier && labels.event === event)?.value ?? 0;
    },
  });
  const readers = [
    whole('first', first),
    whole('second', second),
    // Room for the documents of one question: the next one, about others, finds none of its own.
    await reader('redis', { cachedDocuments: 5, redis: redisUrl }),
    await reader('postgres', { cachedDocuments: 1 }),
  ];

  return {
    node,
    clock,
    postgresUrl: database.url,
    processes,
    readers,
    reader(name) {
      const found = readers.find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no reader ${name}`);
      return found;
    },
    async caller(id, groups = []) {
      const issuedAt = Math.floor(clock.now() / 1000);
      const identity = { issuer: 'test', subject: id, email: null, name: null, groups };
      const token = { ...identity, issuedAt, expiresAtMs: clock.now() + 3_600_000 };
      const caller: Caller = { id, realm: 'default', credential: `test:${id}`, token };
      await first.services.observations.token(caller);
      return caller;
    },
    async run(caller, orgId, step, on = 0) {
      const request = { orgId, steps: [step], caller, dryRun: false, correlation: 'test' };
      const process = processes[on] ?? first;
      const outcome = await process.services.pipeline.execute({
        ...request,
        idempotencyKey: undefined,
        ifMatch: undefined,
      });
      const position = outcome.kind === 'done' ? parsePosition(outcome.answer.position) : undefined;
      if (position === undefined) throw new Error(`not done: ${JSON.stringify(outcome)}`);
      return position;
    },
    async stop() {
      for (const end of stops.splice(0).reverse()) await end();
    },
  };
}

/** Whether a person may use an environment of the organization, as the person asks it. */
export const mayUse = (reader: Reader, caller: Caller, orgId: string, environmentId: string, after?: Position) =>
  reader.checks.evaluate(caller, {
    principal: { type: 'user', id: caller.id },
    action: 'environment:use',
    resource: { kind: 'environment', orgId, environmentId },
    at: undefined,
    after,
    explain: false,
  });

export const decisionOf = (answer: EvaluationAnswer): boolean | 'stale' =>
  answer.kind === 'answered' ? answer.decision : 'stale';

/** An organization with an owner and members `<org>-m<n>`, and one environment `live` that nobody of them may use yet. */
export async function organization(cluster: Cluster, orgId: string, members: number) {
  const operator = await cluster.caller('operator', ['operators']);
  const owner = await cluster.caller(`${orgId}-owner`);
  await cluster.run(operator, undefined, { name: 'CreateOrg', input: { orgId, name: orgId, ownerId: owner.id } });
  await cluster.run(owner, orgId, {
    name: 'CreateEnvironment',
    input: { environmentId: 'live', name: 'Live' },
  });
  const people: Caller[] = [];
  for (let n = 0; n < members; n++) {
    const person = await cluster.caller(`${orgId}-m${n}`);
    await cluster.run(owner, orgId, { name: 'AddMember', input: { userId: person.id, role: 'org.participant' } });
    people.push(person);
  }
  const change = (name: 'GrantEnvironmentAccess' | 'RevokeEnvironmentAccess', person: Caller, on?: number) =>
    cluster.run(owner, orgId, { name, input: { environmentId: 'live', grantee: { type: 'user', id: person.id } } }, on);
  return {
    owner,
    people,
    grant: (person: Caller, on?: number) => change('GrantEnvironmentAccess', person, on),
    revoke: (person: Caller, on?: number) => change('RevokeEnvironmentAccess', person, on),
  };
}
