import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { freshDatabase } from './postgres.js';
import { freshRedis } from './redis.js';

describe('the servers for the tests', () => {
  it('give databases that do not see each other, and copies of a prepared one', async () => {
    const prepared = await freshDatabase();
    const empty = await freshDatabase();
    await query(prepared.url, 'CREATE TABLE notes (body text)');
    const copy = await freshDatabase(new URL(prepared.url).pathname.slice(1));
    const count = "SELECT count(*)::int AS tables FROM pg_tables WHERE tablename = 'notes'";
    expect(await query(empty.url, count)).toEqual([{ tables: 0 }]);
    expect(await query(copy.url, count)).toEqual([{ tables: 1 }]);
    await Promise.all([prepared, empty, copy].map((database) => database.drop()));
    await expect(query(empty.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('give Redis databases that do not see each other', async () => {
    const [one, two] = await Promise.all([freshRedis(), freshRedis()]);
    const clients = [new Redis(one.url), new Redis(two.url)] as const;
    await clients[0].set('key', 'of one');
    expect(await clients[1].get('key')).toBeNull();
    await one.drop();
    expect(await clients[0].get('key')).toBeNull();
    await two.drop();
    for (const client of clients) client.disconnect();
  });

  it('give a folder for temporary files that goes with them, open to every user', async () => {
    expect(tmpdir()).toMatch(/\/tenantry-test-\w+\/tmp$/);
    expect((await stat(tmpdir())).mode & 0o7777).toBe(0o1777);
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}
