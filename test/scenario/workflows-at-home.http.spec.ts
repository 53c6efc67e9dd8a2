import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { sql } from 'kysely';
import { until } from '../fault/projector-support.js';
import { readingOwnWrites } from '../support/own-reads.js';

let api: TestApi;

const { done, send: ask } = readingOwnWrites(() => api);
const send = async (who: string, path: string, body?: unknown, realm = 'default') =>
  done(await api.bearer(who, { realm, ...(who === 'root' ? { groups: ['operators'] } : {}) }), path, body);
const command = (who: string, name: string, body: object) => send(who, `/v1/orgs/acme/commands/${name}`, body);
const realmCommand = (name: string, body: object, realm?: string) =>
  send('root', `/v1/realm/commands/${name}`, body, realm);

const draft = { type: 'workflow', id: 'acme/draft' };
const use = { name: 'environment:use' };
const home = (owner: string) => ({ type: 'environment', id: `personal/${owner}` });
const question = (owner: string, at?: string | object) => ({
  subject: draft,
  action: use,
  resource: home(owner),
  ...(at === undefined ? {} : { context: { at } }),
});
/** As a gateway asks, which checks for the whole platform. */
const evaluate = (owner: string, at?: string | object) =>
  send('gate', '/access/v1/evaluation?explain=true', question(owner, at));
/** As three searches tell it: who may use pat's, what the workflow may use, and what it may do in pat's. */
const searched = async (at?: string) => {
  const context = at === undefined ? {} : { context: { at } };
  const ask = async (kind: string, body: object) => {
    const { results } = await send('gate', `/access/v1/search/${kind}`, { ...body, ...context });
    return results.map(({ id, name }: { id?: string; name?: string }) => id ?? name);
  };
  return {
    subjects: await ask('subject', { subject: { type: 'workflow' }, action: use, resource: home('pat') }),
    resources: await ask('resource', { subject: draft, action: use, resource: { type: 'environment' } }),
    actions: await ask('action', { subject: draft, resource: home('pat') }),
  };
};
const atHome = {
  subjects: ['acme/draft'],
  resources: ['personal/pat'],
  actions: ['environment:see', 'environment:use', 'workflow:move'],
};

beforeAll(async () => {
  const REALMS = 'default=enterprise,other=enterprise';
  api = await startTestApi({ environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators', READ_WAIT_MS: '20000' } });
  await realmCommand('CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await realmCommand('AssignPlatformRole', { userId: 'gate', role: 'platform.checker' });
  await realmCommand('AssignPlatformRole', { userId: 'watch@other', role: 'platform.checker' }, 'other');
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  await command('olga', 'CreateEnvironment', { environmentId: 'live', name: 'Live' });
  await command('olga', 'GrantEnvironmentAccess', { environmentId: 'live', grantee: { type: 'user', id: 'pat' } });
}, 60_000);
afterAll(() => api?.stop());

it('a workflow has the access of the personal environment that it is in, until it is promoted (T42, T46)', async () => {
  expect(await searched()).toEqual({ subjects: [], resources: [], actions: [] });
  const { events } = await command('pat', 'RegisterWorkflow', { workflowId: 'draft', name: 'Draft' });
  const allowed = await evaluate('pat');
  expect(allowed).toMatchObject({
    decision: true,
    context: {
      role: 'environment.user',
      evidence: [expect.any(String), events[0].id],
      examined: [{ source: 'workflow', outcome: 'supports' }],
    },
  });
  expect(await evaluate('olga')).toMatchObject({ decision: false, context: { reason: 'not_owner' } });
  expect(await searched()).toEqual(atHome);

  await command('pat', 'MoveWorkflow', { workflowId: 'draft', environmentId: 'live' });
  expect(await evaluate('pat')).toMatchObject({ decision: false, context: { reason: 'not_owner' } });
  expect(await searched()).toEqual({ subjects: [], resources: ['acme/live'], actions: [] });

  const { at, revision } = allowed.context;
  expect(await evaluate('pat', at)).toMatchObject({ decision: true, context: { revision } });
  expect(await evaluate('pat', { revision })).toMatchObject({ decision: true, context: { revision } });
  expect(await searched(at)).toEqual(atHome);
  await command('pat', 'MoveWorkflow', { workflowId: 'draft' });
  expect(await searched()).toEqual(atHome);
});

it('as long as its owner and their organization are active', async () => {
  const refused = async (reason: string) => {
    expect(await evaluate('pat')).toMatchObject({ decision: false, context: { reason } });
    expect(await searched()).toEqual({ subjects: [], resources: [], actions: [] });
  };
  await command('olga', 'SuspendMember', { userId: 'pat' });
  await refused('member_suspended');
  await command('olga', 'ResumeMember', { userId: 'pat' });
  await command('root', 'SuspendOrg', {});
  await refused('org_suspended');
  await command('root', 'ResumeOrg', {});
  expect(await searched()).toEqual(atHome);
  await command('olga', 'RemoveMember', { userId: 'pat' });
  await refused('not_owner');
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  expect(await searched()).toEqual(atHome);
});

it('tells nobody of it but who checks for the platform that it is of', async () => {
  const asked = (who: string, realm?: string) =>
    send(who, '/access/v1/evaluation?explain=true', question('pat'), realm);
  for (const who of ['olga', 'pat', 'stranger'])
    expect(await asked(who)).toMatchObject({ decision: false, context: { reason: 'unknown_subject' } });
  for (const at of [undefined, new Date().toISOString()]) {
    const abroad = await send('watch', '/access/v1/evaluation?explain=true', question('pat', at), 'other');
    expect(abroad).toMatchObject({ decision: false, context: { reason: 'not_owner', examined: [] } });
    expect(abroad.context).not.toHaveProperty('revision');
  }
  // As if the organization were not there at all: no revision of it has come.
  const authorization = await api.bearer('watch', { realm: 'other' });
  const first = { path: '/access/v1/evaluation', headers: { authorization }, body: question('pat', { revision: '0' }) };
  const nowhere = { ...first, body: { ...first.body, subject: { ...draft, id: 'nowhere/draft' } } };
  const answers = [await api.http.send(first), await api.http.send(nowhere)];
  expect(answers.map(({ status }) => status)).toEqual([400, 400]);
  const search = { subject: { type: 'workflow' }, action: use, resource: home('pat') };
  expect((await send('watch', '/access/v1/search/subject', search, 'other')).results).toEqual([]);
});

it('and ends with the organization', async () => {
  expect(await searched()).toEqual(atHome);
  await command('root', 'DeleteOrg', {});
  expect(await evaluate('pat')).toMatchObject({ decision: false, context: { reason: 'not_owner' } });
  expect(await searched()).toEqual({ subjects: [], resources: [], actions: [] });
});

it('is told neither way while its organization stands still', async () => {
  await realmCommand('CreateOrg', { orgId: 'beta', name: 'Beta', ownerId: 'quin' });
  await send('quin', '/v1/orgs/beta/commands/RegisterWorkflow', { workflowId: 'draft', name: 'Draft' });
  const gate = await api.bearer('gate', {});
  const subject = { type: 'workflow', id: 'beta/draft' };
  const questions = [
    ['evaluation', { subject, action: use, resource: home('quin') }],
    ['search/subject', { subject: { type: 'workflow' }, action: use, resource: home('quin') }],
    ['search/resource', { subject, action: use, resource: { type: 'environment' } }],
  ] as const;
  const answers = async () => {
    const all = await Promise.all(
      questions.map(([path, body]) =>
        api.http.send({ path: `/access/v1/${path}`, headers: { authorization: gate }, body }),
      ),
    );
    return all.map(({ status }) => status);
  };
  await send('quin', '/v1/me');
  expect(await answers()).toEqual([200, 200, 200]);
  const { rows } = await sql<{ schema: string }>`select nspname as schema from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace where relname = 'audit_entries' and relkind = 'r'`.execute(
    api.services.reads,
  );
  await sql
    .raw(`alter table ${rows[0]?.schema}.audit_entries add check (org_id <> 'beta') not valid`)
    .execute(api.services.reads);
  const quin = await api.bearer('quin', {});
  const added = await ask(quin, '/v1/orgs/beta/commands/AddMember', { userId: 'rob', role: 'org.participant' });
  expect(added.status).toBe(200);
  await until(async () => (await answers())[0] === 503);
  expect(await answers()).toEqual([503, 503, 503]);
});
