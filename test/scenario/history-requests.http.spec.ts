import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi } from '../support/api.js';
import { type Diff, HistoryStory, iso, MINUTE, type State } from './history-story.js';

describe('a question about history', () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.tell();
  }, 60_000);
  afterAll(() => story?.api.stop());

  it('refuses the future, and what cannot be', async () => {
    const problem = (path: string, message: string) =>
      expect.objectContaining({ status: 400, code: 'invalid', errors: [{ path, message }] });
    const later = iso(story.clock.time + 1);
    for (const at of [later, '6', `5@${later}`])
      expect((await story.get(`state?at=${at}`)).body).toEqual(problem('at', 'lies in the future'));
    expect((await story.get(`access-diff?from=${later}`)).body).toEqual(problem('from', 'lies in the future'));
    expect((await story.get('access-diff?to=6')).body).toEqual(problem('to', 'lies in the future'));
    expect((await story.get('access-diff?from=4&to=3')).body).toEqual(problem('to', 'must not be before from'));
    const young = 'names an instant before its revision was appended';
    expect((await story.get(`state?at=5@${iso(story.begin)}`)).body).toEqual(problem('at', young));
    for (const at of ['yesterday', '-1', '3@', '@3', '3@4', '1e3'])
      expect((await story.get<{ code: string }>(`state?at=${encodeURIComponent(at)}`)).body.code).toBe('invalid');
    const timeline = 'access-timeline?subject=pat&action=environment:use';
    for (const resource of ['other', 'other/prod', 'personal/pat', 'acme/prod/x', 'acme/PROD'])
      expect((await story.get(`${timeline}&resource=${resource}`)).status).toBe(400);
    expect((await story.get('access-timeline?subject=pat&action=no:such')).status).toBe(400);
  });

  it('is read page by page, each of the moment of the first, and only by the cursor that was given for it', async () => {
    await story.command('olga', 'orgs/acme', 'AddMember', { userId: 'quinn', role: 'org.participant' }, 'quinn');
    story.clock.time += MINUTE;
    const { body: first } = await story.get<State>('state?limit=1');
    expect(first.principals.map(({ id }) => id)).toEqual(['olga']);
    await story.command('olga', 'orgs/acme', 'AddMember', { userId: 'rosa', role: 'org.participant' }, 'rosa');
    const { body: second } = await story.get<State>(`state?limit=5&cursor=${first.next}`);
    expect([second.moment, second.principals.map(({ id }) => id), second.next]).toEqual([
      first.moment,
      ['quinn'],
      undefined,
    ]);
    for (const path of [`state?at=3&cursor=${first.next}`, `access-diff?cursor=${first.next}`])
      expect((await story.get(path)).status).toBe(400);
    expect((await story.get(`state?cursor=${first.next}`, 'otto', 'other')).status).toBe(400);

    const { body: page } = await story.get<Diff>('access-diff?from=4&limit=1');
    expect(new Set(page.changes.map(({ principal }) => principal))).toEqual(new Set(['admin']));
    await story.command('olga', 'orgs/acme', 'RemoveMember', { userId: 'rosa' }, 'gone');
    const { body: rest } = await story.get<Diff>(`access-diff?from=4&cursor=${page.next}`);
    expect([...new Set(rest.changes.map(({ principal }) => principal))]).toEqual(['pat', 'quinn', 'rosa']);
  });

  it('is for those who may read the audit trail', async () => {
    const paths = ['state', 'access-diff', 'access-timeline?subject=olga&action=org:view'];
    for (const path of paths) {
      expect((await story.get<{ permission: string }>(path, 'quinn')).body).toMatchObject({
        status: 403,
        permission: 'audit:read',
      });
      expect((await story.get(path, 'otto')).status).toBe(404);
      expect((await story.get(path, 'admin')).status).toBe(403);
    }
  });
});

it("nobody of another realm is listed, though the same claim makes them that one's admin", async () => {
  const api = await startTestApi({ environment: { REALMS: 'default=gateway,second=gateway' } });
  try {
    const operator = (realm: string) => api.bearer('operator', { realm, email: 'admin@localhost' });
    let token = '';
    for (const [realm, orgId] of [
      ['second', 'two'],
      ['default', 'one'],
    ] as const) {
      const ownerId = realm === 'default' ? 'olga' : `olga@${realm}`;
      const headers = { authorization: await operator(realm) };
      const body = { orgId, name: orgId, ownerId };
      const answer = await api.http.send({ path: '/v1/realm/commands/CreateOrg', headers, body });
      expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
      token = String(answer.headers['consistency-token']);
    }
    for (const [realm, orgId, ids] of [
      ['default', 'one', ['olga', 'operator']],
      ['second', 'two', ['olga@second', 'operator@second']],
    ] as const) {
      const headers = { authorization: await operator(realm), 'consistency-token': token };
      const state = await api.http.send({ path: `/v1/orgs/${orgId}/history/state`, headers });
      expect((JSON.parse(state.text) as State).principals.map(({ id }) => id)).toEqual(ids);
      const diff = await api.http.send({ path: `/v1/orgs/${orgId}/history/access-diff`, headers });
      const changed = (JSON.parse(diff.text) as Diff).changes.map(({ principal }) => principal);
      expect([...new Set(changed)]).toEqual(ids);
    }
  } finally {
    await api.stop();
  }
}, 60_000);
