import { CompiledQuery } from 'kysely';
import { seeded } from '../fault/crash-plan.js';
import type { Act } from './commands.js';
import { Crew } from './crew.js';
import { scenarios } from './scenario.js';
import type { Fates } from './schedule.js';
import { Verifier } from './verify.js';
import { newWorld, type World } from './world.js';

const crewing = { batchSize: 1, cacheBytes: 10_000_000 };
const SEED = 5;

/** Names of crash points in the order in which they were passed. */
export interface Recorded {
  /** While the tables are made and the first process creates the realm; each once. */
  readonly founding: readonly string[];
  /** As often as they were passed. */
  readonly scenarios: ReadonlyMap<string, readonly string[]>;
}

/** Which crash points a new world passes, and then each scenario, when nobody dies. */
export async function recordPoints(): Promise<Recorded> {
  const lab = await Lab.open();
  try {
    const passed = new Map<string, readonly string[]>();
    for (const name of Object.keys(scenarios)) passed.set(name, await lab.scenario(name, []));
    return { founding: lab.founding, scenarios: passed };
  } finally {
    await lab.close();
  }
}

interface Single {
  readonly scenario: string;
  readonly point: string;
}

/** Every passing of every point: `occurrence` counts those of the same point before. */
export function occurrences({ scenarios: passed }: Recorded): (Single & { readonly occurrence: number })[] {
  return [...passed].flatMap(([scenario, points]) => {
    const times = new Map<string, number>();
    return points.map((point) => {
      const occurrence = times.get(point) ?? 0;
      times.set(point, occurrence + 1);
      return { scenario, point, occurrence };
    });
  });
}

/** Every point of the scenarios once, in the first that passes it. */
export function singles({ scenarios: passed }: Recorded): Single[] {
  const first = new Map<string, string>();
  for (const [scenario, points] of passed)
    for (const point of points) if (!first.has(point)) first.set(point, scenario);
  return [...first].map(([point, scenario]) => ({ scenario, point }));
}

/** A world in which chosen points crash, in order; what does not end as the log says is kept as a mismatch. */
export class Lab {
  /** Crashes that were asked for, of which the run did not pass the point again. */
  readonly unreached: string[] = [];
  runs = 0;
  crashes = 0;
  readonly mismatches: string[] = [];
  private sequences = 0;

  private constructor(
    private readonly world: World,
    private crew: Crew,
    private verifier: Verifier,
    readonly founding: readonly string[],
  ) {}

  static async open(crashes: readonly string[] = []): Promise<Lab> {
    const world = await newWorld();
    const crew = new Crew(world, crewing);
    const fates = new InOrder(crashes);
    const founding = await crew.found(seeded(SEED), fates.at);
    const lab = new Lab(world, crew, await Verifier.of(world, crew), [...new Set(founding)]);
    if (crashes.length > 0) lab.ran(crashes, fates, await lab.verifier.whole());
    return lab;
  }

  /** The tables are made again, over the same log; the points crash while that is done. */
  async found(crashes: readonly string[]): Promise<void> {
    this.crew.end();
    const { db } = this.world;
    const { rows } = await db.executeQuery<{ nspname: string }>(
      CompiledQuery.raw(`select nspname from pg_namespace where nspname like 'read_v%'`),
    );
    for (const { nspname } of rows) await db.executeQuery(CompiledQuery.raw(`drop schema "${nspname}" cascade`));
    this.crew = new Crew(this.world, crewing);
    const fates = new InOrder(crashes);
    await this.crew.found(seeded(SEED), fates.at);
    this.verifier = await Verifier.of(this.world, this.crew);
    this.ran(crashes, fates, await this.verifier.whole());
  }

  /** Counts what another has done as well. */
  add({ runs, crashes, unreached, mismatches }: Lab): void {
    this.runs += runs;
    this.crashes += crashes;
    this.unreached.push(...unreached);
    this.mismatches.push(...mismatches);
  }

  /** Answers every point that was passed. */
  async scenario(name: string, crashes: readonly string[], occurrence = 0): Promise<readonly string[]> {
    const acts: readonly Act[] = scenarios[name] ?? [];
    const fates = new InOrder(crashes, occurrence);
    this.sequences += 1;
    const sequence = `s${String(this.sequences).padStart(6, '0')}`;
    const ran = await this.crew.run({ name: sequence, acts, random: seeded(SEED), fates: fates.at });
    this.ran(crashes, fates, await this.verifier.after(ran));
    return ran.passed;
  }

  /** The second crash comes at the next passing after the first one, which may be in a scenario that follows. */
  async pair(first: Single, second: Single): Promise<void> {
    const before = this.unreached.length;
    await this.scenario(first.scenario, [first.point, second.point]);
    if (this.unreached.length === before) return;
    this.unreached.length = before;
    await this.scenario(second.scenario, [second.point]);
  }

  async close(): Promise<void> {
    this.crew.end();
    await this.world.stop();
  }

  private ran(crashes: readonly string[], fates: InOrder, wrong: readonly string[]): void {
    this.runs += 1;
    this.crashes += crashes.length - fates.left.length;
    this.unreached.push(...fates.left);
    this.mismatches.push(...wrong.map((each) => `after a crash at ${crashes.join(', then ')}: ${each}`));
  }
}

/** The process that passes the point dies there, at its first passing after the crash before it. */
class InOrder {
  private next = 0;

  constructor(
    private readonly points: readonly string[],
    /** How often the first of them is passed before. */
    private occurrence = 0,
  ) {}

  get left(): readonly string[] {
    return this.points.slice(this.next);
  }

  readonly at: Fates = (point) => {
    if (point !== this.points[this.next]) return 'goes on';
    if (this.occurrence > 0) {
      this.occurrence -= 1;
      return 'goes on';
    }
    this.next += 1;
    return 'dies';
  };
}
