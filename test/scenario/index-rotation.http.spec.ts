import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rotateIndex } from '#libs/platform/keys.js';
import { startTestApi, type TestApi } from '../support/api.js';

const addressOf = (who: string) => `${who}@acme.test`;
const ADMIN = 'admin@localhost';

let api: TestApi;
let token = '';
beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'team=teams,gate=gateway' } });
}, 60_000);
afterAll(() => api?.stop());

async function send(sub: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await api.http.send({
    path: `/v1/${path}`,
    ...(body === undefined ? {} : { body }),
    headers: {
      authorization: await api.bearer(sub, {
        email: sub === 'root' ? ADMIN : addressOf(sub),
        realm: sub === 'root' ? 'gate' : 'team',
      }),
      ...(token === '' ? {} : { 'consistency-token': token }),
      ...headers,
    },
  });
  const seen = answer.headers['consistency-token'];
  if (typeof seen === 'string') token = seen;
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
}

const command = (sub: string, name: string, body: object, headers = {}) =>
  send(sub, `orgs/acme/commands/${name}`, body, headers);
const ownerId = 'olga@team';
const create = { orgId: 'acme', name: 'Acme', ownerId };
const keyed = (key: string) => ({ 'idempotency-key': `"${key}"` });
const invite = (...who: string[]) => ({ emails: who.map(addressOf), role: 'org.viewer' });

async function profilesOf(userId: string): Promise<number> {
  let profiles = 0;
  for await (const page of api.services.store.read(`user-${userId}`, 0n))
    profiles += page.filter(({ type }) => type === 'ProfileObserved').length;
  return profiles;
}

it('under another index key everything that was digested before is still found', async () => {
  expect((await send('olga', 'realm/commands/CreateOrg', create, keyed('create'))).status).toBe(200);
  const invited = await command('olga', 'InviteMembers', invite('ann', 'ben'), keyed('invite'));
  expect(invited.status).toBe(200);
  await command('olga', 'CreateServiceAccount', { accountId: 'robot', name: 'Robot', role: 'org.checker' });
  const issued = await command('olga', 'IssueServiceAccountKey', { accountId: 'robot', keyId: 'first' });
  const { key } = issued.body.result as { key: string };
  const index = api.services.personalData.index('email', addressOf('ann'));

  await rotateIndex(api.keyDir);
  api = await api.restart();
  expect(api.services.personalData.index('email', addressOf('ann'))).not.toBe(index);

  // A repeat is known by what it held, and another payload is refused.
  expect(await command('olga', 'InviteMembers', invite('ann', 'ben'), keyed('invite'))).toEqual(invited);
  expect(await command('olga', 'InviteMembers', invite('ann', 'zoe'), keyed('invite'))).toMatchObject({ status: 422 });
  // Whoever was invited is not invited twice, and finds and accepts the invitation.
  const again = await command('olga', 'InviteMembers', invite('ann', 'cat'), keyed('more'));
  expect(again.body.events).toMatchObject([{ type: 'InvitationCreated' }]);
  const found = (await send('ann', 'me/invitations')).body.invitations as { id: string }[];
  expect(found).toHaveLength(1);
  const [{ id: invitationId } = { id: '' }] = found;
  expect((await command('cat', 'AcceptInvitation', { invitationId })).status).not.toBe(200);
  expect((await command('ann', 'AcceptInvitation', { invitationId })).status).toBe(200);
  // A key that was issued before is still one.
  const machine = await api.http.send({ path: '/v1/me', headers: { authorization: `Bearer ${key}` } });
  expect([machine.status, machine.text]).toEqual([200, expect.stringContaining('robot')]);
  // Nobody's profile changed, everybody is who they were, and the list of platform administrators counts.
  expect(await profilesOf(ownerId)).toBe(1);
  expect((await command('olga', 'CreateEnvironment', { environmentId: 'w', name: 'W' })).status).toBe(200);
  expect(
    (await send('root', 'realm/commands/CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gil@gate' })).status,
  ).toBe(200);
});
