import { mkdtemp } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { startPostgres } from '../../libs/platform/embedded-postgres/embedded-postgres.js';
import { startTestApi } from './api.js';
const pg = await startPostgres({ dataDir: await mkdtemp('/tmp/perf/pg'), durable: false });
process.env.TEST_POSTGRES_URL = pg.url;
const api = await startTestApi({ logger: pino({ level: 'info' }, { write: () => {} }) });
try {
  const run = promisify(execFile);
  const root = await api.bearer('root', { email: 'admin@localhost' });
  const alice = await api.bearer('alice');
  await api.http.send({ path: '/v1/realm/commands/CreateOrg', headers: { authorization: root }, body: { orgId: 'acme', name: 'Acme', ownerId: 'alice' } });
  await api.http.send({ path: '/v1/orgs/acme/commands/CreateEnvironment', headers: { authorization: alice }, body: { environmentId: 'prod', name: 'Acme' } });
  const body = JSON.stringify({ subject: { type: 'user', id: 'alice' }, action: { name: 'environment:use' }, resource: { type: 'environment', id: 'acme/prod' } });
  const post = (path: string, auth = '') => `POST ${path} HTTP/1.1\r\nHost: a\r\n${auth}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const evaln = post('/access/v1/evaluation', `Authorization: ${alice}\r\n`);
  const empty = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  const load = async (n: string, t: string) => console.log((await run('node', ['/tmp/load.mjs', String(api.port), '3', n, Buffer.from(t).toString('base64')])).stdout.trim());
  const actions = `GET /v1/orgs HTTP/1.1\r\nHost: a\r\nAuthorization: ${alice}\r\n\r\n`;
  const cpu = async (n: string, t: string) => { const c = process.cpuUsage(); const { stdout } = await run('node', ['/tmp/load.mjs', String(api.port), '3', n, Buffer.from(t).toString('base64')]); const u = process.cpuUsage(c); console.log(stdout.trim(), 'cpu s', ((u.user + u.system) / 1e6).toFixed(2), 'user', (u.user/1e6).toFixed(2)); };
  for (const _ of [1, 2, 3]) { await cpu('GET healthz', empty); await cpu('POST empty', post('/zz/empty')); await cpu('evaluation', evaln); }
} finally { await api.stop(); await pg.stop(); }
