import { expect, it } from '@jest/globals';
import { Progress } from './progress.js';
import { standardIo } from './standard-io.js';

function told(steps: readonly (readonly [atMs: number, phase: string, events: number, total?: number])[]): string[] {
  const lines: string[] = [];
  let nowMs = 0;
  const progress = new Progress({ err: (line) => lines.push(line) }, () => nowMs);
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

it('draws a bar where it can be drawn anew', () => {
  const shown: string[] = [];
  const written: string[] = [];
  const terminal = { isTTY: true, columns: 60, write: (text: string) => shown.push(text) };
  const io = standardIo({ write: (text: string) => written.push(text) }, terminal);
  let nowMs = 0;
  const progress = new Progress(io, () => nowMs);
  for (const events of [0, 250, 300, 500]) {
    progress.tell('replaying', events, 1000);
    nowMs += events === 250 ? 50 : 100;
  }
  io.out('done\n');
  io.out('all\n');
  expect(shown).toEqual([
    '\r\u001b[K[======                  ] replaying 250 of 1,000 events (2',
    '\r\u001b[K[============            ] replaying 500 of 1,000 events (5',
    '\r\u001b[K',
  ]);
  expect(written).toEqual(['done\n', 'all\n']);
});

it('shows no status where standard error is no terminal', () => {
  expect(standardIo({ write: () => true }, { write: () => true }).status).toBeUndefined();
});
