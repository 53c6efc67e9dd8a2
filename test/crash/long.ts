import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { killAndCompare } from './kills.js';
import { runSpecs } from './long-specs.js';
import { allWork, type Done, type Work } from './long-work.js';
import { calls, pointsOf, startingCalls } from './points.js';
import { crashSeed } from './seed.js';

const amount = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const seed = crashSeed('random');
const amounts = {
  seed,
  sequences: amount('CRASH_SEQUENCES', 100_000),
  faulty: amount('CRASH_FAULTY', 10_000),
  runs: amount('CRASH_RUNS', Number.POSITIVE_INFINITY),
};
const kills = amount('CRASH_KILLS', 200);
const durations = {
  rounds: amount('NEW_ENEMY_ROUNDS', 10_000),
  redisCutMs: amount('REDIS_CUT_MS', 60_000),
  stallMs: amount('STALL_MS', 60_000),
};
/** A lane waits for Postgres, Redis and the event store about as long as it computes. */
const lanes = amount('CRASH_LANES', 2 * availableParallelism());
/** A process that has done so many pieces is replaced, with what it has gathered in memory. */
const PIECES_PER_PROCESS = 24;
/** Almost nothing that a sequence makes outlives it: a larger nursery spares most of the work of collecting it. */
const NODE_OPTIONS = ['--max-semi-space-size=64'];
const TOLD_EVERY_MS = 15_000;

interface Totals {
  runs: number;
  crashes: number;
  unreached: number;
  commands: number;
  points: number;
}

const began = performance.now();
const totals = new Map<Work['kind'], Totals>();
const mismatches: string[] = [];
const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = () => Math.round((performance.now() - began) / 1000);

async function lane(queue: Work[]): Promise<void> {
  let worker: ChildProcess | undefined;
  let pieces = 0;
  for (let work = queue.shift(); work !== undefined; work = queue.shift()) {
    worker ??= fork(fileURLToPath(new URL('./long-worker.ts', import.meta.url)), {
      execArgv: [...process.execArgv, ...NODE_OPTIONS],
    });
    worker.send(work);
    const exit = once(worker, 'exit').then(() => undefined);
    const answer = await Promise.race([once(worker, 'message'), exit]);
    if (answer === undefined) wrong([`${JSON.stringify(work)} ended without an answer; the reason is above`]);
    else count(work, answer[0] as Done);
    pieces += 1;
    if (answer !== undefined && pieces % PIECES_PER_PROCESS !== 0) continue;
    if (worker.connected) worker.disconnect();
    worker = undefined;
  }
  if (worker?.connected) worker.disconnect();
}

function count({ kind }: Work, done: Done): void {
  const total = totals.get(kind) ?? { runs: 0, crashes: 0, unreached: 0, commands: 0, points: 0 };
  totals.set(kind, total);
  total.runs += done.runs;
  total.crashes += done.crashes;
  total.unreached += done.unreached;
  total.commands += done.commands;
  total.points += done.points;
  wrong(done.mismatches);
}

function wrong(found: readonly string[]): void {
  for (const mismatch of found) say(`MISMATCH ${mismatch}`);
  mismatches.push(...found);
}

function progress(left: number): void {
  const parts = [...totals].map(([kind, { runs, crashes }]) => `${kind} ${runs} (${crashes} crashes)`);
  say(`${seconds()} s: ${parts.join(', ')}; ${left} pieces left, mismatches ${mismatches.length}`);
}

/** Answers whether everything was as the log says. */
export async function long(): Promise<boolean> {
  say(`CRASH_SEED=${seed}: ${JSON.stringify({ ...amounts, kills, ...durations, lanes })}`);
  const queue = await allWork(amounts);
  const timer = setInterval(() => progress(queue.length), TOLD_EVERY_MS);
  await Promise.all(Array.from({ length: lanes }, () => lane(queue)));
  clearInterval(timer);
  progress(0);
  const killed = kills > 0 ? await killAndCompare(kills, seed, say) : undefined;
  wrong(killed?.mismatches ?? []);
  say(`${seconds()} s: ${durations.rounds} rounds of the new-enemy test, Redis cut off, a projector that stalls`);
  const specs = durations.rounds > 0 ? await runSpecs(durations) : undefined;
  wrong(specs?.mismatches ?? []);
  say(`crash points: ${pointsOf([...calls, ...startingCalls]).length}`);
  for (const [kind, total] of totals) say(`${kind}: ${JSON.stringify(total)}`);
  if (killed !== undefined) say(`kills: ${JSON.stringify({ ...killed, mismatches: killed.mismatches.length })}`);
  if (specs !== undefined)
    say(`specs: ${JSON.stringify({ ...durations, ...specs, mismatches: specs.mismatches.length })}`);
  say(`seed ${seed}, ${seconds()} s, mismatches ${mismatches.length}`);
  return mismatches.length === 0;
}
