import { seeded } from '../fault/crash-plan.js';
import { Lab, occurrences, type Recorded, recordPoints, singles } from './enumerate.js';
import { NEW_LOG, pointsOf, startingCalls } from './points.js';
import { PER_WORLD, runBlock } from './sequences.js';

/** What is enumerated; each of a kind has a number. */
type Enumerated = 'alone' | 'starting alone' | 'pairs' | 'starting pairs';

interface Enumeration {
  readonly kind: Enumerated;
  readonly numbers: readonly number[];
}

interface Block {
  readonly kind: 'sequences' | 'faulty sequences';
  readonly seed: number;
  readonly block: number;
  readonly count: number;
}

/** One piece of the long form, small enough to be given to any of some processes. */
export type Work = Enumeration | Block;

export interface Done {
  readonly runs: number;
  readonly crashes: number;
  readonly commands: number;
  readonly points: number;
  /** Second crashes at points that were not passed after the first. */
  readonly unreached: number;
  readonly mismatches: readonly string[];
}

export interface Amounts {
  readonly seed: number;
  readonly sequences: number;
  readonly faulty: number;
  /** At most, of each enumeration; which ones, the seed says. */
  readonly runs: number;
}

const STARTING = startingCalls.filter((call) => call !== NEW_LOG);
const RUNS_PER_PIECE = 80;

export async function doWork(work: Work): Promise<Done> {
  if ('block' in work) {
    const { seed, block, count, kind } = work;
    const { sequences: runs, ...rest } = await runBlock(seed, block, { count, faulty: kind === 'faulty sequences' });
    return { runs, unreached: 0, ...rest };
  }
  const { total, run } = enumerations(await recordedOnce())[work.kind];
  const lab = await Lab.open();
  try {
    for (const number of work.numbers) {
      if (number >= total) throw new Error(`there are ${total} of ${work.kind}, and not one of number ${number}`);
      await run(lab, number);
    }
    const { runs, crashes, unreached, mismatches } = lab;
    // A crash alone comes at a point that was seen to be passed.
    const missed = work.kind.endsWith('alone') ? unreached.map((point) => `${point} was not passed again`) : [];
    return {
      runs,
      crashes,
      unreached: unreached.length,
      mismatches: [...mismatches, ...missed],
      commands: 0,
      points: 0,
    };
  } finally {
    await lab.close();
  }
}

/** What passes is the same in every world. */
let recorded: Promise<Recorded> | undefined;
const recordedOnce = () => (recorded ??= recordPoints());

interface Numbered {
  readonly total: number;
  readonly run: (lab: Lab, number: number) => Promise<unknown>;
}

function enumerations(passed: Recorded): Readonly<Record<Enumerated, Numbered>> {
  return {
    alone: numbered(occurrences(passed), (lab, { scenario, point, occurrence }) =>
      lab.scenario(scenario, [point], occurrence),
    ),
    'starting alone': numbered(pointsOf([...STARTING, NEW_LOG]), (lab, point) =>
      point.startsWith(NEW_LOG) ? onNewLog(lab, point) : lab.found([point]),
    ),
    pairs: numbered(pairsOf(singles(passed)), (lab, [first, second]) => lab.pair(first, second)),
    'starting pairs': numbered(pairsOf(startingPoints()), (lab, points) => lab.found(points)),
  };
}

function numbered<T>(all: readonly T[], run: (lab: Lab, each: T) => Promise<unknown>): Numbered {
  return { total: all.length, run: (lab, number) => run(lab, all[number] as T) };
}

const pairsOf = <T>(all: readonly T[]): (readonly [T, T])[] =>
  all.flatMap((first) => all.map((second) => [first, second] as const));

async function onNewLog(lab: Lab, point: string): Promise<void> {
  const first = await Lab.open([point]);
  await first.close();
  lab.add(first);
}

/** Of statements that are the same for every table, those for the first one: all of them are one transaction. */
function startingPoints(): string[] {
  const kinds = new Map<string, string>();
  for (const call of STARTING) {
    const kind = call.replace(/^(projector: (?:create|drop) (?:or replace )?(?:table|view|index)) .*/, '$1');
    if (!kinds.has(kind)) kinds.set(kind, call);
  }
  return pointsOf([...kinds.values()]);
}

/** The whole of it, apart from kills and specs. */
export async function allWork({ seed, sequences, faulty, runs }: Amounts): Promise<Work[]> {
  const random = seeded(seed);
  const enumerated = Object.entries(enumerations(await recordedOnce())).flatMap(([kind, { total }]) => {
    const some = () => Array.from({ length: runs }, () => Math.floor(random() * total));
    const numbers = runs < total ? some() : [...Array(total).keys()];
    return pieces(numbers.length, RUNS_PER_PIECE).map(
      ({ from, count }): Work => ({ kind: kind as Enumerated, numbers: numbers.slice(from, from + count) }),
    );
  });
  const blocks = (kind: Block['kind'], count: number): Work[] =>
    pieces(count, PER_WORLD).map((piece, block) => ({ kind, seed, block, count: piece.count }));
  return [...enumerated, ...blocks('faulty sequences', faulty), ...blocks('sequences', sequences)];
}

const pieces = (total: number, size: number) =>
  Array.from({ length: Math.ceil(total / size) }, (_, i) => ({
    from: i * size,
    count: Math.min(size, total - i * size),
  }));
