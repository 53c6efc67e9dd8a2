import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

const DAY_MS = 86_400_000;
const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
let api: TestApi;
let token = '';

async function send(path: string, body?: unknown, accept = 'application/json', who = 'olga'): Promise<string> {
  const authorization = await api.bearer(who, who === 'root' ? { email: 'admin@localhost' } : {});
  const headers = { authorization, accept, ...(token === '' ? {} : { 'consistency-token': token }) };
  const answer = await api.http.send({ path, headers, body });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') token = seen;
  expect([path, answer.status, answer.text]).toEqual([path, 200, expect.anything()]);
  return answer.text;
}
const command = async (name: string, body: object) => JSON.parse(await send(`/v1/orgs/acme/commands/${name}`, body));
const review = async (query = '') => JSON.parse(await send(`/v1/orgs/acme/reports/access-review${query}`));

beforeAll(async () => {
  api = await startTestApi({ clock, environment: { READ_WAIT_MS: '20000' } });
  await send('/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' }, undefined, 'root');
  await command('CreateServiceAccount', { accountId: 'ci', name: 'CI', role: 'org.checker' });
}, 60_000);
afterAll(() => api?.stop());

it('a review of access tells the age, the last rotation and the end of every key (C31, X-07)', async () => {
  const notAfter = new Date(clock.now() + 90 * DAY_MS).toISOString();
  const issued = await command('IssueServiceAccountKey', { accountId: 'ci', keyId: 'first', notAfter });
  const own = await command('CreateApiKey', { keyId: 'laptop' });
  const credential = { apiKey: 'sk-abcdefghijklmnop' };
  const added = await command('AddProviderKey', { keyId: 'main', provider: 'openai', name: 'Main', credential });
  clock.ahead += 3 * DAY_MS;
  const until = new Date(clock.now() + DAY_MS).toISOString();
  const rotation = { accountId: 'ci', keyId: 'first', newKeyId: 'second', until };
  const rotated = await command('RotateServiceAccountKey', rotation);
  const renewed = await command('RotateProviderKey', { keyId: 'main', credential: { apiKey: 'sk-zyxwvutsrqponmlk' } });
  const idOf = ({ events }: { events: readonly { id: string }[] }) => ({ id: events[0]?.id });
  const second = { kind: 'service_account_key', id: 'second', owner: 'service:acme/ci', rotated: idOf(rotated) };
  const laptop = { kind: 'api_key', id: 'laptop', owner: 'olga', since: idOf(own), rotated: null, notAfter: null };
  const main = { kind: 'provider_key', id: 'main', owner: 'openai', since: idOf(added), rotated: idOf(renewed) };
  expect((await review()).keys).toMatchObject([
    { ...laptop, ageDays: 3 },
    { ...main, ageDays: 3 },
    { ...second, id: 'first', since: idOf(issued), ageDays: 3, rotated: null, notAfter: until },
    { ...second, since: idOf(rotated), ageDays: 0 },
  ]);

  const before = (await review()).at;
  clock.ahead += 2 * DAY_MS;
  await command('RevokeApiKey', { keyId: 'laptop' });
  // The rotated key is over by now, and the other one is gone.
  expect((await review()).keys).toMatchObject([
    { ...main, ageDays: 5 },
    { ...second, ageDays: 2 },
  ]);
  const then = await review(`?at=${before.revision}@${before.at}`);
  expect(then.keys.map(({ id }: { id: string }) => id)).toEqual(['laptop', 'main', 'first', 'second']);
  const csv = await send('/v1/orgs/acme/reports/access-review', undefined, 'text/csv');
  expect(csv).toContain('service:acme/ci');
  expect(await send('/v1/orgs/acme/reports/access-review', undefined, 'text/html')).toContain('service account key');
});
