import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { CliProcess, type Place, Tenancy } from './backup-support.js';
import { built, StandaloneProcess } from './standalone-process.js';

let folder: string;
let servers: StandaloneProcess[];
beforeAll(() => built(), 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-erased-'));
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((one) => one.kill('SIGKILL')));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function serve(place: Place) {
  const server = new StandaloneProcess(place);
  servers.push(server);
  return { server, tenancy: new Tenancy(await server.url(), place.keyDir) };
}

async function done(tenancy: Tenancy, steps: readonly (readonly [sub: string, path: string, body: unknown])[]) {
  let token = '';
  for (const [sub, path, body] of steps) {
    const answer = await tenancy.send(sub, `/v1/${path}`, { body });
    expect([path, answer.status]).toEqual([path, 200]);
    token = answer.token;
  }
  return token;
}

async function emailsOf(tenancy: Tenancy, token?: string) {
  const { body } = await tenancy.send('acme-owner', '/v1/orgs/acme/members', token === undefined ? {} : { token });
  return (body.members as { id: string; email: string | null }[]).map(({ id, email }) => [id, email]);
}

it('who was erased after a backup is not brought back by it', async () => {
  const here = { dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') };
  const { server, tenancy } = await serve(here);
  await tenancy.found('acme');
  expect((await tenancy.send('acme-bob', '/v1/me')).body).toMatchObject({ email: 'acme-bob@acme.test' });
  const backup = join(folder, 'backup');
  expect(await new CliProcess(here, 'backup', '--to', backup).ended).toMatchObject({ code: 0 });

  const officer = { userId: 'petra', role: 'platform.privacy-officer' };
  const token = await done(tenancy, [
    ['admin', 'realm/commands/AddPlatformAdmin', { userId: 'paul' }],
    ['admin', 'realm/commands/AssignPlatformRole', { ...officer, notAfter: '2100-01-01T00:00:00.000Z' }],
    ['paul', 'realm/commands/ConfirmPlatformRole', officer],
    ['petra', 'realm/commands/EraseUser', { userId: 'acme-bob' }],
  ]);
  for (;;) {
    const { body } = await tenancy.send('petra', '/v1/realm/erasures', { token });
    if ((body.erasures as { status: string }[])[0]?.status === 'verified') break;
    await sleep(100);
  }
  const listed = await new CliProcess(here, 'erasures').ended;
  expect(listed).toMatchObject({ code: 0, err: '', out: expect.stringContaining('"subject":"user-acme-bob"') });
  const list = join(folder, 'erasures.jsonl');
  await writeFile(list, listed.out);
  // A key that was rotated meanwhile opens what is wrapped under it, and older backups.
  const rotated = await new CliProcess(here, 'rotate', 'master').ended;
  expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/^(\d) of \1 keys were wrapped/) });
  await tenancy.send('zoe', '/v1/me');
  expect((await tenancy.send('acme-owner', '/v1/me/export')).body).toMatchObject({
    events: expect.arrayContaining([
      expect.objectContaining({ data: expect.objectContaining({ email: 'acme-owner@acme.test' }) }),
    ]),
  });
  expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  for (const name of await readdir(join(here.dataDir, 'events')))
    expect((await readFile(join(here.dataDir, 'events', name))).includes('acme-bob@acme.test')).toBe(false);

  const there = { dataDir: join(folder, 'there'), keyDir: here.keyDir };
  await writeFile(join(folder, 'other.jsonl'), 'no list\n');
  const wrong = await new CliProcess(there, 'restore', '--from', backup, '--erasures', join(folder, 'other.jsonl'))
    .ended;
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('line 1 of') });
  const restored = await new CliProcess(there, 'restore', '--from', backup, '--erasures', list).ended;
  expect(restored).toMatchObject({ code: 0, out: expect.stringMatching(/^\d keys? of erased people/m) });
  const last = await serve(there);
  expect(await emailsOf(last.tenancy)).toEqual([
    ['acme-bob', null],
    ['acme-owner', 'acme-owner@acme.test'],
  ]);
}, 120_000);
