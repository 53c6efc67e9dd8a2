import { seeded } from '../fault/crash-plan.js';
import type { Faults } from '../fault/event-store-faults.js';
import { Crew, type Crewing } from './crew.js';
import { randomActs } from './scenario.js';
import type { Fates } from './schedule.js';
import { Verifier } from './verify.js';
import { newWorld } from './world.js';

/** Sequences that share a log, a database and the settings of their processes. */
export const PER_WORLD = 500;
/** A sequence passes about as many crash points as this; crashes that are meant for later ones do not happen. */
const USUAL_POINTS = 110;

/** Each block has the next of these. */
export const crewings: readonly Crewing[] = [
  { batchSize: 1000, cacheBytes: 10_000_000 },
  { batchSize: 1, cacheBytes: 10_000_000 },
  { batchSize: 2, cacheBytes: 1 },
  { batchSize: 3, cacheBytes: 10_000_000 },
];

const { CRASH_SEQUENCE } = process.env;

/** Which sequence a run repeats, where `CRASH_SEQUENCE` names one as a failure printed it. */
export const wanted: { readonly blocks: readonly number[]; readonly range: { from?: number; count?: number } } =
  CRASH_SEQUENCE === undefined
    ? { blocks: [], range: {} }
    : {
        blocks: [Math.floor(Number(CRASH_SEQUENCE) / PER_WORLD)],
        range: { from: Number(CRASH_SEQUENCE) % PER_WORLD, count: 1 },
      };

export interface Tally {
  sequences: number;
  commands: number;
  points: number;
  crashes: number;
  readonly mismatches: string[];
}

/** Runs the sequences of one block of a seed in a world of their own, and compares after each. */
export async function runBlock(
  seed: number,
  block: number,
  { from = 0, count = PER_WORLD, faulty = false } = {},
): Promise<Tally> {
  const tally: Tally = { sequences: 0, commands: 0, points: 0, crashes: 0, mismatches: [] };
  const world = await newWorld();
  const crew = new Crew(world, crewings[block % crewings.length] ?? (crewings[0] as Crewing));
  try {
    const random = seeded(seed);
    await crew.found(random, () => 'goes on');
    const verifier = await Verifier.of(world, crew);
    for (let index = from; index < from + count; index++) {
      const number = block * PER_WORLD + index;
      const wrong = await oneSequence(crew, verifier, { seed, number, faulty }, tally);
      const where = `CRASH_SEED=${seed} CRASH_SEQUENCE=${number}${faulty ? ' with faults' : ''}`;
      tally.mismatches.push(...wrong.map((each) => `${where}: ${each}`));
      if (wrong.length > 0) return tally;
    }
    const strays = await verifier.whole();
    tally.mismatches.push(...strays.map((each) => `CRASH_SEED=${seed}, block ${block}: ${each}`));
    return tally;
  } finally {
    crew.end();
    await world.stop();
  }
}

async function oneSequence(
  crew: Crew,
  verifier: Verifier,
  { seed, number, faulty }: { seed: number; number: number; faulty: boolean },
  tally: Tally,
): Promise<string[]> {
  const random = seeded(Math.imul(seed, 1_000_003) + number);
  const acts = randomActs(random);
  const name = `s${String(number).padStart(7, '0')}`;
  const fates = randomFates(random, () => {
    tally.crashes += 1;
  });
  try {
    const ran = await crew.run({ name, acts, random, fates, ...(faulty && { disturb: disturbing(random) }) });
    tally.sequences += 1;
    tally.commands += ran.answers.length;
    tally.points += ran.passed.length;
    return await verifier.after(ran);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

/** One to three crashes; every fifth takes all processes at once. */
function randomFates(random: () => number, died: () => void): Fates {
  const crashes = new Map<number, boolean>();
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--)
    crashes.set(Math.floor(random() * USUAL_POINTS), random() < 0.2);
  return (_, index) => {
    const all = crashes.get(index);
    if (all === undefined) return 'goes on';
    died();
    return all ? 'all die' : 'dies';
  };
}

/** Something else goes wrong with the event store before each act; what refuses everything does so for a moment. */
function disturbing(random: () => number): (faults: Faults) => void {
  const notices = ['repeated', 'extra_at_live', 'end_of_log', 'prepare_0', 'ahead_of_events'] as const;
  // A connection that broke after every few events would let no stream be read to its end.
  const forAMoment = (faults: Faults) => setTimeout(() => faults.clear(), 30).unref();
  const kinds: readonly ((faults: Faults) => void)[] = [
    (faults) => {
      faults.dropAfter = 1 + Math.floor(random() * 4);
      forAMoment(faults);
    },
    (faults) => {
      faults.refuse = { as: 'overloaded' };
      forAMoment(faults);
    },
    (faults) => {
      faults.loseAnswers = { count: 1, drop: true };
    },
    (faults) => {
      faults.duplicate = true;
    },
    (faults) => {
      faults.notices = notices[Math.floor(random() * notices.length)];
    },
    (faults) => {
      faults.delayMs = 1 + Math.floor(random() * 5);
    },
  ];
  return (faults) => {
    faults.clear();
    kinds[Math.floor(random() * kinds.length)]?.(faults);
  };
}
