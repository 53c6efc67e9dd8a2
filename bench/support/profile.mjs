import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the most time passed, by function and by package, in every process that left a profile in the folder. */
export async function hottest(folder, count = 12) {
  const parts = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort()) {
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8'));
    const main =
      profile.nodes.map(({ callFrame }) => callFrame.url).find((url) => /\/(bench|dist)\//.test(url)) ?? file;
    const { busy, idle, byFunction, byPackage } = selfTimes(profile);
    const top = (times) => [...times].sort(([, a], [, b]) => b - a).slice(0, count);
    const line = ([name, time]) =>
      `    ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(0).padStart(6)} ms  ${name}`;
    parts.push(
      `  ${shortened(main)}: busy for ${(busy / 1e6).toFixed(1)} s, waiting for ${(idle / 1e6).toFixed(1)} s`,
      ...top(byFunction).map(line),
      '  by package, with what Node does for it',
      ...top(byPackage).map(line),
    );
  }
  return parts.join('\n');
}

function selfTimes({ nodes, samples, timeDeltas }) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const packages = new Map();
  const packageOf = (id) => {
    if (!packages.has(id))
      packages.set(id, ownPackage(byId.get(id).callFrame) ?? (parents.has(id) ? packageOf(parents.get(id)) : 'Node'));
    return packages.get(id);
  };
  const byFunction = new Map();
  const byPackage = new Map();
  const add = (times, name, time) => times.set(name, (times.get(name) ?? 0) + time);
  let [busy, idle] = [0, 0];
  for (const [index, id] of samples.entries()) {
    const { callFrame } = byId.get(id);
    const time = timeDeltas[index];
    if (callFrame.functionName === '(idle)') idle += time;
    else {
      busy += time;
      add(byFunction, nameOf(callFrame), time);
      add(byPackage, packageOf(id), time);
    }
  }
  return { busy, idle, byFunction, byPackage };
}

/** Node's own files count for who called them; where nobody did, by what they are for. */
function ownPackage({ functionName, url }) {
  if (functionName === '(garbage collector)' || functionName === '(program)') return functionName;
  const [, installed] = url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/) ?? [];
  const [, own] = url.match(/\/((?:dist|bench)\/.*)\/[^/]+$/) ?? [];
  const [, node] = url.match(/^node:(internal\/http2|_http|net|internal\/child_process)/) ?? [];
  return installed ?? own ?? (node && `node:${node}`);
}

const shortened = (url) => url.replace(/^.*\/(?=dist\/|node_modules\/|bench\/)/, '');

const nameOf = ({ functionName, url, lineNumber }) => {
  const name = functionName || '(anonymous)';
  return url === '' ? name : `${name}  ${shortened(url)}:${lineNumber + 1}`;
};
