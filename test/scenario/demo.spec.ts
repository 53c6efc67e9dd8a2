import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'tenantry-demo-spec-'));
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

it('the demo tells its story to the end, without colour outside a terminal, and leaves nothing behind', async () => {
  const child = spawn(process.execPath, ['apps/start.mjs', 'demo'], {
    env: { PATH: process.env.PATH, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let faults = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    faults += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, faults: faults.replace('building…\n', '') }).toEqual({ code: 0, faults: '' });
  const titles = [...told.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
  expect(titles).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
  expect([...told.matchAll(/→ (\d+)/g)].map(([, status]) => status)).toEqual([...Array<string>(14).fill('200'), '403']);
  expect([...told.matchAll(/"decision": (\w+)/g)].map(([, decision]) => decision)).toEqual([
    'false',
    'true',
    'false',
    'true',
  ]);
  expect(told).not.toContain('\u001b');
  expect(Math.max(...told.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  expect(await readdir(temporary)).toEqual([]);
}, 120_000);
