import { expect, it } from '@jest/globals';
import { Progress } from './progress.js';

function told(steps: readonly (readonly [atMs: number, phase: string, events: number, total?: number])[]): string[] {
  const lines: string[] = [];
  let nowMs = 0;
  const progress = new Progress(
    (line) => lines.push(line),
    () => nowMs,
  );
  for (const [atMs, phase, events, total] of steps) {
    nowMs = atMs;
    progress.tell(phase, events, total);
  }
  return lines;
}

it('tells rate, percent and what is left, at most once a second, with each phase for itself', () => {
  expect(
    told([
      [0, 'comparing', 100],
      [1000, 'comparing', 5100],
      [1200, 'comparing', 9000],
      [2000, 'copying', 9000, 29_000],
      [2999, 'copying', 9999, 29_000],
      [4000, 'copying', 13_000, 29_000],
    ]),
  ).toEqual(['comparing 5,100, 5,000/s\n', 'copying 13,000 of 29,000 events (44 %), 2,000/s, about 8 s left\n']);
});

it('estimates minutes and hours', () => {
  const at = (total: number) =>
    told([
      [0, 'copying', 0, total],
      [1000, 'copying', 10, total],
    ])[0];
  expect(at(6010)).toContain('about 10 min left');
  expect(at(100_010)).toContain('about 2 h 47 min left');
});
