import { Lab, recordPoints, singles } from './enumerate.js';
import { pointsOf, startingCalls } from './points.js';
import { PER_WORLD, runBlock } from './sequences.js';

/** One piece of the long form, small enough to be given to any of some processes. */
export type Work =
  | { readonly kind: 'occurrences'; readonly scenario: string }
  | { readonly kind: 'pairs'; readonly from: number; readonly to: number }
  | { readonly kind: 'starting pairs'; readonly from: number; readonly to: number }
  | { readonly kind: 'sequences'; readonly seed: number; readonly block: number };

export interface Done {
  readonly runs: number;
  readonly crashes: number;
  readonly commands: number;
  readonly points: number;
  /** Second crashes at points that were not passed after the first. */
  readonly unreached: number;
  readonly mismatches: readonly string[];
}

export async function doWork(work: Work): Promise<Done> {
  if (work.kind === 'sequences') {
    const { sequences: runs, ...rest } = await runBlock(work.seed, work.block);
    return { runs, unreached: 0, ...rest };
  }
  const recorded = await recordPoints();
  const all = singles(recorded);
  const lab = await Lab.open();
  try {
    switch (work.kind) {
      case 'occurrences':
        await everyOccurrence(lab, work.scenario);
        break;
      case 'pairs':
        for (const first of all.slice(work.from, work.to)) for (const second of all) await lab.pair(first, second);
        break;
      case 'starting pairs':
        for (const first of startingPoints().slice(work.from, work.to))
          for (const second of startingPoints()) await lab.found([first, second]);
        break;
    }
    const { runs, crashes, unreached, mismatches } = lab;
    return { runs, crashes, unreached: unreached.length, mismatches, commands: 0, points: 0 };
  } finally {
    await lab.close();
  }
}

async function everyOccurrence(lab: Lab, scenario: string): Promise<void> {
  const times = new Map<string, number>();
  for (const point of await lab.scenario(scenario, [])) times.set(point, (times.get(point) ?? 0) + 1);
  for (const [point, count] of times)
    for (let occurrence = 0; occurrence < count; occurrence++) await lab.scenario(scenario, [point], occurrence);
}

/** Of statements that are the same for every table, those for the first one: all of them are one transaction. */
function startingPoints(): string[] {
  const kinds = new Map<string, string>();
  for (const call of startingCalls) {
    const kind = call.replace(/^(projector: (?:create|drop) (?:or replace )?(?:table|view|index)) .*/, '$1');
    if (!kinds.has(kind) && !call.includes('append realm')) kinds.set(kind, call);
  }
  return pointsOf([...kinds.values()]);
}

/** The whole of it, apart from kills. */
export async function allWork(seed: number, sequences: number): Promise<Work[]> {
  const recorded = await recordPoints();
  const points = singles(recorded).length;
  const chunks = (kind: 'pairs' | 'starting pairs', count: number, size: number): Work[] =>
    Array.from({ length: Math.ceil(count / size) }, (_, i) => ({ kind, from: i * size, to: (i + 1) * size }));
  return [
    ...[...recorded.scenarios.keys()].map((scenario): Work => ({ kind: 'occurrences', scenario })),
    ...chunks('pairs', points, 1),
    ...chunks('starting pairs', startingPoints().length, 1),
    ...Array.from(
      { length: Math.ceil(sequences / PER_WORLD) },
      (_, block): Work => ({ kind: 'sequences', seed, block }),
    ),
  ];
}
