import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Concern, type Due, type Reacted, Reaction } from '#libs/application/reactions/reaction.js';
import type { EventToAppend, StoredEvent } from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import { cursorOf, stateOf } from '#libs/readstore/reactions/due.js';
import { ReactionRunner } from '#libs/readstore/reactions/reaction-runner.js';
import { crashingDatabase } from './crashing-postgres.js';
import { CrashingStore } from './crashing-store.js';
import { pointsOf, reactionCalls } from './points.js';
import type { Process } from './process.js';
import { Schedule } from './schedule.js';
import { newWorld, type World } from './world.js';

/** Statements of one name that do different things are crashed at one by one. */
const occurrencesOf = (point: string) => (point.includes('update reactions_due') ? 3 : 1);

/** What outlives every process: how far each key was told outside, each time. */
type Outside = { readonly key: string; readonly revision: bigint }[];

class Told extends Reaction {
  constructor(
    override readonly name: string,
    private readonly outside: Outside,
    private readonly process: Process,
  ) {
    super();
  }

  override concernOf({ stream, type }: StoredEvent): Concern | undefined {
    const { id } = parseStream(stream);
    if (!id.startsWith(`${this.name}-`)) return undefined;
    const does = { Begun: 'begins', Ended: 'ends' } as const;
    return { key: id, does: Object.hasOwn(does, type) ? does[type as keyof typeof does] : 'touches' };
  }

  override react({ key, revision }: Due): Promise<Reacted> {
    return this.process.call('reaction: effect', async () => {
      this.outside.push({ key, revision });
      return { outcome: `${revision}`, restMs: 0 };
    });
  }
}

let world: World;
beforeAll(async () => {
  world = await newWorld();
}, 120_000);
afterAll(() => world?.stop());

const event = (type: string): EventToAppend => ({ id: randomUUID(), type, data: {}, metadata: {} });

/** One reaction with a name of its own, from nothing; the log of others before it is read and is none of its. */
class Run {
  readonly outside: Outside = [];
  readonly schedule = new Schedule();
  readonly passed: string[] = [];
  private ended = false;

  constructor(
    readonly name: string,
    /** Whether the process dies at this passing of the point. */
    private readonly dies?: (point: string, occurrence: number) => boolean,
  ) {
    const times = new Map<string, number>();
    this.schedule.begin(Math.random, (point) => {
      const occurrence = times.get(point) ?? 0;
      times.set(point, occurrence + 1);
      this.passed.push(point);
      return this.dies?.(point, occurrence) ? 'dies' : 'goes on';
    });
  }

  key(of: string): string {
    return `${this.name}-${of}`;
  }

  async append(of: string, type: string): Promise<void> {
    const outcome = await world.store.append(`org-${this.key(of)}`, 'any', [event(type)]);
    if (outcome.appended) world.end.moved(outcome.position);
    this.schedule.changed();
  }

  /** A process that runs the reaction; another one takes its place as often as it dies. */
  live(): void {
    const process = this.schedule.start('reactions');
    const db = crashingDatabase(world.connections, process, 'reaction');
    const store = new CrashingStore(world.store, { process, part: 'reaction', end: world.end, background: () => true });
    const runner = new ReactionRunner({
      store,
      db,
      reaction: new Told(this.name, this.outside, process),
      everyMs: 2,
      timeoutMs: this.dies === undefined ? 60_000 : 25,
      retry: { firstMs: 1, maxMs: 5 },
    });
    process.onDeath(() => {
      // Its calls are never answered any more, so that it does not end either.
      void runner.stop();
      if (!this.ended) this.live();
    });
    runner.start();
  }

  async until(condition: () => Promise<boolean>): Promise<void> {
    let met = false;
    const asking = (async () => {
      while (!(met = await condition())) await new Promise((resume) => setTimeout(resume, 5));
      this.schedule.changed();
    })();
    await this.schedule.until(() => met);
    await asking;
  }

  /** That the key was told outside of its last event, and that it is written down. */
  async isDone(of: string, revision: bigint): Promise<boolean> {
    const state = await stateOf(world.db, this.name, this.key(of));
    return state?.waiting === false && state.outcome === `${revision}`;
  }

  async story(): Promise<void> {
    await this.append('a', 'Begun');
    this.live();
    await this.until(() => this.isDone('a', 0n));
    await this.append('b', 'Begun');
    await this.append('a', 'Touched');
    await this.append('c', 'Touched');
    await this.append('b', 'Touched');
    await this.until(async () => (await this.isDone('a', 1n)) && (await this.isDone('b', 1n)));
    await this.append('b', 'Ended');
    await this.append('b', 'Touched');
    await this.append('a', 'Touched');
    await this.until(() => this.isDone('a', 2n));
  }

  /** Nothing that was due was left out, nothing else was done, and all of the log was read. */
  async expectDone(): Promise<void> {
    const told = (of: string) => this.outside.filter(({ key }) => key === this.key(of)).map(({ revision }) => revision);
    expect(new Set(told('a'))).toEqual(new Set([0n, 1n, 2n]));
    expect(told('b')).toContain(1n);
    expect(told('b').every((revision) => revision <= 1n)).toBe(true);
    expect(told('c')).toEqual([]);
    expect(await stateOf(world.db, this.name, this.key('b'))).toBeUndefined();
    const { commit, prepare } = world.end.position ?? { commit: -1n, prepare: -1n };
    expect((await cursorOf(world.db, this.name))?.position).toBe(`${commit}/${prepare}`);
  }

  end(): void {
    this.ended = true;
    this.schedule.end();
  }
}

async function told(run: Run): Promise<Run> {
  try {
    await run.story();
    await run.expectDone();
  } finally {
    run.end();
  }
  return run;
}

describe('a reaction', () => {
  it('does each thing once where nobody dies, and every call that it makes is listed', async () => {
    const run = await told(new Run('calm'));
    expect([...new Set(run.passed)].filter((point) => !point.startsWith('reaction: at')).sort()).toEqual(
      pointsOf(reactionCalls)
        .filter((point) => !point.startsWith('reaction: at'))
        .sort(),
    );
    expect(run.outside.filter(({ key }) => key === run.key('a'))).toHaveLength(3);
  }, 60_000);

  it.each(pointsOf(reactionCalls))(
    'leaves nothing out that is due, whoever dies: %s',
    async (point) => {
      for (let occurrence = 0; occurrence < occurrencesOf(point); occurrence++)
        await told(new Run(`run-${randomUUID()}`, (passed, n) => passed === point && n === occurrence));
    },
    120_000,
  );
});
