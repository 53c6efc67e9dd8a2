import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { readingOwnWrites } from '../support/own-reads.js';

let api: TestApi;

const { done } = readingOwnWrites(() => api);
const send = async (who: string, path: string, body?: unknown) =>
  done(await api.bearer(who, who === 'root' ? { email: 'admin@localhost' } : {}), path, body);
const command = (who: string, name: string, body: object) => send(who, `/v1/orgs/acme/commands/${name}`, body);

const nightly = { type: 'workflow', id: 'acme/nightly' };
const use = { name: 'environment:use' };
const environment = (id: string) => ({ type: 'environment', id: `acme/${id}` });
const evaluate = (id: string, at?: string) =>
  send('olga', '/access/v1/evaluation?explain=true', {
    subject: nightly,
    action: use,
    resource: environment(id),
    ...(at === undefined ? {} : { context: { at } }),
  });
/** Where the workflow may act. */
const places = async (at?: string) => {
  const answers = [await evaluate('live', at), await evaluate('test', at)];
  return ['live', 'test'].filter((_, i) => answers[i].decision);
};

let registered: { events: readonly { id: string }[] };

beforeAll(async () => {
  api = await startTestApi({ environment: { READ_WAIT_MS: '20000' } });
  await send('root', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  for (const environmentId of ['live', 'test']) {
    await command('olga', 'CreateEnvironment', { environmentId, name: environmentId });
    await command('olga', 'GrantEnvironmentAccess', { environmentId, grantee: { type: 'user', id: 'pat' } });
  }
  const workflow = { workflowId: 'nightly', environmentId: 'test', name: 'Nightly' };
  registered = await command('pat', 'RegisterWorkflow', workflow);
}, 60_000);
afterAll(() => api?.stop());

it("a workflow has exactly its environment's access, and the event that linked it is the evidence (T46)", async () => {
  expect(await evaluate('test')).toMatchObject({
    decision: true,
    context: {
      role: 'environment.user',
      evidence: [registered.events[0]?.id],
      examined: [{ source: 'workflow', outcome: 'supports' }],
    },
  });
  expect(await evaluate('live')).toMatchObject({ decision: false, context: { reason: 'role_lacks_permission' } });
  const actions = await send('olga', '/access/v1/search/action', { subject: nightly, resource: environment('test') });
  expect(actions.results).toEqual([
    { name: 'environment:see' },
    { name: 'environment:use' },
    { name: 'workflow:move' },
  ]);
  const onOrg = { subject: nightly, resource: { type: 'org', id: 'acme' } };
  expect((await send('olga', '/access/v1/search/action', onOrg)).results).toEqual([]);
});

it('a move takes it from one environment to the other, at every instant it is in exactly one (T36, T42, P9)', async () => {
  const before = (await evaluate('test')).context.at;
  expect(await places()).toEqual(['test']);
  await command('pat', 'MoveWorkflow', { workflowId: 'nightly', environmentId: 'live' });
  expect(await places()).toEqual(['live']);
  expect(await places(before)).toEqual(['test']);
  const timeline = async (id: string) => {
    const filter = `subject=workflow:acme/nightly&action=environment:use&resource=acme/${id}`;
    const { intervals } = await send('olga', `/v1/orgs/acme/history/access-timeline?${filter}`);
    return intervals.filter(({ decision }: { decision: boolean }) => decision);
  };
  const [[inTest], [inLive]] = [await timeline('test'), await timeline('live')];
  expect([inTest.cause.type, inLive.cause.type]).toEqual(['WorkflowRegistered', 'WorkflowMoved']);
  expect([inTest.until, inLive.until]).toEqual([inLive.from, null]);
});

it('is found by searches, and finds its one environment', async () => {
  const subjects = { subject: { type: 'workflow' }, action: use, resource: environment('live') };
  expect((await send('olga', '/access/v1/search/subject', subjects)).results).toEqual([nightly]);
  const elsewhere = { ...subjects, resource: environment('test') };
  expect((await send('olga', '/access/v1/search/subject', elsewhere)).results).toEqual([]);
  const resources = { subject: nightly, action: use, resource: { type: 'environment' } };
  expect((await send('olga', '/access/v1/search/resource', resources)).results).toEqual([environment('live')]);
});

it("stays the organization's when who registered it leaves, and ends with its removal or its environment (P3)", async () => {
  await command('olga', 'RemoveMember', { userId: 'pat' });
  expect(await places()).toEqual(['live']);
  await command('olga', 'RegisterWorkflow', { workflowId: 'other', environmentId: 'live', name: 'Other' });
  await command('olga', 'RemoveWorkflow', { workflowId: 'other' });
  const subjects = { subject: { type: 'workflow' }, action: use, resource: environment('live') };
  expect((await send('olga', '/access/v1/search/subject', subjects)).results).toEqual([nightly]);
  await command('olga', 'DeleteEnvironment', { environmentId: 'live' });
  expect(await places()).toEqual([]);
});

it('in a personal environment it holds nothing in the organization, and is its owner’s alone, also after they left (T40, T42)', async () => {
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  const grant = { environmentId: 'test', grantee: { type: 'user', id: 'pat' } };
  await command('olga', 'GrantEnvironmentAccess', grant);
  await command('pat', 'RegisterWorkflow', { workflowId: 'draft', name: 'Draft' });
  const held = async () => {
    const subjects = { subject: { type: 'workflow' }, action: use, resource: environment('test') };
    const { principals } = await send('olga', '/v1/orgs/acme/history/state');
    return [
      (await send('olga', '/access/v1/search/subject', subjects)).results.map(({ id }: { id: string }) => id),
      principals.map(({ id }: { id: string }) => id).filter((id: string) => id.endsWith('/draft')),
    ];
  };
  const listed = async (who: string) => {
    const { workflows } = await send(who, '/v1/orgs/acme/workflows');
    return workflows.map(({ id }: { id: string }) => id);
  };
  expect(await held()).toEqual([[], []]);
  expect([await listed('pat'), await listed('olga')]).toEqual([['draft', 'nightly'], ['nightly']]);
  await command('pat', 'MoveWorkflow', { workflowId: 'draft', environmentId: 'test' });
  expect(await held()).toEqual([['acme/draft'], ['workflow:acme/draft']]);
  expect(await listed('olga')).toEqual(['draft', 'nightly']);
  await command('pat', 'MoveWorkflow', { workflowId: 'draft' });
  expect(await held()).toEqual([[], []]);

  await command('olga', 'RemoveMember', { userId: 'pat' });
  expect(await listed('olga')).toEqual(['nightly']);
  await command('olga', 'AddMember', { userId: 'pat', role: 'org.participant' });
  expect(await listed('pat')).toEqual(['draft', 'nightly']);
});
