import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { child } from './child.mjs';

/**
 * One process of `apps/` as its users run it, without a log line for every request. Its data and keys lie in the folder;
 * processes over the same folder believe each other's tokens.
 */
export async function startApp(name, { folder, cleanUp, env = {} }) {
  const port = await freePort();
  const started = child(new URL(`../../dist/apps/${name}/main.js`, import.meta.url), {
    env: {
      DATA_DIR: join(folder, 'data'),
      KEY_DIR: join(folder, 'keys'),
      LOG_LEVEL: 'warn',
      ...env,
      PORT: String(port),
    },
    stdout: 'pipe',
    cleanUp,
  });
  await ready(started);
  return { url: `http://127.0.0.1:${port}`, ask: asking(port), pid: started.process.pid };
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

/** Sends one request on connections that stay open; anything but the expected status is an error. */
function asking(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  return (method, path, token, { body, headers = {}, expected = 200 } = {}) =>
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
            if (response.statusCode !== expected)
              reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
            else resolve({ headers: response.headers, body: JSON.parse(answer) });
          });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
}

/**
 * What a process holds resident, in megabytes, pages of files included: now, and the most since it started. Undefined
 * where the system does not tell.
 */
export async function resident(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return status === '' ? undefined : { now: of('VmRSS'), most: of('VmHWM') };
}
