import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The functions in which the most time passed, of every process that left a profile in the folder. */
export async function hottest(folder, count = 15) {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'));
  const parts = [];
  for (const file of files) {
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8'));
    parts.push(`  ${file}`, ...selfTimes(profile).slice(0, count).map(lineOf));
  }
  return parts.join('\n');
}

function selfTimes({ nodes, samples, timeDeltas }) {
  const functions = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const name = functions.get(id);
    if (name === undefined || name === '(idle)') continue;
    busy += timeDeltas[index];
    spent.set(name, (spent.get(name) ?? 0) + timeDeltas[index]);
  }
  return [...spent].map(([name, time]) => ({ name, time, share: time / busy })).sort((a, b) => b.time - a.time);
}

const nameOf = ({ functionName, url, lineNumber }) =>
  url === '' ? functionName || '(anonymous)' : `${functionName || '(anonymous)'}  ${url.replace(/^.*\/(?=dist\/|node_modules\/|bench\/)/, '')}:${lineNumber + 1}`;

const lineOf = ({ name, time, share }) => `    ${(share * 100).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(0).padStart(6)} ms  ${name}`;
