import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';

interface Cast {
  readonly realm: string;
  /** The role of the creator, and of a member whom nobody minds. */
  readonly owner: string;
  readonly plain: string;
  readonly kind: string;
  readonly byPlatform: boolean;
}

const casts: readonly Cast[] = [
  { realm: 'enterprise', owner: 'org.owner', plain: 'org.participant', kind: 'environment', byPlatform: true },
  { realm: 'teams', owner: 'org.owner', plain: 'org.developer', kind: 'workspace', byPlatform: false },
  { realm: 'studio', owner: 'org.admin', plain: 'org.member', kind: 'workspace', byPlatform: false },
  { realm: 'projects', owner: 'org.owner', plain: 'org.member', kind: 'project', byPlatform: false },
  { realm: 'gateway', owner: 'org.admin', plain: 'org.member', kind: 'project', byPlatform: true },
];

let api: TestApi;
beforeAll(async () => {
  const REALMS = casts.map(({ realm }) => `${realm}=${realm}`).join(',');
  api = await startTestApi({ environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators' } });
}, 120_000);
afterAll(() => api?.stop());

describe.each(casts)('under $realm', ({ realm, owner, plain, kind, byPlatform }) => {
  const org = `${realm}-acme`;
  const id = (name: string) => `${name}@${realm}`;
  let token = '';
  const sessions = new Map<string, string>();

  const bearerOf = async (name: string) => {
    const own = await api.bearer(name, { realm, groups: name === 'pia' ? ['operators'] : [] });
    // Nobody who is suspended enters; who is inside stays.
    const session = sessions.get(name) ?? (token === '' ? own : await api.enter(own, org, token));
    if (session !== own) sessions.set(name, session);
    return session;
  };
  const as = async (name: string, more: Record<string, string> = {}) => ({
    authorization: await bearerOf(name),
    ...(token === '' ? {} : { 'consistency-token': token }),
    ...more,
  });
  const post = async (name: string, command: string, body: unknown = {}, more: Record<string, string> = {}) => {
    const target = command === 'CreateOrg' ? 'realm' : `orgs/${org}`;
    const headers = await as(name, more);
    return api.http.send({ path: `/v1/${target}/commands/${command}`, headers, body });
  };
  const done = async (name: string, command: string, body: unknown = {}, more: Record<string, string> = {}) => {
    const answer = await post(name, command, body, more);
    expect([command, answer.status, answer.text]).toEqual([command, 200, expect.anything()]);
    // A dry run has none.
    const { 'consistency-token': seen } = answer.headers;
    if (typeof seen === 'string') token = seen;
    return read(answer) as { events: { type: string }[]; revision: string };
  };
  const get = async (name: string, path: string) =>
    api.http.send({ path: `/v1/orgs/${org}${path}`, headers: await as(name) });
  const ask = async (name: string, action: string, at?: string) => {
    const answer = await api.http.send({
      path: '/access/v1/evaluation?explain=true',
      headers: await as(name),
      body: {
        subject: { type: 'user', id: id(name) },
        action: { name: action },
        resource: action.startsWith('org:')
          ? { type: 'org', id: org }
          : { type: kind, id: `${org}/${action.endsWith('see') ? 'main' : 'none'}` },
        ...(at === undefined ? {} : { context: { at } }),
      },
    });
    return (read(answer) as { context: { reason: string } }).context.reason;
  };

  beforeAll(async () => {
    await done(byPlatform ? 'pia' : 'olga', 'CreateOrg', { orgId: org, name: 'Acme', ownerId: id('olga') });
    const adminBy = realm === 'gateway' ? 'pia' : 'olga';
    await done(adminBy, 'AddMember', { userId: id('adam'), role: 'org.admin' });
    await done('olga', 'AddMember', { userId: id('pat'), role: plain });
    await done('olga', 'CreateEnvironment', { environmentId: 'main', name: 'Main', kind });
  });

  it('a suspended member may do nothing there, is told so of everything, and gets all of it back', async () => {
    const before = new Date().toISOString();
    expect((await post('pat', 'SuspendMember', { userId: id('olga') })).status).toBe(403);
    const dry = await done('olga', 'SuspendMember', { userId: id('pat') }, { 'dry-run': 'true' });
    expect(dry.events).toMatchObject([{ type: 'MemberSuspended', data: { userId: id('pat') } }]);
    expect(await ask('pat', 'org:view')).toBe('allowed');
    const keyed = { 'idempotency-key': 'suspend-pat' };
    const first = await done('olga', 'SuspendMember', { userId: id('pat') }, keyed);
    expect(await done('olga', 'SuspendMember', { userId: id('pat') }, keyed)).toEqual(first);
    expect((await done('olga', 'SuspendMember', { userId: id('pat') })).events).toEqual([]);

    for (const action of ['org:view', 'environment:see', 'environment:use'])
      expect([action, await ask('pat', action)]).toEqual([action, 'member_suspended']);
    for (const path of ['', '/environments', '/environments/main', '/environments/none'])
      expect([path, read(await get('pat', path))]).toEqual([
        path,
        expect.objectContaining({ status: 403, reason: 'member_suspended' }),
      ]);
    for (const command of ['LeaveOrg', 'UpdateOrg'])
      expect(read(await post('pat', command, command === 'UpdateOrg' ? { name: 'Mine' } : {}))).toMatchObject({
        status: 403,
        reason: 'member_suspended',
      });
    expect(await ask('pat', 'org:view', before)).toBe('allowed');
    expect(read(await get('olga', '/members'))).toMatchObject({
      members: expect.arrayContaining([expect.objectContaining({ id: id('pat'), suspendedAt: expect.any(String) })]),
    });

    const suspendedAt = new Date().toISOString();
    await done('olga', 'ResumeMember', { userId: id('pat') });
    expect(await ask('pat', 'org:view')).toBe('allowed');
    expect(await ask('pat', 'org:view', suspendedAt)).toBe('member_suspended');
  });

  it('in a suspended organization only the platform acts, and nobody of the organization can end it', async () => {
    for (const command of ['SuspendOrg', 'ResumeOrg']) {
      expect(read(await post('olga', command))).toMatchObject({ status: 403, permission: 'org:suspend' });
      expect((await post('zoe', command)).status).toBe(404);
    }
    const before = new Date().toISOString();
    const dry = await done('pia', 'SuspendOrg', {}, { 'dry-run': 'true' });
    expect(dry.events).toMatchObject([{ type: 'OrgSuspended', data: {} }]);
    const keyed = { 'idempotency-key': 'suspend' };
    const first = await done('pia', 'SuspendOrg', {}, keyed);
    expect(await done('pia', 'SuspendOrg', {}, keyed)).toEqual(first);
    expect((await done('pia', 'SuspendOrg')).events).toEqual([]);

    for (const name of ['olga', 'adam', 'pat'])
      for (const action of ['org:view', 'environment:see', 'environment:use'])
        expect([name, action, await ask(name, action)]).toEqual([name, action, 'org_suspended']);
    for (const path of ['', '/members', '/audit', '/environments'])
      expect(read(await get('olga', path))).toMatchObject({ status: 403, reason: 'org_suspended' });
    for (const [command, body] of [
      ['ResumeOrg', {}],
      ['LeaveOrg', {}],
      ['AddMember', { userId: id('newcomer'), role: plain }],
      ['CreateEnvironment', { environmentId: 'next', name: 'Next', kind }],
      ['DeleteEnvironment', { environmentId: 'main' }],
    ] as const)
      expect(read(await post('olga', command, body))).toMatchObject({ status: 403, reason: 'org_suspended' });
    expect((await post('zoe', 'LeaveOrg')).status).toBe(404);
    expect(await ask('pat', 'org:view', before)).toBe('allowed');
    expect(read(await get('pia', ''))).toMatchObject({ suspendedAt: expect.any(String) });

    const suspendedAt = new Date().toISOString();
    await done('pia', 'ResumeOrg');
    expect(await ask('pat', 'org:view')).toBe('allowed');
    expect(await ask('pat', 'org:view', suspendedAt)).toBe('org_suspended');
    expect(read(await get('pia', ''))).not.toHaveProperty('suspendedAt');
  });

  it('whoever leaves takes everything along; the last one in charge cannot', async () => {
    const dry = await done('pat', 'LeaveOrg', {}, { 'dry-run': 'true' });
    expect(dry.events).toMatchObject([{ type: 'MemberRemoved', data: { userId: id('pat'), role: plain } }]);
    const keyed = { 'idempotency-key': 'leave' };
    const first = await done('pat', 'LeaveOrg', {}, keyed);
    expect(first.events).toMatchObject([{ type: 'MemberRemoved' }]);
    // A session ends with the membership; the person's own token is left.
    sessions.delete('pat');
    expect(await done('pat', 'LeaveOrg', {}, keyed)).toEqual(first);
    expect((await post('pat', 'LeaveOrg')).status).toBe(404);
    expect((await get('pat', '')).status).toBe(404);
    if (owner !== 'org.owner') return;
    expect(read(await post('olga', 'LeaveOrg'))).toMatchObject({ status: 409, code: 'role_holders_short' });
    const suspending = read(await post('olga', 'SuspendMember', { userId: id('olga') })) as { status: number };
    expect([403, 409]).toContain(suspending.status);
  });
});

const read = ({ text }: HttpAnswer): unknown => JSON.parse(text);
