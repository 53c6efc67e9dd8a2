import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { killAndCompare } from './kills.js';
import { calls, pointsOf, startingCalls } from './points.js';
import { allWork, type Done, type Work } from './long-work.js';
import { crashSeed } from './seed.js';

const seed = crashSeed('random');
const sequences = Number(process.env.CRASH_SEQUENCES ?? 100_000);
const kills = Number(process.env.CRASH_KILLS ?? 200);
/** A process that has done so many pieces is replaced, with what it has gathered in memory. */
const PIECES_PER_PROCESS = 8;
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
    worker ??= fork(fileURLToPath(new URL('./long-worker.ts', import.meta.url)), { execArgv: process.execArgv });
    worker.send(work);
    const exit = once(worker, 'exit').then(() => undefined);
    const answer = await Promise.race([once(worker, 'message'), exit]);
    if (answer === undefined) mismatches.push(`${JSON.stringify(work)} ended without an answer; the reason is above`);
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
  for (const mismatch of done.mismatches) say(mismatch);
  mismatches.push(...done.mismatches);
}

function progress(left: number): void {
  const parts = [...totals].map(([kind, { runs, crashes }]) => `${kind} ${runs} (${crashes} crashes)`);
  say(`${seconds()} s: ${parts.join(', ')}; ${left} pieces left, mismatches ${mismatches.length}`);
}

/** Answers whether everything was as the log says. */
export async function long(): Promise<boolean> {
  say(`CRASH_SEED=${seed}: ${sequences} sequences, ${kills} kills`);
  const queue = await allWork(seed, sequences);
  const timer = setInterval(() => progress(queue.length), TOLD_EVERY_MS);
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, () => lane(queue)));
  clearInterval(timer);
  progress(0);
  const killed = kills > 0 ? await killAndCompare(kills, seed, say) : undefined;
  for (const mismatch of killed?.mismatches ?? []) say(mismatch);
  mismatches.push(...(killed?.mismatches ?? []));
  say(`crash points: ${pointsOf([...calls, ...startingCalls]).length}`);
  for (const [kind, total] of totals) say(`${kind}: ${JSON.stringify(total)}`);
  if (killed !== undefined) say(`kills: ${JSON.stringify({ ...killed, mismatches: killed.mismatches.length })}`);
  say(`seed ${seed}, ${seconds()} s, mismatches ${mismatches.length}`);
  return mismatches.length === 0;
}
