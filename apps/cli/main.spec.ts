import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '#libs/platform/clock.js';
import { loadConfig } from '#libs/platform/config.js';
import { TokenVerifier } from '#libs/platform/identity/token-verifier.js';
import { TrustedIssuers } from '#libs/platform/identity/trusted-issuers.js';
import { loadKeys } from '#libs/platform/keys.js';
import { main } from './main.js';

let root: string;
let environment: Record<string, string>;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-cli-'));
  environment = { DATA_DIR: join(root, 'data'), KEY_DIR: join(root, 'keys') };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function run(...argv: string[]) {
  let out = '';
  let err = '';
  const code = await main(argv, {
    environment,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe('tenantry token', () => {
  it('prints a token that the server takes, and only that, before the first start too', async () => {
    const { code, out, err } = await run(
      'token',
      '--sub',
      'alice',
      '--email',
      'alice@acme.test',
      '--groups',
      'a, b',
      '--ttl',
      '2h',
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const keys = await loadKeys(join(root, 'keys'));
    const clock = new SystemClock();
    const verifier = new TokenVerifier(new TrustedIssuers(loadConfig(environment), keys, clock).of(), keys, clock);
    const verification = await verifier.verify(`Bearer ${out.trim()}`);
    expect(verification).toMatchObject({
      ok: true,
      caller: {
        id: 'alice',
        credential: `jwt:${createHmac('sha256', keys.index).update(out.trim()).digest('hex').slice(0, 16)}`,
        token: { email: 'alice@acme.test', groups: ['a', 'b'] },
      },
    });
    const token = verification.ok ? verification.caller.token : undefined;
    expect((token?.expiresAtMs ?? 0) / 1000 - (token?.issuedAt ?? 0)).toBe(7200 + 60);
  });

  it('makes the keys with the master key that is configured, and refuses another one', async () => {
    const masters = [1, 2].map((byte) => Buffer.alloc(32, byte));
    const [given, another] = masters.map((bytes) => bytes.toString('base64'));
    environment = { ...environment, MASTER_KEY: given ?? '' };
    expect((await run('token', '--sub', 'alice')).code).toBe(0);
    expect((await loadKeys(join(root, 'keys'))).master.export()).toEqual(masters[0]);
    environment = { ...environment, MASTER_KEY: another ?? '' };
    const { code, err } = await run('token', '--sub', 'alice');
    expect(code).not.toBe(0);
    expect(err).toContain('MASTER_KEY is none of the keys in');
  });

  it('refuses what makes no sense, with code 2, and makes no keys for it', async () => {
    const wrong = [
      [],
      ['--sub', 'a b'],
      ['--sub', 'a', '--email', 'x'],
      ['--sub', 'a', '--ttl', 'soon'],
      ['--sub', 'a', '--ttl', '0s'],
      ['--sub', 'a', '--ttl', '900d'],
      ['--sub', 'a', '--realm', 'Other Realm'],
      ['--sub', 'a', '--groups', 'x'.repeat(300)],
      ['--sub', 'a', '--admin'],
      ['--sub', 'a', 'extra'],
    ];
    for (const argv of wrong)
      expect(await run('token', ...argv)).toEqual({ code: 2, out: '', err: expect.stringContaining('--help') });
    expect(await readdir(root)).toEqual([]);
  });

  it('refuses while a provider is configured', async () => {
    Object.assign(environment, { OIDC_ISSUERS: 'https://login.example.com', OIDC_AUDIENCE: 'tenantry' });
    expect(await run('token', '--sub', 'a')).toEqual({
      code: 1,
      out: '',
      err: expect.stringContaining('OIDC_ISSUERS is set'),
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('says what is wrong with the configuration', async () => {
    environment['PORT'] = 'http';
    expect(await run('token', '--sub', 'a')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^The configuration.*\n {2}PORT: /),
    });
  });
});

describe('tenantry', () => {
  it('helps', async () => {
    for (const argv of [['--help'], ['-h'], ['help']])
      expect(await run(...argv)).toEqual({
        code: 0,
        err: '',
        out: expect.stringMatching(/Usage: tenantry[\s\S]+\n {2}token +\S/),
      });
    expect(await run('token', '--help')).toEqual({
      code: 0,
      err: '',
      out: expect.stringContaining('--email <address>'),
    });
  });

  it('answers code 2 to no command and to unknown ones', async () => {
    expect(await run()).toEqual({ code: 2, out: '', err: expect.stringContaining('No command given') });
    expect(await run('constructor')).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('no command constructor'),
    });
  });
});
