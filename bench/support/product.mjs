import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { signDevToken } from '../../dist/libs/platform/identity/dev-issuer.js';
import { loadKeys } from '../../dist/libs/platform/keys.js';
import { child } from './child.mjs';

/** What `npm start` runs, on an empty folder and in a process of its own, without a log line for every request. */
export async function startProduct(folder, cleanUp) {
  const port = await freePort();
  const keyDir = join(folder, 'keys');
  const started = child(new URL('../../dist/apps/standalone/main.js', import.meta.url), {
    env: { DATA_DIR: join(folder, 'data'), KEY_DIR: keyDir, PORT: String(port), LOG_LEVEL: 'warn' },
    stdout: 'pipe',
    cleanUp,
  });
  await ready(started);
  const keys = await loadKeys(keyDir);
  const url = `http://127.0.0.1:${port}`;
  const tokenOf = (sub, claims = {}) => signDevToken(keys, { sub, ...claims, ttlSeconds: 3600 });
  return { url, tokenOf, ask: asking(port), pid: started.process.pid };
}

async function ready({ process: started, ended }) {
  const lines = createInterface({ input: started.stdout });
  const said = new Promise((resolve) => lines.on('line', (line) => line.includes('"ready"') && resolve(true)));
  if ((await Promise.race([said, ended])) !== true) throw new Error('the product ended before it was ready');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends one request on connections that stay open; anything but 200 is an error. */
function asking(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  return (method, path, token, { body, headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const content =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const sent = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          method,
          path,
          headers: { ...content, ...headers, authorization: `Bearer ${token}` },
        },
        (response) => {
          const parts = [];
          response.on('data', (part) => parts.push(part));
          response.on('end', () => {
            const answer = Buffer.concat(parts).toString();
            if (response.statusCode !== 200) reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
            else resolve({ headers: response.headers, body: JSON.parse(answer) });
          });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
}

/** Organizations with an owner each, who also gets a token. */
export async function createOrganizations({ ask, tokenOf }, count) {
  const admin = await tokenOf('admin', { email: 'admin@localhost' });
  const created = [];
  for (let i = 0; i < count; i++) {
    const [orgId, ownerId] = [`org-${i}`, `owner-${i}`];
    await ask('POST', '/v1/realm/commands/CreateOrg', admin, { body: { orgId, name: orgId, ownerId } });
    created.push({ orgId, ownerId, token: await tokenOf(ownerId) });
  }
  return created;
}
