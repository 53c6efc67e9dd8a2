import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ConfigInvalid, configReference, type Environment, loadConfig } from './config.js';
import { variableNames } from './config-variables.js';

function problemsOf(environment: Environment): readonly string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}
const provider = { OIDC_ISSUERS: 'https://login.example.com', OIDC_AUDIENCE: 'tenantry' };

describe('configuration', () => {
  it('is complete when nothing is given', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:3000',
      eventStoreUrl: undefined,
      realms: [{ id: 'default', scheme: { id: 'enterprise', version: 1 }, issuer: undefined }],
      identity: { issuers: [], audience: 'tenantry', developmentIssuer: true },
      platformAdmins: { group: null, emails: ['admin@localhost'], systemUserId: null },
      logLevel: 'info',
      readWaitMs: 2000,
      limits: {
        checks: { caller: 6_000_000, org: 6_000_000 },
        exports: { caller: 30, org: 60 },
        refusals: { caller: 600 },
        tokens: { caller: 600 },
      },
    });
    expect(config.dataDir).toBe(`${process.cwd()}/data`);
    expect(config.keyDir).toBe(`${process.cwd()}/keys`);
  });

  it('takes limits as two numbers, or off', () => {
    const { limits } = loadConfig({
      RATE_LIMIT_COMMANDS: '5, off',
      RATE_LIMIT_QUERIES: 'off,7',
      RATE_LIMIT_REFUSALS: 'off',
      RATE_LIMIT_TOKENS: '5',
    });
    expect(limits).toMatchObject({
      commands: { caller: 5, org: null },
      queries: { caller: null, org: 7 },
      refusals: { caller: null },
      tokens: { caller: 5 },
    });
    for (const wrong of ['5', '0,1', '1,2,3', 'off,', '-1,1', '1e3,1'])
      expect(problemsOf({ RATE_LIMIT_CHECKS: wrong })).toHaveLength(1);
  });

  it('takes an empty or blank variable as absent', () => {
    const blanks = Object.fromEntries(variableNames.map((name, index) => [name, index % 2 === 0 ? '' : '  ']));
    expect(loadConfig(blanks)).toEqual(loadConfig({}));
  });

  it('reports all problems at once, each with its name and an example', () => {
    const problems = problemsOf({
      PORT: '70000',
      HOST: '0.0.0.0',
      LOG_LEVEL: 'loud',
      POSTGRES_URL: 'mysql://root:hunter2@db',
      READ_WAIT_MS: '-1',
      PLATFORM_ADMIN_EMAILS: 'nobody',
      KEY_DIR: './data/keys',
    });
    expect(problems.map((problem) => problem.trim().split(':')[0])).toEqual([
      'PORT',
      'POSTGRES_URL',
      'PLATFORM_ADMIN_EMAILS',
      'LOG_LEVEL',
      'READ_WAIT_MS',
      'HOST',
      'KEY_DIR',
    ]);
    for (const problem of problems) expect(problem).toMatch(/^ {2}([A-Z_]+): .+\. Example: \1=.+/);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('takes a master key of 32 bytes in base64 of either alphabet, and tells nobody', () => {
    const bytes = Buffer.alloc(32, 0xfb);
    for (const MASTER_KEY of [bytes.toString('base64'), bytes.toString('base64url')]) {
      const config = loadConfig({ MASTER_KEY });
      expect(config.masterKey?.reveal()).toBe(bytes.toString('base64url'));
      expect(inspect(config)).not.toContain(bytes.toString('base64url'));
    }
    for (const MASTER_KEY of ['short', bytes.toString('hex'), `${bytes.toString('base64')}A`]) {
      const problems = problemsOf({ MASTER_KEY });
      expect(problems).toEqual([expect.stringContaining('must be 32 bytes in base64')]);
      expect(problems.join()).not.toContain(MASTER_KEY);
    }
  });

  it('refuses to listen beyond loopback while the development issuer is on', () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.5', 'example.com', '127.evil.example'])
      expect(problemsOf({ HOST })).toEqual([expect.stringContaining('development issuer is on')]);
    for (const HOST of ['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]'])
      expect(problemsOf({ HOST })).toEqual([]);
    expect(problemsOf({ HOST: '0.0.0.0', ...provider })).toEqual([]);
  });

  it('turns the development issuer and its admin off with a provider', () => {
    const { identity, platformAdmins } = loadConfig({ ...provider, PLATFORM_ADMIN_EMAILS: 'Ada@Example.com' });
    expect(identity.developmentIssuer).toBe(false);
    expect(platformAdmins.emails).toEqual(['ada@example.com']);
  });

  it('needs an audience with a provider', () => {
    expect(problemsOf({ OIDC_ISSUERS: 'https://login.example.com' })).toEqual([
      expect.stringContaining('OIDC_AUDIENCE'),
    ]);
  });

  it('keeps issuers to the letter and takes plain http on loopback only', () => {
    const OIDC_ISSUERS = 'https://a.example/, http://127.0.0.1:9/realm,https://a.example/';
    expect(loadConfig({ ...provider, OIDC_ISSUERS }).identity.issuers).toEqual([
      'https://a.example/',
      'http://127.0.0.1:9/realm',
    ]);
    for (const bad of [
      'http://login.example.com',
      'login.example.com',
      'https://u:p@a.example',
      'https://a.example?x=1',
      ',',
    ])
      expect(problemsOf({ ...provider, OIDC_ISSUERS: bad })).toEqual([expect.stringContaining('OIDC_ISSUERS')]);
  });

  it('keeps keys apart from data', () => {
    for (const [DATA_DIR, KEY_DIR] of [
      ['./x', './x'],
      ['./x', './x/keys'],
      ['./keys/data', './keys'],
      ['/', '/etc/keys'],
    ])
      expect(problemsOf({ DATA_DIR, KEY_DIR })).toEqual([expect.stringContaining('apart from DATA_DIR')]);
    expect(problemsOf({ DATA_DIR: './x', KEY_DIR: './x-keys' })).toEqual([]);
    expect(problemsOf({ DATA_DIR: './x', KEY_DIR: './..x' })).toEqual([]);
  });

  it('does not print secrets', () => {
    const config = loadConfig({
      EVENTSTORE_URL: 'esdb://u:hunter2@h:2113',
      POSTGRES_URL: 'postgres://u:hunter2@h/db',
      REDIS_URL: 'rediss://u:hunter2@h',
    });
    const printed = [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config), `${config.postgresUrl}`];
    expect(printed.join()).not.toContain('hunter2');
    expect(config.postgresUrl?.reveal()).toBe('postgres://u:hunter2@h/db');
  });

  it('drains before it stops where others send it requests, and not at all in development', () => {
    expect(loadConfig({}).drainMs).toBe(0);
    expect(loadConfig(provider).drainMs).toBe(5000);
    expect(loadConfig({ ...provider, DRAIN_MS: '0' }).drainMs).toBe(0);
  });

  it('traces nothing without a collector, and keeps its headers secret', () => {
    expect(loadConfig({ OTEL_SERVICE_NAME: 'x' }).tracing).toBeUndefined();
    const { tracing } = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2, x-tenant=a',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    expect(tracing).toMatchObject({ endpoint: 'http://collector:4318', serviceName: 'tenantry', sampled: 0.25 });
    expect(tracing?.headers.reveal()).toEqual({ authorization: 'Bearer hunter2', 'x-tenant': 'a' });
    expect(inspect(tracing, { depth: 9 })).not.toContain('hunter2');
    expect(problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: 'hunter2' }).join()).not.toContain('hunter2');
    for (const [name, bad] of [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:pass@collector:4318'],
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%ff'],
      ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
      ['OTEL_TRACES_SAMPLER_ARG', '-1'],
    ] as const)
      expect(problemsOf({ [name]: bad })).toEqual([expect.stringContaining(name)]);
  });

  it('cannot be changed', () => {
    const config = loadConfig(provider);
    for (const part of [
      config,
      config.identity,
      config.identity.issuers,
      config.platformAdmins,
      config.platformAdmins.emails,
    ])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('takes realms, each with its scheme and perhaps an issuer that is trusted', () => {
    const REALMS = 'main=enterprise, studio=studio@https://login.example.com';
    expect(loadConfig({ ...provider, REALMS }).realms).toEqual([
      { id: 'main', scheme: { id: 'enterprise', version: 1 }, issuer: undefined },
      { id: 'studio', scheme: { id: 'studio', version: 1 }, issuer: 'https://login.example.com' },
    ]);
    for (const [wrong, why] of [
      ['main', 'must look like'],
      ['Main=enterprise', 'must look like'],
      ['main=nothing', 'one of the schemes enterprise, teams'],
      ['main=constructor', 'one of the schemes'],
      ['main=teams,main=studio', 'each realm once'],
      ['a=teams@https://login.example.com,b=studio@https://login.example.com', 'each issuer for one realm'],
      ['main=teams@https://other.example.com', 'none of OIDC_ISSUERS'],
    ] as const)
      expect(problemsOf({ ...provider, REALMS: wrong })).toEqual([expect.stringMatching(`REALMS: .*${why}`)]);
  });

  it('takes a LiteLLM proxy only with the key of its admin API, which never prints', () => {
    const [url, key] = ['http://litellm.test:4000', 'sk-of-the-proxy'];
    expect(problemsOf({ LITELLM_URL: url })).toEqual([expect.stringContaining('LITELLM_MASTER_KEY: is needed')]);
    expect(problemsOf({ LITELLM_MASTER_KEY: key })).toEqual([expect.stringContaining('LITELLM_URL: is needed')]);
    const { litellm } = loadConfig({ LITELLM_URL: `${url}/`, LITELLM_MASTER_KEY: key });
    expect([litellm?.url, litellm?.masterKey.reveal()]).toEqual([url, key]);
    expect(JSON.stringify(litellm)).not.toContain(key);
  });

  it('takes an SMTP server only with an address that mails come from, and its password never prints', () => {
    const [url, from] = ['smtps://user:hunter2@mail.test', 'no-reply@acme.test'];
    expect(problemsOf({ SMTP_URL: url })).toEqual([expect.stringContaining('MAIL_FROM: is needed')]);
    expect(problemsOf({ MAIL_FROM: from })).toEqual([expect.stringContaining('SMTP_URL: is needed')]);
    const { mail } = loadConfig({ SMTP_URL: url, MAIL_FROM: from });
    expect([mail?.url.reveal(), mail?.from]).toEqual([url, from]);
    expect(JSON.stringify(mail)).not.toContain('hunter2');
    for (const wrong of ['https://user:hunter2@mail.test', 'smtp://', 'smtp://user:hunter2@', 'hunter2']) {
      const problems = problemsOf({ SMTP_URL: wrong, MAIL_FROM: from });
      expect([wrong, problems]).toEqual([wrong, [expect.stringContaining('SMTP_URL: must be')]]);
      expect(problems.join()).not.toContain('hunter2');
    }
    for (const wrong of ['Acme <no-reply@acme.test>', 'a@b@c', 'a', 'a@b>'])
      expect(problemsOf({ SMTP_URL: url, MAIL_FROM: wrong })).toEqual([expect.stringContaining('MAIL_FROM: must be')]);
  });

  it('is described in .env.example, which is generated', () => {
    const reference = configReference();
    expect(readFileSync('.env.example', 'utf8')).toBe(reference);
    for (const name of variableNames)
      expect(reference).toMatch(new RegExp(`^# .{20,}\n(# Example: .+\n)?${name}=`, 'm'));
  });

  it('accepts its own examples', () => {
    const examples = [...configReference().matchAll(/^# Example: ([A-Z_]+)=(.+)$/gm)];
    expect(examples.length).toBeGreaterThan(8);
    expect(problemsOf(Object.fromEntries(examples.map(([, name, value]) => [String(name), value])))).toEqual([]);
  });
});
