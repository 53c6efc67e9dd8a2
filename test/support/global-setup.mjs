import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

let servers;

/**
 * One real Postgres and one real Redis for the whole run. They belong to a process of their own, which ends them when told
 * to and also when Jest is gone, killed or not; detached, so that Ctrl-C reaches Jest alone and the order stays right.
 */
export default async function startServers() {
  const path = (name) => fileURLToPath(new URL(name, import.meta.url));
  const loader = new URL('./run-ts.mjs', import.meta.url).href;
  servers = spawn(process.execPath, ['--conditions=source', '--import', loader, path('./servers.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const exit = once(servers, 'exit').then(([code, signal]) => {
    throw new Error(`The servers for the tests did not start (${signal ?? `exit ${code}`}); the reason is above.`);
  });
  // Later the exit is an ordinary one.
  exit.catch(() => {});
  const [{ postgresUrl, postgresTemplate, redisUrl, temporary }] = await Promise.race([once(servers, 'message'), exit]);
  process.env.TEST_POSTGRES_URL = postgresUrl;
  process.env.TEST_POSTGRES_TEMPLATE = postgresTemplate;
  process.env.TEST_REDIS_URL = redisUrl;
  process.env.TMPDIR = temporary;
  servers.unref();
  servers.channel.unref();
}

export async function stopServers() {
  if (servers === undefined || servers.exitCode !== null || servers.signalCode !== null) return;
  const exit = once(servers, 'exit');
  servers.ref();
  if (servers.connected) servers.disconnect();
  await exit;
}
