import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { startPostgres } from '#libs/platform/embedded-postgres/embedded-postgres.js';
import { type Authority, authority } from './certificates.js';
import { OidcProvider } from './oidc-provider.js';
import { freshRedis } from './redis.js';
import { type TlsProxy, tlsProxy } from './tls-proxy.js';

export const USER = 'tenantry_tls';
/** With everything that a URL must encode. */
export const PASSWORD = 'hunter2:"x"/@%&?#';

export type StoreVariable = 'EVENTSTORE_URL' | 'POSTGRES_URL' | 'REDIS_URL';

/** What is different from what works, of one variable. */
export interface Wrong {
  readonly variable?: StoreVariable;
  readonly ca?: string;
  readonly password?: string;
  readonly port?: number;
}

export interface TlsStores {
  /** Signs everything here; no system knows it. */
  readonly ca: Authority;
  readonly proxies: Readonly<Record<StoreVariable, TlsProxy>>;
  readonly provider: OidcProvider;
  /** The stores' variables. */
  environment(wrong?: Wrong): Record<StoreVariable, string>;
  stop(): Promise<void>;
}

/** An event store, a Postgres, a Redis and an identity provider that are reached by TLS only, and with a password. */
export async function startTlsStores(folder: string): Promise<TlsStores> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const ca = await authority(folder, 'ca');
    const certificate = ca.issue(['localhost', '127.0.0.1']);
    const proxied = async (options: Omit<Parameters<typeof tlsProxy>[0], 'certificate'>) => {
      const proxy = await tlsProxy({ certificate, ...options });
      stops.push(() => proxy.close());
      return proxy;
    };
    const [node, postgres, redis, provider] = await Promise.all([
      startNode({}).then((started) => (stops.push(() => started.stop()), started)),
      passwordedPostgres(folder, stops),
      passwordedRedis(stops),
      new OidcProvider().start().then((started) => (stops.push(() => started.stop()), started)),
    ]);
    const loopback = (port: number | string) => ({ host: '127.0.0.1', port: Number(port) });
    const proxies = {
      EVENTSTORE_URL: await proxied({ to: loopback(node.port), protocols: ['h2'] }),
      POSTGRES_URL: await proxied({ to: { path: postgres }, asked: true }),
      REDIS_URL: await proxied({ to: loopback(redis.port) }),
    };
    const issuing = await proxied({ to: loopback(new URL(provider.issuer).port) });
    provider.issuer = `https://127.0.0.1:${issuing.port}`;
    const environment = (wrong: Wrong = {}) => {
      const of = (variable: StoreVariable) => {
        const {
          ca: file = ca.file,
          password = PASSWORD,
          port = proxies[variable].port,
        } = wrong.variable === variable ? wrong : {};
        return { at: `${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}`, file };
      };
      const [events, rows, cache] = [of('EVENTSTORE_URL'), of('POSTGRES_URL'), of('REDIS_URL')];
      return {
        EVENTSTORE_URL: `esdb://${events.at}?tls=true&tlsCaFile=${events.file}`,
        POSTGRES_URL: `postgres://${rows.at}/tenantry?sslmode=verify-full&sslrootcert=${rows.file}`,
        REDIS_URL: `rediss://${cache.at}/${redis.db}?tlsCaFile=${cache.file}`,
      };
    };
    return { ca, proxies, provider, environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Answers the path of its socket, on which the user needs the password. */
async function passwordedPostgres(folder: string, stops: (() => Promise<unknown>)[]): Promise<string> {
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
  stops.push(() => server.stop());
  const admin = new Client(server.url);
  await admin.connect();
  try {
    await admin.query(`create role ${USER} login superuser password '${PASSWORD}'`);
    const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
    const file = join(folder, 'postgres', 'cluster', rows[0]?.hba_file.split('/').at(-1) ?? '');
    await writeFile(file, `local all ${USER} scram-sha-256\n${await readFile(file, 'utf8')}`);
    await admin.query('select pg_reload_conf()');
  } finally {
    await admin.end();
  }
  return `${new URL(server.url).searchParams.get('host')}/.s.PGSQL.5432`;
}

async function passwordedRedis(stops: (() => Promise<unknown>)[]): Promise<{ port: string; db: string }> {
  const fresh = await freshRedis();
  stops.push(() => fresh.drop());
  const url = new URL(fresh.url);
  const admin = new Redis(fresh.url);
  await admin.call('ACL', 'SETUSER', USER, 'reset', 'on', `>${PASSWORD}`, '~*', '+@all');
  stops.push(async () => {
    await admin.call('ACL', 'DELUSER', USER);
    admin.disconnect();
  });
  return { port: url.port, db: url.pathname.slice(1) };
}
