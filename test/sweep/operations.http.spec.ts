import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { main } from '../../apps/cli/main.js';
import { listenForOperations, type OperationsListener } from '../../apps/operations-listener.js';
import { Readiness } from '../../apps/readiness.js';
import { startTestApi, type TestApi } from '../support/api.js';

const folder = 'docs/operations';
const page = (name: string) => readFile(`${folder}/${name}`, 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Documented {
  readonly type: string;
  readonly labels: readonly string[];
}

/** The rows of the table: name, type, labels, meaning. */
function documented(text: string): Map<string, Documented> {
  const rows = text.split('\n').flatMap((line) => {
    const [, name, type = '', labels = ''] = /^\| `(\w+)` +\| (\w+) +\|([^|]*)\| .+ \|$/.exec(line) ?? [];
    return name === undefined
      ? []
      : [[name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => String(label)) }] as const];
  });
  return new Map(rows);
}

describe('operations', () => {
  let api: TestApi;
  let listener: OperationsListener;
  let exposition: string;
  let types: Map<string, string>;
  let samples: { readonly name: string; readonly labels: readonly string[]; readonly line: string }[];

  beforeAll(async () => {
    api = await startTestApi();
    const authorization = await api.bearer('root', { email: 'admin@localhost' });
    const post = (path: string, body: unknown) => api.http.send({ path, body, headers: { authorization } });
    const secret = 'acme-metrics';
    await post('/v1/realm/commands/CreateOrg', { orgId: secret, name: 'Acme', ownerId: 'olga' });
    await post('/v1/realm/commands/CreateOrg', { orgId: secret, name: 'Acme', ownerId: 'olga' });
    const stranger = await api.bearer('stranger');
    const create = { orgId: 'other', name: 'Other', ownerId: 'olga' };
    await api.http.send({ path: '/v1/realm/commands/CreateOrg', body: create, headers: { authorization: stranger } });
    await api.http.send({ path: `/v1/orgs/${secret}`, headers: { authorization } });
    await post('/access/v1/evaluation', {
      subject: { type: 'user', id: 'root' },
      action: { name: 'org:read' },
      resource: { type: 'org', id: secret },
    });
    exposition = (await api.http.send({ path: '/metrics' })).text;
    types = new Map([...exposition.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]));
    samples = exposition
      .split('\n')
      .filter((line) => /^\w/.test(line))
      .map((line) => {
        const [, name = '', inner = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
        return { name, labels: [...inner.matchAll(/(\w+)="/g)].map(([, label]) => String(label)), line };
      });
    const { probes, drain, logger, metrics } = api.services;
    listener = await listenForOperations({ port: 0, host: '127.0.0.1' }, new Readiness(probes, drain, logger), metrics);
  }, 60_000);
  afterAll(async () => {
    await listener?.close();
    await api?.stop();
  });

  it('every metric is documented with its type, and every documented one exposed, by an api and by a projector', async () => {
    const text = await page('metrics.md');
    const own = documented(text);
    const ours = [...types].filter(([name]) => name.startsWith('tenantry_'));
    expect(Object.fromEntries([...own].map(([name, { type }]) => [name, type]))).toEqual(Object.fromEntries(ours));
    const others = [...types.keys()].filter((name) => !name.startsWith('tenantry_'));
    for (const name of others) expect(text).toContain(`\`${name}\``);
    const listed = [...text.matchAll(/`((?:process|nodejs)_\w+[a-z])`/g)].map(([, name]) => String(name));
    // Some of these exist on Linux only.
    if (process.platform === 'linux') expect(listed.filter((name) => !types.has(name))).toEqual([]);
    const projector = await (await fetch(`http://127.0.0.1:${listener.port}/metrics`)).text();
    expect(new Set([...projector.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name))).toEqual(new Set(types.keys()));
  });

  it('labels are the documented ones, and tell nothing of a request', async () => {
    const own = documented(await page('metrics.md'));
    const seen = new Set<string>();
    for (const { name, labels, line } of samples) {
      const base = [name, name.replace(/_(bucket|sum|count)$/, '')].find((each) => own.has(each));
      if (base === undefined) continue;
      seen.add(base);
      const known = own.get(base)?.labels ?? [];
      expect({ line, labels: labels.filter((label) => label !== 'le') }).toEqual({ line, labels: [...known] });
    }
    expect(seen.size).toBeGreaterThan(15);
    expect(exposition).toMatch(/tenantry_command_denials_total\{permission="[a-z:_-]+",reason="[a-z_]+"\} 1/);
    expect(exposition).toMatch(/tenantry_commands_total\{command="CreateOrg",outcome="org_exists"\} 1/);
    expect(exposition).toMatch(/tenantry_append_duration_seconds_count\{outcome="appended"\} [1-9]/);
    expect(exposition).toMatch(/tenantry_check_duration_seconds_count\{about="present"\} 1/);
    expect(exposition).toMatch(/tenantry_access_documents_total\{tier="\w+",event="hit"\} [1-9]/);
    expect(exposition).toMatch(/tenantry_projection_batch_duration_seconds_count [1-9]/);
    expect(exposition).toMatch(/tenantry_part_up\{part="postgres"\} 1/);
    expect(exposition).toMatch(/tenantry_data_dir_free_bytes/);
    for (const secret of ['acme-metrics', 'olga', 'root', 'stranger', 'localhost'])
      expect(exposition).not.toContain(secret);
  });

  it('every alert names metrics that exist, and a runbook that names it back', async () => {
    const { groups } = parse(await page('alerts.yml')) as { groups: { name: string; rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    const exposed = new Set([...types.keys(), ...samples.map(({ name }) => name)]);
    // A histogram without a value yet exposes its type only.
    for (const [name, type] of types)
      if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) exposed.add(`${name}_${part}`);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, labels, annotations, ...rest } of rules) {
      const named = [...expr.matchAll(/\b(?:tenantry|process|nodejs)_\w+/g)].map(([name]) => name);
      expect({ alert, missing: named.filter((name) => !exposed.has(name)), some: named.length > 0 }).toEqual({
        alert,
        missing: [],
        some: true,
      });
      expect(isBalanced(expr)).toBe(true);
      expect(['page', 'ticket']).toContain(labels.severity);
      expect(Object.keys(rest).filter((key) => key !== 'for')).toEqual([]);
      if (rest.for !== undefined) expect(rest.for).toMatch(/^\d+[smh]$/);
      expect(annotations.summary).toMatch(/\.$/);
      expect(await page(annotations.runbook)).toContain(`\`${alert}\``);
    }
    const runbooks = (await readdir(folder)).filter((name) => name.startsWith('runbook-'));
    expect([...new Set(rules.map(({ annotations }) => annotations.runbook))].sort()).toEqual(runbooks.sort());
  });

  it('every page leads to pages that exist, metrics that exist and commands that exist', async () => {
    const names = await readdir(folder);
    let commands = '';
    await main(['--help'], { out: (text) => void (commands += text), err: () => {} });
    for (const name of names.filter((each) => each.endsWith('.md'))) {
      const text = await page(name);
      for (const [, target = ''] of text.matchAll(/\]\(([\w.-]+)\)/g)) expect(names).toContain(target);
      for (const [metric] of text.matchAll(/\btenantry_[a-z_]+[a-z]\b/g))
        expect([...types.keys()].some((known) => known === metric || known.startsWith(`${metric}_`))).toBe(true);
      for (const [, command] of text.matchAll(/npx tenantry ([a-z][a-z-]*)/g))
        expect(commands).toMatch(`\n  ${command} `);
      if (name.startsWith('runbook-'))
        for (const part of ['**It means**', '## Confirm', '## Do\n', '## Do not'])
          expect({ name, text }).toEqual({ name, text: expect.stringContaining(part) });
    }
    const index = await page('README.md');
    for (const name of names.filter((each) => each !== 'README.md')) expect(index).toContain(`(${name})`);
  });
});

function isBalanced(expression: string): boolean {
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  for (const [sign] of expression.matchAll(/[()[\]{}]/g)) {
    const partner = pairs[sign];
    if (partner === undefined) open.push(sign);
    else if (open.pop() !== partner) return false;
  }
  return open.length === 0;
}
