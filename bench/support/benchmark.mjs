import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const DECIDING_MS = 250;

/**
 * @typedef {object} Row
 * @property {string} name what was measured
 * @property {number} value
 * @property {string} unit of the value and of the baseline
 * @property {number} [baseline] measured in the same run
 * @property {string} [against] what the baseline is
 * @property {number} [ratio] value over baseline, so that more is better
 * @property {{ of: 'value' | 'ratio', atLeast?: number, atMost?: number }} [goal]
 * @property {string} [note]
 */

/** Median of the numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The number that the share `p` of all are at most. */
export function percentile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)];
}

/**
 * Measures several things in turns, so that whatever else the machine does meanwhile meets all of them alike.
 * @param {Record<string, () => number | Promise<number>>} subjects each measures once and answers a number
 * @param {{ rounds: number, warmUp?: number }} options rounds of warming up are not counted
 * @returns {Promise<Record<string, number>>} the medians
 */
export async function inTurns(subjects, { rounds, warmUp = 1 }) {
  const names = Object.keys(subjects);
  const seen = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round++)
    for (const name of names) {
      const result = await subjects[name]();
      if (round >= 0) seen[name].push(result);
    }
  return Object.fromEntries(names.map((name) => [name, median(seen[name])]));
}

/** Decisions per second of one engine over the same questions; `decide` answers whether it is allowed. */
export function decisionRate(questions, decide) {
  let count = 0;
  const began = performance.now();
  let elapsed = 0;
  while (elapsed < DECIDING_MS) {
    // The clock is read once per 64 decisions: it costs as much as one.
    for (let i = 0; i < 64; i++) decide(questions[count++ % questions.length]);
    elapsed = performance.now() - began;
  }
  return (count / elapsed) * 1000;
}

/** Runs the task `count` times, `inFlight` at once, and answers how many were done per second. */
export async function perSecond(count, inFlight, task) {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count / (performance.now() - began)) * 1000;
}

/**
 * Starts the task at a steady rate, whether or not those before are done, so that a slow answer delays no later question.
 * Answers how many were started per second, once all are done.
 */
export async function steadily(rate, seconds, task) {
  const began = performance.now();
  const count = Math.round(rate * seconds);
  const tasks = [];
  const failures = [];
  while (tasks.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000) * rate));
    // Nobody waits for a task until the end, so its failure is kept until then.
    while (tasks.length < due) tasks.push(task(tasks.length).catch((error) => failures.push(error)));
    if (failures.length > 0) break;
    await sleep(1);
  }
  const took = performance.now() - began;
  await Promise.all(tasks);
  if (failures.length > 0) throw failures[0];
  return (count / took) * 1000;
}

/**
 * Milliseconds of processor time that a process has used so far, without its children: what others do on the machine
 * meanwhile hardly changes it. Undefined where the system does not tell.
 */
export async function processorMs(pid = process.pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The work of a benchmark: tells what it found row by row, to the terminal or to the process that started it. */
export async function benchmark(body) {
  const cleanUps = [];
  const tell = (row) => {
    if (process.send === undefined) console.log(lineOf(row));
    else process.send({ row });
  };
  const context = {
    row: (row) => {
      const ratio = row.ratio ?? (row.baseline === undefined ? undefined : row.value / row.baseline);
      tell({ ...row, ...(ratio === undefined ? {} : { ratio }) });
    },
    cleanUp: (end) => cleanUps.push(end),
  };
  try {
    await body(context);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  for (const end of cleanUps.reverse()) await Promise.resolve(end()).catch((error) => console.error(error));
  // Clients keep timers and sockets; nothing else is left to wait for. An exit within a turn would lose the profile.
  process.disconnect?.();
  setTimeout(() => process.exit(), 50);
}

const lineOf = ({ name, value, unit, baseline, ratio }) =>
  `${name}: ${value.toPrecision(4)} ${unit}` +
  (baseline === undefined ? '' : ` against ${baseline.toPrecision(4)}`) +
  (ratio === undefined ? '' : `, ratio ${ratio.toFixed(2)}`);

/** For what reports its failure from outside any call: the benchmark ends. */
export const rethrow = (error) => {
  throw error;
};
