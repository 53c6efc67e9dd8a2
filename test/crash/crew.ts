import type { Caller } from '#libs/application/caller.js';
import type { CurrentDocuments } from '#libs/application/ports/current-documents.js';
import { EventStoreUnavailable, parsePosition, type Position } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import { type Act, Cast, commands, type Question, REALM, type Request, ROOT } from './commands.js';
import { ApiLife, OPERATORS, ProjectorLife } from './lives.js';
import type { Faults } from '../fault/event-store-faults.js';
import { paying } from './paying-scheme.js';
import { type Fates, Schedule } from './schedule.js';
import type { World } from './world.js';

export interface Crewing {
  /** Events in one transaction of the projector. */
  readonly batchSize: number;
  /** Of an api process for folded streams; with very few, every command reads its streams and asks the command index. */
  readonly cacheBytes: number;
}

export interface Sequence {
  /** Begins the name of everything in it; none may begin with another's. */
  readonly name: string;
  readonly acts: readonly Act[];
  /** Whose turn it is. */
  readonly random: () => number;
  readonly fates: Fates;
  /** Before each act, what becomes of the event store; it is well again after the last one. */
  readonly disturb?: (faults: Faults) => void;
}

export interface Ran {
  readonly name: string;
  /** Crash points in the order in which they were passed. */
  readonly passed: readonly string[];
  readonly answers: readonly CommandOutcome[];
  readonly documents: readonly AskedDocuments[];
  /** How many events the log held before. */
  readonly from: number;
}

export interface AskedDocuments {
  readonly keys: readonly StreamDocument[];
  /** An answer from before this would be stale. */
  readonly after: Position | undefined;
  readonly found: CurrentDocuments;
}

/** What a person's token says; a later one tells another name. */
export const tokenOf = (person: string, version: number) => ({
  email: `${person}@example.test`,
  name: `Token ${version} of ${person}`,
});

interface Played {
  readonly cast: Cast;
  readonly answers: CommandOutcome[];
  readonly documents: AskedDocuments[];
}

/** More often than processes die in a sequence. */
const ASKED_AT_MOST = 20;
const APIS = ['api 1', 'api 2'];

/**
 * The processes of a world, one projector and two apis, as a supervisor keeps them: whatever died is started again. They
 * live on from one sequence to the next, at rest in between.
 */
export class Crew {
  readonly apis: ApiLife[] = [];
  private readonly schedule = new Schedule();
  private projector: ProjectorLife | undefined;
  /** Where the command stands that was acknowledged last: what a client's Consistency-Token would name. */
  private acknowledged: Position | undefined;

  constructor(
    private readonly world: World,
    private readonly crewing: Crewing,
  ) {}

  /** The first lives: the tables are made, the realm is created. Passes the crash points that only a new database has. */
  async found(random: () => number, fates: Fates): Promise<readonly string[]> {
    this.schedule.begin(random, fates);
    // An api process without read models beside it has no tables to look into.
    await this.schedule.until(() => this.kept(false) && this.projector?.follows() === true);
    // Of a log that has them already, the same answers.
    for (const step of [commands.defineScheme(paying), commands.adoptScheme(paying.id, paying.version)])
      await this.play([{ key: step.name, by: ROOT, steps: [step] }], {
        cast: new Cast('begun'),
        answers: [],
        documents: [],
      });
    await this.rest();
    return [...this.schedule.passed];
  }

  /** All that clients, processes and crashes of one sequence do, until nobody has anything left to do. */
  async run({ name, acts, random, fates, disturb }: Sequence): Promise<Ran> {
    // What was left to do beside the answers, such as filling a cache.
    await this.schedule.until(() => this.schedule.idle());
    const from = (await this.world.log()).length;
    const played = { cast: new Cast(name), answers: [], documents: [] };
    this.schedule.begin(random, fates);
    for (const act of acts) {
      disturb?.(this.world.faults);
      await this.play(act, played);
    }
    if (disturb !== undefined) await this.recovered();
    await this.rest();
    return { name, passed: [...this.schedule.passed], from, ...played };
  }

  /** What one of the processes answers while nobody dies. */
  async asked<T>(answer: Promise<T>): Promise<T> {
    let done = false;
    const end = () => {
      done = true;
      this.schedule.changed();
    };
    answer.then(end, end);
    await this.schedule.until(() => done);
    return answer;
  }

  end(): void {
    this.schedule.end();
  }

  private async play(act: Act, played: Played): Promise<void> {
    let left = act.length;
    const failures: unknown[] = [];
    for (const [index, each] of act.entries())
      void ('about' in each ? this.question(each, played, index) : this.answer(each, played, index))
        .catch((error: unknown) => failures.push(error))
        .finally(() => {
          left -= 1;
          this.schedule.changed();
        });
    await this.schedule.until(() => this.kept() && (left === 0 || failures.length > 0));
    if (failures.length > 0) throw failures[0];
  }

  /** Asks until a process answers. */
  private async question({ about }: Question, { cast, documents }: Played, index: number): Promise<void> {
    const keys = cast.documents(about);
    const after = this.acknowledged;
    for (let tries = 0; tries < ASKED_AT_MOST; tries++) {
      const api = this.api(index);
      const found = await Promise.race([api.process.death, api.load(keys, after)]);
      if (found === undefined) continue;
      documents.push({ keys, after, found });
      return;
    }
    throw new Error(`no api process answers about ${cast.org(about)}`);
  }

  /** Sends a request again under its key until a process has answered it. */
  private async answer(request: Request, { cast, answers }: Played, index: number): Promise<void> {
    const { key, by, org, steps, token = 1 } = request;
    const caller = callerOf(cast.person(by), token, by === ROOT ? [OPERATORS] : []);
    const sent = {
      orgId: org === undefined ? undefined : cast.org(org),
      steps: steps.map((each) => cast.step(each)),
      // One person sends in every sequence, to the one realm: the key tells whose it is.
      idempotencyKey: `${cast.name}/${key}`,
      dryRun: false,
      ifMatch: undefined,
      correlation: `${by}/${key}`,
    };
    for (;;) {
      const api = this.api(index);
      const outcome = await Promise.race([api.process.death, api.run(caller, sent).catch(unavailable)]);
      if (outcome === undefined || outcome.kind === 'unavailable' || outcome.kind === 'conflict') continue;
      if (outcome.kind === 'done') this.acknowledged = parsePosition(outcome.answer.position);
      answers.push(outcome);
      return;
    }
  }

  /** What an append did of which no answer came is known now. */
  private async recovered(): Promise<void> {
    this.world.faults.clear();
    // A connection that was being dropped still breaks after that.
    const failed = Symbol('failed');
    let head: Position | undefined | typeof failed = failed;
    while (head === failed) head = await this.world.store.head().catch(() => failed);
    if (head !== undefined) this.world.end.moved(head);
  }

  /** Until every process is up and has seen the whole log; then nobody dies any more. */
  private async rest(): Promise<void> {
    await this.schedule.until(() => this.kept() && this.caughtUp());
    this.schedule.calm();
  }

  private kept(apis = true): true {
    if (this.projector?.process.alive !== true)
      this.projector = new ProjectorLife(this.world, this.schedule, this.crewing.batchSize);
    if (apis) for (const index of APIS.keys()) this.api(index);
    return true;
  }

  private api(index: number): ApiLife {
    const present = this.apis[index];
    if (present?.process.alive) return present;
    const api = new ApiLife(this.world, this.schedule, APIS[index] ?? 'api', this.crewing.cacheBytes, root);
    this.apis[index] = api;
    return api;
  }

  private caughtUp(): boolean {
    const rows = this.projector?.process.alive === true && this.projector.caughtUp(this.world);
    return rows && this.apis.every((api) => api.process.alive && api.caughtUp(this.world));
  }
}

/** What the api answers 503 to. */
function unavailable(error: unknown): undefined {
  if (!(error instanceof EventStoreUnavailable)) throw error;
}

const root = callerOf(ROOT, 1, [OPERATORS]);

function callerOf(id: string, token: number, groups: readonly string[]): Caller {
  return {
    id,
    realm: REALM,
    credential: `token-${token}-of-${id}`,
    token: {
      issuer: 'https://issuer.test',
      subject: id,
      ...tokenOf(id, token),
      groups,
      issuedAt: token,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    },
  };
}
