import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { runBeside } from '../support/run-beside.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let folder: string;
let until = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-replay-'));
  world = await startWorld();
  const operator = await world.caller('operator', { email: 'admin@localhost' });
  const alice = await world.caller('alice', { email: 'alice@acme.test' });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } } as const;
  const done = async (...[caller, orgId, step]: Parameters<World['send']>) =>
    expect((await world.send(caller, orgId, step)).kind).toBe('done');
  await done(operator, undefined, { name: 'CreateOrg', input: { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' } });
  await done(alice, 'acme', {
    name: 'CreateEnvironment',
    input: { environmentId: 'production', name: 'Production' },
  });
  await done(alice, 'acme', { name: 'AddMember', input: { userId: 'bob', role: 'org.participant' } });
  await done(alice, 'acme', { name: 'GrantEnvironmentAccess', input: grant });
  until = new Date(world.clock.now()).toISOString();
  world.clock.advance(1000);
  await done(alice, 'acme', { name: 'RemoveMember', input: { userId: 'bob' } });
}, 60_000);
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...argv: string[]) => runBeside(world, folder, argv);

async function rows(sql: string): Promise<unknown> {
  const client = new Client(world.postgresUrl);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('tenantry replay beside a running server', () => {
  it('does what docs/replay.md shows: an organization by instant and by revision, a realm, and away with it', async () => {
    const page = await readFile('docs/replay.md', 'utf8');
    const [commands = '', query = '', answer = ''] = [...page.matchAll(/^```\w+\n(.*?)^```$/gms)].map(
      ([, text]) => text,
    );
    const lines = commands.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const drops = line.includes('--drop');
      if (drops) expect(await rows(query)).toEqual(JSON.parse(answer));
      const argv = line.replace('2026-03-01T12:00:00Z', until).replace('--until 17', '--until 3').split(' ').slice(2);
      const { code, out, err } = await run(...argv);
      expect([line, code, out, err]).toEqual([line, 0, expect.any(String), '']);
      if (line.includes('acme_at_17')) expect(out).toMatch(/^acme as of .*, revision 3 stands in acme_at_17, /m);
    }
    const left = await rows(`select nspname from pg_namespace where nspname ~ '^(acme|all)_'`);
    expect(left).toEqual(['acme_at_17', 'all_in_march'].map((nspname) => ({ nspname })));
    // What was encrypted in the log can be read, and who is not concerned is not there.
    expect(await rows('select user_id, email from acme_at_17.people order by user_id')).toEqual([
      { user_id: 'alice', email: 'alice@acme.test' },
      { user_id: 'operator', email: 'admin@localhost' },
    ]);
  }, 60_000);

  it('says what it does not do', async () => {
    const org = ['replay', '--org', 'acme', '--schema', 'x'];
    const future = '2999-01-01T00:00:00Z';
    for (const [argv, code, said] of [
      [['replay', '--org', 'acme', '--until', '3'], 2, '--schema'],
      [org, 2, '--until'],
      [[...org, '--until', 'soon'], 2, 'neither an instant nor a revision'],
      [[...org, '--realm', 'default', '--until', until], 2, 'one organization or one realm'],
      [['replay', '--realm', 'default', '--schema', 'x', '--until', '3'], 2, 'no revision'],
      [[...org, '--drop'], 2, 'alone'],
      [[...org, '--until', future], 1, 'lies in the future'],
      [[...org, '--until', '99'], 1, 'lies in the future'],
      [['replay', '--org', 'none', '--schema', 'x', '--until', until], 1, 'there was no organization none then'],
      [['replay', '--org', 'acme', '--schema', 'read_v1', '--until', until], 1, 'not for replays'],
      [['replay', '--drop', '--schema', 'durable'], 1, 'not for replays'],
      [['replay', '--drop', '--schema', 'x'], 1, 'not made by a replay'],
    ] as const) {
      const { code: answered, err } = await run(...argv);
      expect([argv, answered, err]).toEqual([argv, code, expect.stringContaining(said)]);
    }
    expect(await rows(`select 1 from pg_namespace where nspname = 'x'`)).toEqual([]);
  }, 60_000);
});
