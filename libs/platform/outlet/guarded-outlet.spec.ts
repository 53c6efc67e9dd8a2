import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Witness } from '../../../test/support/witness.js';
import { AddressGuard } from './address-guard.js';
import { GuardedOutlet } from './guarded-outlet.js';

let server: Witness;
beforeAll(async () => {
  server = await new Witness().open();
});
afterAll(() => server.close());

const soon = () => AbortSignal.timeout(30_000);
const post = (hosts: readonly string[], url: string, signal = soon()) =>
  new GuardedOutlet(new AddressGuard(hosts)).post(url, 'text', { 'content-type': 'text/plain' }, signal);
const at = (host: string) => server.url.replace('127.0.0.1', host);

it('sends to a host that the operator has listed', async () => {
  await post(['127.0.0.1'], server.url);
  await post(['LocalHost'], at('localhost'));
  expect(server.deliveries.splice(0).map(({ text, type }) => [text, type])).toEqual([
    ['text', 'text/plain'],
    ['text', 'text/plain'],
  ]);
});

it.each([
  '127.0.0.1',
  'localhost',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '2130706433',
  '0x7f.1',
  '0.0.0.0',
  '169.254.169.254',
])('sends nothing to %s, which is not of the open internet, unless it is listed', async (host) => {
  await expect(post([], at(host))).rejects.toMatchObject({ code: 'address_refused' });
  await expect(post(['witness.test'], at(host))).rejects.toMatchObject({ code: 'address_refused' });
  expect(server.deliveries).toEqual([]);
});

it('tells in a word what went wrong', async () => {
  await expect(post([], 'https://no-such-name.invalid/')).rejects.toMatchObject({ code: 'unreachable' });
  server.answer = (response) => void response.writeHead(500).end();
  await expect(post(['127.0.0.1'], server.url)).rejects.toMatchObject({ code: 'status_500' });
  // It never answers.
  server.answer = () => undefined;
  await expect(post(['127.0.0.1'], server.url, AbortSignal.timeout(200))).rejects.toMatchObject({ code: 'timeout' });
});
