import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export interface FreshDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A new database on the run's Postgres: empty, or a copy of `template` (which nobody may be connected to). */
export async function freshDatabase(template = 'template0'): Promise<FreshDatabase> {
  const server = serverUrl();
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${quoted(template)}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** As a deployment that has started and not read an event yet leaves its database: with all its tables. */
export async function startedDatabase(): Promise<FreshDatabase> {
  const template = process.env.TEST_POSTGRES_TEMPLATE;
  if (template === undefined) throw new Error('TEST_POSTGRES_TEMPLATE is not set: run the tests by Jest');
  await once(template);
  return freshDatabase(template);
}

/** The first spec of a run that needs the tables makes them; to copy them costs a tenth of that. */
async function once(template: string): Promise<void> {
  const client = new Client(serverUrl());
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [template]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) await makeTables(template);
  } finally {
    await client.end();
  }
}

async function makeTables(template: string): Promise<void> {
  const { openDatabase } = await import('#libs/readstore/database.js');
  const { migrate } = await import('#libs/readstore/migrations.js');
  const { ensureReadSchema } = await import('#libs/readstore/read-schema.js');
  const { allProjections } = await import('#projections/all.js');
  const made = await freshDatabase();
  const db = openDatabase(made.url, { poolSize: 1 });
  await migrate(db);
  await ensureReadSchema(db, allProjections);
  await db.destroy();
  // Nobody sees it by this name before it is complete.
  await administer(serverUrl(), `ALTER DATABASE ${nameIn(made.url)} RENAME TO ${quoted(template)}`);
}

const nameIn = (url: string): string => new URL(url).pathname.slice(1);

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (url === undefined)
    throw new Error('TEST_POSTGRES_URL is not set: run the tests by Jest, whose global setup sets it');
  return url;
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
