import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

const DAY = 86_400_000;
const clock = new TestClock();
let api: TestApi;
let token = '';

const headers = async (sub: string) => ({
  authorization: await api.bearer(sub, {
    ttlSeconds: 40 * 86_400,
    ...(sub === 'root' ? { email: 'admin@localhost' } : {}),
  }),
  ...(token === '' ? {} : { 'consistency-token': token }),
});
async function post(sub: string, target: string, command: string, body: unknown) {
  const answer = await api.http.send({
    path: `/v1/${target}/commands/${command}`,
    headers: await headers(sub),
    body,
  });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') token = seen;
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
}
const get = async (sub: string, path: string) => {
  const answer = await api.http.send({ path: `/v1/orgs/acme${path}`, headers: await headers(sub) });
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
};

beforeAll(async () => {
  api = await startTestApi({ clock });
  const made = [
    await post('root', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' }),
    await post('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.admin' }),
    await post('alice', 'orgs/acme', 'AddMember', { userId: 'carol', role: 'org.participant' }),
  ];
  expect(made.map(({ status }) => status)).toEqual([200, 200, 200]);
}, 60_000);
afterAll(() => api?.stop());

it('an auditor reads the trail once a second person has confirmed it, and until the day that was set (X-04)', async () => {
  const auditor = { userId: 'carol', role: 'org.auditor' };
  const notAfter = new Date(clock.now() + 30 * DAY).toISOString();
  expect((await post('carol', 'orgs/acme', 'AssignRole', { ...auditor, notAfter })).status).toBe(403);
  expect((await post('alice', 'orgs/acme', 'AssignRole', { ...auditor, notAfter })).status).toBe(200);
  expect((await get('carol', '/audit')).body).toMatchObject({ status: 403, reason: 'not_confirmed' });
  expect((await post('alice', 'orgs/acme', 'ConfirmRole', auditor)).body).toMatchObject({
    status: 422,
    code: 'confirmation_by_another',
  });
  expect((await post('bob', 'orgs/acme', 'ConfirmRole', auditor)).status).toBe(200);
  expect((await get('carol', '/audit?limit=1')).body).toMatchObject({
    entries: [{ event: 'RoleAssignmentConfirmed', actor: 'bob' }],
  });
  expect((await get('alice', '/members')).body).toMatchObject({
    members: [
      { id: 'alice' },
      { id: 'bob' },
      { id: 'carol', role: 'org.participant', assignments: [{ role: 'org.auditor', notAfter, confirmed: true }] },
    ],
  });
  clock.advance(30 * DAY);
  expect((await get('carol', '/audit')).body).toMatchObject({ status: 403, reason: 'expired' });
  expect((await post('bob', 'orgs/acme', 'RevokeRole', auditor)).status).toBe(200);
  expect((await get('carol', '/audit')).body).toMatchObject({ status: 403, reason: 'role_lacks_permission' });
}, 60_000);
