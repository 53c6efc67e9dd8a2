import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a running server's stores are reached by other processes of the same user. */
export interface StoreUrls {
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
}

const fileIn = (dataDir: string) => join(dataDir, 'runtime.json');

/** Writes them down for `tenantry` commands beside this server. Returns how to take the note away. URLs may hold passwords: only the owner reads the file. */
export async function noteStores(
  dataDir: string,
  { eventStoreUrl, postgresUrl }: StoreUrls,
): Promise<() => Promise<void>> {
  const file = fileIn(dataDir);
  const whole = `${file}.${randomUUID()}`;
  await writeFile(whole, JSON.stringify({ pid: process.pid, eventStoreUrl, postgresUrl }), { mode: 0o600 });
  await rename(whole, file);
  return () => rm(file, { force: true });
}

/** What the server with this process id has noted; undefined where it has not yet, or the note is a killed predecessor's. */
export async function storesOf(dataDir: string, pid: unknown): Promise<StoreUrls | undefined> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const note: unknown = JSON.parse(text);
  if (typeof note !== 'object' || note === null || !('pid' in note) || note.pid !== pid) return undefined;
  if (!('eventStoreUrl' in note && 'postgresUrl' in note)) return undefined;
  const { eventStoreUrl, postgresUrl } = note;
  if (typeof eventStoreUrl !== 'string' || typeof postgresUrl !== 'string') return undefined;
  return { eventStoreUrl, postgresUrl };
}
