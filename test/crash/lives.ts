import { Appender } from '#libs/application/appender.js';
import type { Caller } from '#libs/application/caller.js';
import { Folds } from '#libs/application/folds.js';
import { Claims } from '#libs/application/claims/claims.js';
import { Observations } from '#libs/application/observations.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import type { CommandRequest } from '#libs/application/command-request.js';
import { FindErasureObstacles } from '#libs/application/erasure/obstacles.js';
import { Judge } from '#libs/application/judge.js';
import { CommandPaths } from '#libs/application/command-paths.js';
import { CommandPipeline } from '#libs/application/pipeline.js';
import type { CurrentDocuments } from '#libs/application/ports/current-documents.js';
import { parsePosition, type Position } from '#libs/application/ports/event-store.js';
import type { ReadPosition, StreamDocument } from '#libs/application/ports/read-models.js';
import { SealedCommands } from '#libs/application/secrets/sealed-commands.js';
import { UnkeptSecrets } from '#libs/application/secrets/unkept-secrets.js';
import { UsagePipeline } from '#libs/application/usage/usage-pipeline.js';
import { UsageTail } from '#libs/application/usage/usage-tail.js';
import { RepeatedCommands } from '#libs/application/repeated-commands.js';
import { FollowedDocuments } from '#libs/access/followed-documents.js';
import type { FollowedLog } from '#libs/access/redis/lineage.js';
import { RedisTier } from '#libs/access/redis/redis-tier.js';
import type { Held, StreamChange } from '#libs/access/tier.js';
import { enterprise } from '#libs/domain/schemes/enterprise.js';
import { SystemClock } from '#libs/platform/clock.js';
import { Projector, type ProjectorState } from '#libs/readstore/projector.js';
import type { Database } from '#libs/readstore/database.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { SecretVault } from '#libs/vault/secret-vault.js';
import { Vault } from '#libs/vault/vault.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { allProjections } from '#projections/all.js';
import { PostgresCommandIndex } from '#projections/command-index/command-index.js';
import { PostgresErasures } from '../../apps/postgres-erasures.js';
import { PostgresUsageReads } from '../../apps/postgres-usage-reads.js';
import { readModelsName } from '../../apps/read-models-name.js';
import { REALM } from './commands.js';
import { crashingDatabase } from './crashing-postgres.js';
import { CrashingStore } from './crashing-store.js';
import type { Process } from './process.js';
import type { Schedule } from './schedule.js';
import { tally } from './tally.js';
import type { World } from './world.js';

/** The group of a token that makes its bearer a platform admin. */
export const OPERATORS = 'operators';

/** At what the checkpoint is, and beside it at what is parked. */
const LOOK = 'projector: select parked_streams, checkpoint';

/** One life of the projector, as the product puts it together. */
export class ProjectorLife {
  readonly process: Process;
  private readonly projector: Projector;

  constructor(
    world: World,
    schedule: Schedule,
    private readonly batchSize: number,
  ) {
    this.process = schedule.start('projector');
    const { process } = this;
    const db = crashingDatabase(world.connections, process, 'projector', (name) => name === LOOK && this.looked());
    const { end } = world;
    this.projector = new Projector({
      store: new CrashingStore(world.store, { process, part: 'projector', end, background: () => !this.looked() }),
      db,
      projections: [...allProjections, tally],
      personalData: new Vault(world.keys, new PostgresSubjectKeys(db), new MasterKeys(world.keys)),
      batchSize: this.batchSize,
      retry: { firstMs: 1, maxMs: 5 },
      waitMs: 5,
      replay: { firstMs: 1_000, maxMs: 1_000 },
    });
    this.projector.onCommitted((position) => world.rows.moved(position));
    process.onDeath(() => void this.projector.stop());
    process.tasks = 1;
    this.projector.start();
  }

  /** Whether it has looked for parked streams, beside its first look at the checkpoint. */
  private looked(): boolean {
    return (this.process.calls.get(LOOK) ?? 0) > 1;
  }

  /** Whether it has its tables, and reads on from its checkpoint. */
  follows(): boolean {
    return this.state() === 'following';
  }

  /** Whether the rows hold everything that the log holds. Throws when the projector has halted. */
  caughtUp({ end }: World): boolean {
    const { position } = this.projector.status();
    return this.state() === 'following' && position !== undefined && end.isAt(parsePosition(position));
  }

  private state(): ProjectorState {
    const { state, error } = this.projector.status();
    if (state === 'halted') throw new Error(`the projector halted: ${JSON.stringify(error)}`);
    return state;
  }
}

/** One life of an api process: its write side, and its tiers of access documents. */
export class ApiLife {
  readonly process: Process;
  private tiers: FollowedDocuments | undefined;
  private readonly pipeline: Pick<CommandPipeline, 'execute'>;
  private readonly observations: Observations;
  private readonly booted: Promise<void>;

  /** `known` sends in every sequence: what a life knows of this person must not depend on the sequence before. */
  constructor(world: World, schedule: Schedule, name: string, cacheBytes: number, known: Caller) {
    this.process = schedule.start(name);
    const { process } = this;
    const { end } = world;
    const clock = new SystemClock();
    const store = new CrashingStore(world.store, { process, part: 'pipeline', end, background: () => false });
    const db = crashingDatabase(world.connections, process, 'pipeline');
    const personalData = new Vault(world.keys, new PostgresSubjectKeys(db), new MasterKeys(world.keys));
    const folds = new Folds(store, cacheBytes);
    const unkept = new UnkeptSecrets(new SecretVault(new PostgresSecrets(db), new MasterKeys(world.keys)));
    const appender = new Appender(store, folds, personalData, unkept.keep);
    this.observations = new Observations(folds, appender, personalData, clock);
    const position = positionOf(world, process, db);
    const repeated = new RepeatedCommands(store, folds, new PostgresCommandIndex(db), position);
    const obstacles = new FindErasureObstacles(folds, new PostgresErasures(db, position, 5_000));
    const judge = new Judge(folds, obstacles, personalData, clock);
    const claims = new Claims(store, folds, appender, personalData);
    const pipeline = new CommandPipeline(folds, appender, claims, repeated, judge, personalData, clock);
    const tail = new UsageTail(store, new PostgresUsageReads(db));
    const ofUsage = new UsagePipeline(folds, appender, tail, personalData, clock);
    this.pipeline = new CommandPaths(new SealedCommands(pipeline, unkept, personalData), ofUsage);
    this.booted = process.task(() => this.boot(world, known));
    // Who cannot start ends, and is started again.
    this.booted.catch(() => process.die());
  }

  /** What a request does: what the token shows is recorded, then the command runs. */
  async run(caller: Caller, request: Omit<CommandRequest, 'caller'>): Promise<CommandOutcome> {
    return this.process.task(async () => {
      await this.booted;
      await this.observations.token(caller);
      return this.pipeline.execute({ ...request, caller });
    });
  }

  /** Documents as this process answers them, not from before `after`. Undefined where it cannot, for now. */
  async load(keys: readonly StreamDocument[], after: Position | undefined): Promise<CurrentDocuments | undefined> {
    // Not a task: what it waits for comes in turns, never by the clock.
    await this.booted;
    return this.tiers?.load(keys, after);
  }

  /** Whether the tiers have seen everything that the log holds. */
  caughtUp({ end }: World): boolean {
    return end.isAt(this.tiers?.position);
  }

  private async boot(world: World, known: Caller): Promise<void> {
    const { id, version } = enterprise;
    const storeId = await this.observations.configuration({
      realmId: REALM,
      scheme: { id, version },
      adminGroup: OPERATORS,
      adminEmails: [],
      systemUserId: null,
    });
    await this.observations.token(known);
    const documents = tiersOf(world, this.process, storeId);
    await documents.start();
    this.tiers = documents;
  }
}

function tiersOf(world: World, process: Process, storeId: string): FollowedDocuments {
  const db = crashingDatabase(world.connections, process, 'tiers');
  const store = new CrashingStore(world.store, { process, part: 'tiers', end: world.end, background: () => true });
  const redis = new CrashingRedis(world, process);
  const documents = new FollowedDocuments(store, new PostgresAccessDocuments(db), positionOf(world, process, db), {
    cachedDocuments: 1000,
    budgetMs: 5_000,
    staleAfterMs: 5_000,
    onBreak: () => {},
    readModels: onceInTurn(readModelsName(store, db, storeId), readModelsName(world.store, world.db, storeId)),
    redis,
  });
  process.onDeath(() => {
    void documents.stop();
    void redis.stop();
  });
  return documents;
}

/** At first through the crash points; later looks come by the clock, and would make no sequence replay. */
function onceInTurn<T>(first: () => Promise<T>, later: () => Promise<T>): () => Promise<T> {
  let asked = false;
  return () => {
    const ask = asked ? later : first;
    asked = true;
    return ask();
  };
}

/** The shared tier, with crash points before and after each use. */
class CrashingRedis extends RedisTier {
  constructor(
    private readonly world: World,
    private readonly owner: Process,
  ) {
    super({ url: world.redisUrl, answerWithinMs: 10_000 });
  }

  /** It looks into the log by the clock as well, which no sequence could replay: that look is no turn. */
  override use(contents: string | undefined, log: FollowedLog): void {
    const holds = async ({ id, position }: Parameters<FollowedLog['holds']>[0]) =>
      (await this.world.store.at(position))?.id === id;
    super.use(contents, { seen: () => log.seen(), holds });
  }

  override load(keys: readonly StreamDocument[]): Promise<readonly (Held | undefined)[]> {
    return this.owner.call('tiers: redis load', () => super.load(keys));
  }
  override apply(change: StreamChange): Promise<void> {
    return this.owner.call('tiers: redis apply', () => super.apply(change));
  }
  override drop(stream: string): Promise<void> {
    return this.owner.call('tiers: redis drop', () => super.drop(stream));
  }
}

/** The product's own, asked once the projector is there: its polling by the clock would make no sequence replay. */
function positionOf({ rows }: World, process: Process, db: Database): ReadPosition {
  const inner = new CheckpointPosition(db);
  return {
    current: () => inner.current(),
    reached: async (position, budgetMs) => {
      await process.wait(() => rows.holds(position));
      return inner.reached(position, budgetMs);
    },
  };
}
