import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { activityEvents } from '#libs/domain/activity/activity.js';
import { encodeKey } from '#libs/ledger/signed-note.js';
import { runBeside } from '../support/run-beside.js';
import { built } from '../fault/standalone-process.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let folder: string;

beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), 'tenantry-ledger-cli-'));
  world = await startWorld();
  const operator = await world.caller('operator', { email: 'admin@localhost' });
  const alice = await world.caller('alice');
  const steps = [
    [operator, undefined, { name: 'CreateOrg', input: { orgId: 'acme', name: 'Acme', ownerId: 'alice' } }],
    [alice, 'acme', { name: 'CreateEnvironment', input: { environmentId: 'production', name: 'Production' } }],
  ] as const;
  for (const [caller, orgId, step] of steps) expect((await world.send(caller, orgId, step)).kind).toBe('done');
  const { store, readPosition } = world.nodes[0]?.services ?? {};
  const head = await store?.head();
  if (head === undefined || !(await readPosition?.reached(head, 20_000))) throw new Error('the read models are behind');
}, 180_000);
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...argv: string[]) => runBeside(world, folder, argv);

const evidence = (to: string, ...more: string[]) => run('evidence', '--org', 'acme', '--to', join(folder, to), ...more);

describe('tenantry evidence', () => {
  it('writes what `verify bundle` accepts, with the page for browsers, and says how to check it', async () => {
    const written = await evidence('now.tar', '--question', 'alice environment:use production');
    expect([written.code, written.err]).toEqual([0, '']);
    expect(written.out).toContain('? yes, as environment.user.');
    const [, file = '', key = ''] = /verify bundle (\S+) --key '([^']+)'/.exec(written.out) ?? [];
    expect(key).toBe(encodeKey(world.keys.ledger));
    expect((await readFile(file)).includes('<title>Check evidence</title>')).toBe(true);
    const checked = await run('verify', 'bundle', file, '--key', key);
    expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('? yes, as environment.user.')]);
    const [recorded] = (await world.events('activity-acme')).slice(-1);
    expect(recorded).toMatchObject({
      type: 'EvidenceCreated',
      data: {
        subject: 'alice',
        action: 'environment:use',
        resource: 'acme/production',
        decision: true,
        size: '2',
        sha256: createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      },
      metadata: { actor: 'operator', command: 'CreateEvidence', realm: 'default', org: 'acme' },
    });
    // It is never written over, and what was not written is not recorded.
    const again = await evidence('now.tar', '--question', 'alice environment:use production');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('is there already')]);
    expect(await world.events('activity-acme')).toHaveLength(1);
  });

  it('answers about the organization itself, about those who may not, and about the past', async () => {
    const viewed = await evidence('view.tar', '--question', 'alice org:view acme');
    expect(viewed.out).toContain('Could alice org:view acme at');
    expect((await evidence('no.tar', '--question', 'mallory org:view acme')).out).toContain('? no, not_member.');
    const past = await evidence('past.tar', '--question', 'alice org:view acme', '--at', '2020-01-01T00:00:00Z');
    expect([past.code, past.out]).toEqual([0, expect.stringContaining('? no, unknown_resource.')]);
  });

  it('answers about machines, and the entry that it leaves is one of the stored format', async () => {
    const machines = ['service:acme/gateway', 'workflow:acme/nightly', 'service:@default/meter'];
    for (const machine of machines) {
      const { code } = await evidence(`${machine.replace(/\W/g, '-')}.tar`, '--question', `${machine} org:view acme`);
      expect(code).toBe(0);
    }
    const entries = (await world.events('activity-acme')).slice(-machines.length);
    expect(entries.map(({ data }) => activityEvents.EvidenceCreated.parse(data).subject)).toEqual(machines);
  });

  it('refuses what makes no sense, and an organization that is not there', async () => {
    const question = 'alice org:view acme';
    for (const argv of [
      [],
      ['--question', 'alice org:view'],
      ['--question', 'alice org:fly acme'],
      ['--question', question, '--at', 'soon'],
      ['--question', question, '--at', '2999-01-01T00:00:00Z'],
    ])
      expect([argv, (await evidence('x.tar', ...argv)).code]).toEqual([argv, 2]);
    const missing = await run(
      'evidence',
      '--org',
      'none',
      '--question',
      'alice org:view none',
      '--to',
      join(folder, 'x'),
    );
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('nothing of an organization none')]);
  });
});

describe('tenantry verify', () => {
  it('finds the log of a running server sound', async () => {
    const { code, out } = await run('verify');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Verified \d+ events in 3 trees, and \d signed checkpoints/),
    ]);
  });
});
