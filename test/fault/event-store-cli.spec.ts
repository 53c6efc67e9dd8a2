import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { collect, connect, events, notice, seen } from '../contract/event-store/harness.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-store-cli-'));
});
const running = new Set<ReturnType<typeof spawn>>();
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  const source = ['--conditions=source', '--import', path('../support/run-ts.mjs'), path('./event-store-cli.ts')];
  const child = spawn(process.execPath, [...source, ...args], { env: { ...process.env, NODE_OPTIONS: '' } });
  running.add(child);
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { code: code as number | null, ...said };
  });
  const ready = once(createInterface({ input: child.stdout }), 'line').then(
    ([line]) => JSON.parse(String(line)) as { ready: boolean; connectionString: string; rebuilt: boolean },
  );
  ready.catch(() => undefined);
  return { child, ready, ended };
}

it('starts alone, says so in one line, stops in order at SIGTERM and keeps its log', async () => {
  const dataDir = join(folder, 'data');
  const first = run('--data-dir', dataDir, '--port', '0');
  const { ready, connectionString } = await first.ready;
  expect(ready).toBe(true);
  const client = connect({ connectionString, stop: async () => undefined });
  await client.appendToStream('kept', events(3));
  const subscription = client.subscribeToAll();
  subscription.on('data', () => undefined);
  const broken = new Promise<unknown>((resolve) => subscription.once('error', resolve));
  await notice(subscription, 'caughtUp');
  first.child.kill('SIGTERM');
  expect(await broken).toMatchObject({ type: 'cancelled' });
  const { code, out, err } = await first.ended;
  expect({ code, err, lines: out.trimEnd().split('\n').length }).toEqual({ code: 0, err: '', lines: 1 });
  await client.dispose();

  const second = run('--data-dir', dataDir, '--port', '0', '--rebuild');
  const again = await second.ready;
  expect(again.rebuilt).toBe(true);
  const reader = connect({ connectionString: again.connectionString, stop: async () => undefined });
  expect((await collect(reader.readStream('kept'))).map(seen)).toEqual(['kept@0', 'kept@1', 'kept@2']);
  await reader.dispose();

  // The folder is the second's now.
  const third = await run('--data-dir', dataDir, '--port', '0').ended;
  expect({ code: third.code, out: third.out }).toEqual({ code: 1, out: '' });
  expect(third.err).toContain(`the data folder ${dataDir} is in use`);
  second.child.kill('SIGINT');
  expect((await second.ended).code).toBe(0);
}, 60_000);

it('explains itself, and refuses what it does not know', async () => {
  const [help, port, unknown] = await Promise.all([
    run('--help').ended,
    run('--port', '70000').ended,
    run('--no-such-thing').ended,
  ]);
  expect(help).toMatchObject({ code: 0, err: '' });
  for (const option of ['--data-dir', '--port', '--rebuild', '--help']) expect(help.out).toContain(option);
  expect(port).toMatchObject({ code: 1, out: '', err: '--port 70000 is not a port\n' });
  expect(unknown.code).toBe(1);
  expect(unknown.err).toContain('--no-such-thing');
}, 60_000);
