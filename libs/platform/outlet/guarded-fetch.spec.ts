import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AddressGuard } from './address-guard.js';
import { guardedFetch } from './guarded-fetch.js';

let server: Server;
let port = 0;
let asked = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked++;
    if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end();
    else if (request.url === '/huge') response.end(Buffer.alloc((1 << 20) + 1));
    else response.end(`${request.headers.accept}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address !== null && typeof address === 'object') port = address.port;
});
afterAll(() => {
  server.close();
});

const get = (hosts: readonly string[], host: string, path = '/keys') =>
  guardedFetch(new AddressGuard(hosts))(`http://${host}:${port}${path}`, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(30_000),
  });

it.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '2130706433', '169.254.169.254'])(
  'asks nothing of %s, which is not of the open internet, unless it is listed',
  async (host) => {
    await expect(get([], host)).rejects.toMatchObject({ code: 'address_refused' });
    expect(asked).toBe(0);
  },
);

it('asks a host that the operator has listed, follows nothing, and reads no more than it must', async () => {
  const answer = await get(['127.0.0.1'], '127.0.0.1');
  expect([answer.status, await answer.text()]).toEqual([200, 'application/json']);
  expect((await get(['127.0.0.1'], '127.0.0.1', '/moved')).status).toBe(502);
  await expect(get(['127.0.0.1'], '127.0.0.1', '/huge')).rejects.toThrow('more than 1048576 bytes');
});
