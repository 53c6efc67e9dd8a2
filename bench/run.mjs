// What `npm run bench` runs: each benchmark in a process of its own, then one table.
import { fork, spawn } from 'node:child_process';
import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../apps/build.mjs';
import { benchmarks } from './benchmarks.mjs';
import { hottest } from './support/profile.mjs';
import { isMet, tableOf } from './support/table.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const names = Object.keys(benchmarks);

const help = `npm run bench                       every benchmark, about a quarter of an hour
npm run bench -- appends permit     only these
npm run bench -- --profile permit   also where the time goes, by function

${names.map((name) => `  ${name.padEnd(20)}${benchmarks[name]}`).join('\n')}

Rows show a value, its baseline measured in the same run in turns with it, and their ratio: ratios can be compared
between machines, values cannot. Everything is also written to bench/results.json.`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, profile: { type: 'boolean' } },
  });
  const unknown = positionals.filter((name) => !names.includes(name));
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) console.error(`No benchmark is called ${unknown.join(', ')}.\n`);
    console.log(help);
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  const [busy = 0] = loadavg();
  await installPeers();
  await ensureBuilt();
  const results = [];
  for (const name of positionals.length > 0 ? names.filter((each) => positionals.includes(each)) : names)
    results.push(await run(name, values.profile ?? false));
  await report(results, busy);
}

async function installPeers() {
  const packages = ['casbin', '@casl/ability', 'autocannon', 'better-auth', 'pg'];
  const present = await Promise.all(
    packages.map((name) =>
      stat(join(here, 'node_modules', name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (present.every(Boolean)) return;
  console.error('installing what the product is measured against…');
  const code = await exitOf(
    spawn('npm', ['ci', '--prefix', here, '--no-audit', '--no-fund'], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  if (code !== 0) throw new Error('npm ci --prefix bench failed');
}

async function run(name, profiled) {
  const folder = profiled ? await mkdtemp(join(tmpdir(), `bench-${name}-`)) : undefined;
  const profiling = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
  const began = performance.now();
  process.stderr.write(`${name}…`);
  const rows = [];
  const child = fork(join(here, 'benchmarks', `${name}.mjs`), [], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096', ...profiling],
    env: { ...process.env, ...(folder && { BENCH_PROFILES: folder }) },
  });
  child.on('message', ({ row }) => rows.push(row));
  const code = await exitOf(child);
  process.stderr.write(` ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  if (folder) console.log(`${name}: where the time goes (profiles in ${folder})\n${await hottest(folder)}\n`);
  return { name, about: benchmarks[name], rows, failed: code !== 0 };
}

async function report(results, busy) {
  const [cpu] = cpus();
  const machine = { cores: cpus().length, cpu: cpu?.model ?? 'unknown', node: process.version, busyBefore: busy };
  console.log(
    `\n${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${new Date().toISOString().slice(0, 10)}\n`,
  );
  if (busy > 0.5)
    console.log(
      `Others kept ${busy.toFixed(1)} processors' worth of the machine busy before: values are lower than they could be.\n`,
    );
  console.log(tableOf(results));
  const missed = results.flatMap(({ rows }) => rows).filter((row) => isMet(row) === false);
  const failed = results.filter(({ failed }) => failed);
  console.log(
    `\n${missed.length === 0 ? 'Every goal is met.' : `Missed: ${missed.map(({ name }) => name).join('; ')}.`}`,
  );
  if (failed.length > 0) console.log(`Broke off: ${failed.map(({ name }) => name).join(', ')}.`);
  process.exitCode = failed.length > 0 ? 1 : 0;
  const withMet = results.map((result) => ({
    ...result,
    rows: result.rows.map((row) => ({ ...row, met: isMet(row) })),
  }));
  await writeFile(
    join(here, 'results.json'),
    `${JSON.stringify({ at: new Date().toISOString(), machine, results: withMet }, null, 2)}\n`,
  );
}

/** @returns {Promise<number | null>} */
const exitOf = (child) =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });

await main();
