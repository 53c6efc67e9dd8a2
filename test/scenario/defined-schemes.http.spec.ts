import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEvidence, packEvidence } from '#libs/application/ledger/evidence/archive.js';
import { gatherEvidence } from '#libs/application/ledger/evidence/gather.js';
import { exampleScheme } from '#libs/application/command-rows/scheme-example.js';
import { decodeKey } from '#libs/ledger/signed-note.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

/** A sixth scheme: readers see the audit trail, and nobody configures anything. */
const sixth = {
  ...exampleScheme,
  roles: exampleScheme.roles.map((role) => {
    const { key, inherits = [], permissions = [] } = role;
    const renamed = (name: string) => name.replace('org.owner', 'org.admin').replace('org.participant', 'org.member');
    const more = key === 'org.participant' ? ['audit:read' as const] : [];
    return { ...role, key: renamed(key), inherits: inherits.map(renamed), permissions: [...permissions, ...more] };
  }),
  implicit: [{ from: 'org.admin', to: 'environment.user' }],
  tenancy: { orgsPerUser: null },
  orgCreation: { by: 'platform' as const, ownerRole: 'org.admin' },
};

interface Change {
  readonly principal: string;
  readonly change: string;
  readonly permissions: readonly string[];
  readonly cause: { readonly type: string };
}

describe('a role scheme that a platform defines as data', () => {
  let api: TestApi;
  const clock = new TestClock();
  let token = '';
  const moments: string[] = [];
  const dryRun: Change[] = [];

  const send = async (sub: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const email = sub === 'op' ? { email: 'admin@localhost' } : {};
    const authorization = await api.bearer(sub, { realm: 'gate', ...email });
    const consistency = token === '' ? {} : { 'consistency-token': token };
    const answer = await api.http.send({ path, body, headers: { authorization, ...consistency, ...headers } });
    token = String(answer.headers['consistency-token'] ?? token);
    return { ...answer, json: JSON.parse(answer.text.startsWith('{') ? answer.text : '{}') };
  };
  const onRealm = (name: string, body: unknown, headers = {}) =>
    send('op', `/v1/realm/commands/${name}`, body, headers);
  const onGated = (sub: string, name: string, body: unknown, headers = {}) =>
    send(sub, `/v1/orgs/gated/commands/${name}`, body, headers);
  const may = async (sub: string, name: string, at?: string) => {
    const subject = { type: 'user', id: `${sub}@gate` };
    const question = { subject, action: { name }, resource: { type: 'org', id: 'gated' } };
    const asked = at === undefined ? question : { ...question, context: { at } };
    return (await send(sub, '/access/v1/evaluation', asked)).json.decision as boolean;
  };
  const now = async () => {
    // Another millisecond than the event's own.
    await new Promise((resolve) => setTimeout(resolve, 5));
    moments.push(new Date().toISOString());
    await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeAll(async () => {
    api = await startTestApi({
      clock,
      environment: { REALMS: 'default=enterprise,gate=gateway', READ_WAIT_MS: '20000' },
    });
    await onRealm('CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus@gate' });
    await onGated('gus', 'AddMember', { userId: 'mel@gate', role: 'org.member' });
    await now();
  }, 60_000);
  afterAll(() => api.stop());

  it('is refused while it is broken, with the path of each fault', async () => {
    const roles = sixth.roles.map((role) => (role.key === 'org.member' ? { ...role, inherits: ['org.admin'] } : role));
    const broken = await onRealm('DefineRoleScheme', { document: { ...sixth, roles } });
    expect([broken.status, broken.json.code, broken.json.faults]).toEqual([
      422,
      'scheme_broken',
      [{ path: 'roles.1.inherits', message: 'inherits in a circle: org.admin > org.member > org.admin' }],
    ]);
    const sources = { ...sixth.sources, everyone: ['org.member'] };
    const [admin, ...others] = sixth.roles;
    const unknown = { ...sixth, sources, roles: [{ ...admin, permissions: ['org:conquer'] }, ...others] };
    const invalid = await onRealm('DefineRoleScheme', { document: unknown });
    expect([invalid.status, invalid.json.errors]).toEqual([
      400,
      [{ path: 'document.roles.0.permissions.0', message: 'is no permission of the catalogue: org:conquer' }],
    ]);
    expect((await onGated('gus', 'ChangeOrgScheme', { schemeId: 'library', version: 1 })).status).toBe(403);
    const none = await onGated('op', 'ChangeOrgScheme', { schemeId: 'library', version: 1 });
    expect([none.status, none.json.code]).toEqual([422, 'scheme_unknown']);
  });

  it('is shown once it is defined, each version by itself, to its realm alone', async () => {
    const key = { 'idempotency-key': 'define' };
    const done = await onRealm('DefineRoleScheme', { document: sixth }, key);
    expect([done.status, done.json.events.map(({ type }: { type: string }) => type)]).toEqual([
      200,
      ['RoleSchemeDefined'],
    ]);
    expect((await onRealm('DefineRoleScheme', { document: sixth }, key)).json).toEqual(done.json);
    const again = await onRealm('DefineRoleScheme', { document: sixth }, { 'idempotency-key': 'again' });
    expect(again.json.events.map(({ type }: { type: string }) => type)).toEqual(['RealmCommandHadNoEffect']);
    expect((await onRealm('DefineRoleScheme', { document: sixth })).json.events).toEqual([]);
    for (const path of ['library', 'library?version=1', 'library/matrix', 'gateway'])
      expect([path, (await send('mel', `/v1/schemes/${path}`)).status]).toEqual([path, 200]);
    expect((await send('mel', '/v1/schemes/library')).json).toMatchObject({ id: 'library', version: 1 });
    const page = await send('mel', '/v1/schemes/library/matrix?version=1', undefined, { accept: 'text/markdown' });
    expect(page.text).toContain('# Who may do what: library, version 1');
    const authorization = await api.bearer('pat');
    const elsewhere = await api.http.send({ path: '/v1/schemes/library', headers: { authorization } });
    expect([elsewhere.status, (await send('mel', '/v1/schemes/library?version=2')).status]).toEqual([404, 404]);
  });

  it('is tried out first: who gains and loses what, and nothing is done', async () => {
    const asked = { schemeId: 'library', version: 1 };
    const { status, json } = await onGated('op', 'ChangeOrgScheme', asked, { 'dry-run': 'true' });
    dryRun.push(...(json.effects.changes as Change[]));
    const of = (principal: string, change: string) =>
      dryRun.find((each) => each.principal === principal && each.change === change)?.permissions ?? [];
    expect(status).toBe(200);
    expect(of('mel@gate', 'gained')).toEqual(['audit:read']);
    expect(of('gus@gate', 'lost')).toContain('routing:manage');
    expect(of('gus@gate', 'lost')).not.toContain('member:manage');
    expect([await may('mel', 'audit:read'), await may('gus', 'routing:manage')]).toEqual([false, true]);
  });

  it('decides what comes after the move in the same batch', async () => {
    const commands = [
      { command: 'ChangeOrgScheme', input: { schemeId: 'library', version: 1 } },
      { command: 'SetRouting', input: { document: {} } },
    ];
    const denied = await send('op', '/v1/orgs/gated/commands', { commands });
    expect([denied.status, denied.json.permission]).toEqual([403, 'routing:manage']);
    const other = await send(
      'op',
      '/v1/orgs/gated/commands',
      { commands: [...commands].reverse() },
      { 'dry-run': 'true' },
    );
    expect(other.status).toBe(200);
    expect((await send('mel', '/v1/orgs/gated')).json.scheme).toEqual({ id: 'gateway', version: 1 });
  });

  it('decides from then on: checks, commands, searches, and what its own commands need', async () => {
    const { json } = await onGated('op', 'ChangeOrgScheme', { schemeId: 'library', version: 1 });
    expect(json.events).toMatchObject([{ type: 'OrgSchemeChanged' }]);
    await now();
    expect([await may('mel', 'audit:read'), await may('gus', 'routing:manage')]).toEqual([true, false]);
    expect((await onGated('gus', 'SetRouting', { document: {} })).status).toBe(403);
    expect((await onGated('gus', 'AddMember', { userId: 'max@gate', role: 'org.member' })).status).toBe(200);
    const readers = await send('gus', '/access/v1/search/subject', {
      subject: { type: 'user' },
      action: { name: 'audit:read' },
      resource: { type: 'org', id: 'gated' },
    });
    expect(readers.json.results.map(({ id }: { id: string }) => id).sort()).toEqual([
      'gus@gate',
      'max@gate',
      'mel@gate',
    ]);
    expect((await send('mel', '/v1/orgs/gated')).json.scheme).toEqual({ id: 'library', version: 1 });
    const audit = (await send('mel', '/v1/orgs/gated/audit')).json.entries as { event: string; scheme: string }[];
    const schemes = audit.filter(({ event }) => ['OrgSchemeChanged', 'MemberAdded'].includes(event));
    expect(schemes.map(({ scheme }) => scheme)).toEqual(['library@1', 'gateway@1', 'gateway@1']);
  });

  it('leaves the past as it was, and a dry run has told what the history tells', async () => {
    const [before = '', after = ''] = moments;
    expect([await may('mel', 'audit:read', before), await may('mel', 'audit:read', after)]).toEqual([false, true]);
    const [from, to] = moments;
    const path = `/v1/orgs/gated/history/access-diff?${new URLSearchParams({ from: String(from), to: String(to) })}`;
    const diff = (await send('mel', path)).json;
    const told = (each: Change) => [each.principal, each.change, each.permissions, each.cause.type];
    expect(diff.changes.map(told)).toEqual(dryRun.map(told));
  });

  it('is proven by a bundle of evidence, under the scheme of each instant', async () => {
    const key = decodeKey((await api.http.send({ path: '/v1/ledger/key' })).text.trim());
    const { store, ledger } = api.services;
    const signer = Reflect.get(ledger, 'signer') as Parameters<typeof packEvidence>[2];
    const answers = [];
    for (const at of moments) {
      const question = { subject: 'mel@gate', action: 'audit:read', resource: 'gated', at };
      const { answer } = openEvidence(
        packEvidence(await gatherEvidence(store, ledger, question), new Map(), signer),
        key,
      );
      answers.push([answer.decision, answer.scheme]);
    }
    expect(answers).toEqual([
      [false, { id: 'gateway', version: 1 }],
      [true, { id: 'library', version: 1 }],
    ]);
  });

  it('is what organizations begin under once the realm has adopted it, also after a restart', async () => {
    const sources = { ...sixth.sources, idpGroup: null, emailAllowlist: null };
    const closed = { ...sixth, version: 2, sources };
    expect((await onRealm('DefineRoleScheme', { document: closed })).status).toBe(200);
    const locked = await onRealm('AdoptRoleScheme', { schemeId: 'library', version: 2 });
    expect([locked.status, locked.json.code]).toEqual([422, 'scheme_locks_out']);
    expect((await onRealm('AdoptRoleScheme', { schemeId: 'library', version: 1 })).status).toBe(200);
    await onRealm('CreateOrg', { orgId: 'second', name: 'Second', ownerId: 'gus@gate' });
    expect((await send('gus', '/v1/orgs/second')).json.scheme).toEqual({ id: 'library', version: 1 });
    const configured = { adminGroup: null, adminEmails: ['admin@localhost'], systemUserId: null };
    const begin = (id: string) =>
      api.services.observations.configuration({ realmId: 'gate', scheme: { id, version: 1 }, ...configured });
    await expect(begin('gateway')).resolves.toEqual(expect.any(String));
    await expect(begin('studio')).rejects.toThrow('the realm gate began with the scheme gateway, not studio');
    expect((await onRealm('AdoptRoleScheme', { schemeId: 'gateway', version: 1 })).status).toBe(200);
  });

  it('comes before what rests on it, also where the clock of another process is behind', async () => {
    clock.advance(60_000);
    expect((await onRealm('DefineRoleScheme', { document: { ...sixth, version: 3 } })).status).toBe(200);
    clock.advance(-60_000);
    expect((await onGated('op', 'ChangeOrgScheme', { schemeId: 'library', version: 3 })).status).toBe(200);
    const lastOf = async (stream: string) => {
      const events = [];
      for await (const page of api.services.store.read(stream, 0n)) events.push(...page);
      return { type: events.at(-1)?.type, at: String(events.at(-1)?.metadata.occurredAt) };
    };
    const [defined, moved] = [await lastOf('realm-gate'), await lastOf('org-gated')];
    expect([defined.type, moved.type]).toEqual(['RoleSchemeDefined', 'OrgSchemeChanged']);
    expect(moved.at >= defined.at).toBe(true);
  });
});
