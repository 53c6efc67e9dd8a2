import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Clock } from '#libs/application/ports/clock.js';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';
import { wholeLog } from '../support/whole-log.js';

/** Ahead of the system's by what a test says. */
class MovedClock extends Clock {
  ahead = 0;
  override now(): number {
    return Date.now() + this.ahead;
  }
}

const DAY = 86_400_000;

describe('invitations, in a realm of teams', () => {
  const clock = new MovedClock();
  let api: TestApi;
  let token = '';

  const headersOf = async (sub: string, email: string | null, more: Record<string, string>) => ({
    authorization: await api.bearer(sub, { realm: 'team', ...(email === null ? {} : { email }) }),
    ...(token === '' ? {} : { 'consistency-token': token }),
    ...more,
  });
  const post = async (sub: string, path: string, body: unknown, more: Record<string, string> = {}) => {
    const headers = await headersOf(sub, `${sub}@acme.test`, more);
    const answer = await api.http.send({ path: `/v1/${path}`, headers, body });
    const { 'consistency-token': seen } = answer.headers;
    if (answer.status === 200 && typeof seen === 'string') token = seen;
    return answer;
  };
  const done = async (sub: string, command: string, body: unknown, more: Record<string, string> = {}) => {
    const target = command === 'CreateOrg' ? 'realm' : 'orgs/acme';
    const answer = await post(sub, `${target}/commands/${command}`, body, more);
    expect([command, answer.status, answer.text]).toEqual([command, 200, expect.anything()]);
    return read(answer) as { events: { id: string; type: string; data?: unknown }[] };
  };
  const get = async (sub: string, path: string, email: string | null = `${sub}@acme.test`) =>
    read(await api.http.send({ path: `/v1/${path}`, headers: await headersOf(sub, email, {}) })) as Record<
      string,
      never
    >;
  const read = ({ text }: HttpAnswer): unknown => JSON.parse(text);
  const invitationOf = async (sub: string): Promise<{ id: string }> => {
    const { invitations } = (await get(sub, 'me/invitations')) as unknown as { invitations: { id: string }[] };
    const [first] = invitations;
    if (first === undefined) throw new Error(`nobody invited ${sub}`);
    return first;
  };

  beforeAll(async () => {
    api = await startTestApi({ clock, environment: { REALMS: 'team=teams' } });
    await done('olga', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga@team' });
    await done('olga', 'CreateEnvironment', { environmentId: 'main', name: 'Main' });
    await done('olga', 'ChangeSubscription', { plan: 'starter' });
  }, 60_000);
  afterAll(() => api?.stop());

  it('lead in who shows the very address, with the role and the workspaces that they name (C9)', async () => {
    const body = {
      emails: ['Ann@ACME.test', 'ben@acme.test'],
      role: 'org.viewer',
      environments: [{ environmentId: 'main', role: 'workspace.developer' }],
    };
    const dry = await done('olga', 'InviteMembers', body, { 'dry-run': 'true' });
    expect(dry.events).toHaveLength(2);
    const keyed = { 'idempotency-key': 'the-first-two' };
    const invited = await done('olga', 'InviteMembers', body, keyed);
    expect(invited.events.map(({ type }) => type)).toEqual(['InvitationCreated', 'InvitationCreated']);
    expect(await done('olga', 'InviteMembers', body, keyed)).toEqual(invited);

    expect(await get('olga', 'orgs/acme/invitations')).toMatchObject({
      invitations: expect.arrayContaining([
        expect.objectContaining({
          email: 'Ann@ACME.test',
          status: 'pending',
          role: 'org.viewer',
          invitedBy: 'olga@team',
        }),
      ]),
    });
    const { id } = await invitationOf('ann');
    expect(await get('ann', 'me/invitations')).toMatchObject({
      invitations: [{ id, organization: { id: 'acme', name: 'Acme' }, role: 'org.viewer' }],
    });
    await done('ann', 'AcceptInvitation', { invitationId: id });
    expect((await done('ann', 'AcceptInvitation', { invitationId: id })).events).toEqual([]);
    expect(await get('ann', 'me/invitations')).toEqual({ invitations: [] });
    expect(await get('ann', 'me')).toMatchObject({
      organizations: [{ id: 'acme', role: 'org.viewer' }, { role: 'org.owner' }],
    });
    expect(await get('ann', 'orgs/acme/environments')).toMatchObject({ environments: [{ id: 'main' }] });
    expect(await get('olga', 'orgs/acme/environments/main/access')).toMatchObject({
      grants: [{ grantee: { type: 'user', id: 'ann@team' }, role: 'workspace.developer', grantedBy: 'ann@team' }],
    });
  });

  it('are for nobody else: not with another address, with none, or known by their id', async () => {
    const { id } = await invitationOf('ben');
    const missing = await post('eve', 'orgs/nowhere/commands/AcceptInvitation', { invitationId: id });
    const same = ({ status, text }: HttpAnswer) => [status, text.replaceAll(/"(instance|correlationId)":"[^"]*"/g, '')];
    for (const command of ['AcceptInvitation', 'DeclineInvitation'])
      expect(same(await post('eve', `orgs/acme/commands/${command}`, { invitationId: id }))).toEqual(same(missing));
    expect(await get('eve', 'me/invitations')).toEqual({ invitations: [] });
    expect(await get('ben', 'me/invitations', null)).toEqual({ invitations: [] });
    const unverified = await api.http.send({
      path: '/v1/orgs/acme/commands/AcceptInvitation',
      headers: await headersOf('ben', null, {}),
      body: { invitationId: id },
    });
    expect(unverified.status).toBe(404);
    expect(
      (await post('ann', 'orgs/acme/commands/InviteMembers', { emails: ['x@y.test'], role: 'org.viewer' })).status,
    ).toBe(403);
  });

  it('take a place of the plan while they wait, and give it back (C18, C19)', async () => {
    await done('olga', 'InviteMembers', { emails: ['c@acme.test', 'd@acme.test'], role: 'org.viewer' });
    const full = await post('olga', 'orgs/acme/commands/InviteMembers', {
      emails: ['e@acme.test'],
      role: 'org.viewer',
    });
    expect(read(full)).toMatchObject({ status: 409, code: 'limit_exceeded', limited: 'members', limit: 5, usage: 5 });
    await done('c', 'DeclineInvitation', { invitationId: (await invitationOf('c')).id });
    await done('olga', 'CancelInvitation', { invitationId: (await invitationOf('d')).id });
    await done('olga', 'InviteMembers', { emails: ['e@acme.test'], role: 'org.viewer' });
  });

  it('are over after their time, and begin anew when they are sent again', async () => {
    const { id } = await invitationOf('ben');
    clock.ahead = 8 * DAY;
    expect(await get('ben', 'me/invitations')).toEqual({ invitations: [] });
    expect(await get('olga', 'orgs/acme/invitations')).toMatchObject({
      invitations: expect.arrayContaining([expect.objectContaining({ id, status: 'expired' })]),
    });
    expect((await post('ben', 'orgs/acme/commands/AcceptInvitation', { invitationId: id })).status).toBe(404);
    await done('olga', 'ResendInvitation', { invitationId: id });
    await done('ben', 'AcceptInvitation', { invitationId: id });
  });

  it('leave no address in the log or in the audit trail', async () => {
    for (const { data, metadata } of await wholeLog(api.eventStoreUrl))
      expect(JSON.stringify([data, metadata]).toLowerCase()).not.toMatch(/@acme\.test/);
    const { rows } = await sql<{ data: unknown }>`select data::text from read_v1.audit_entries`.execute(
      api.services.reads,
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(JSON.stringify(rows).toLowerCase()).not.toMatch(/@acme\.test/);
  });
});
