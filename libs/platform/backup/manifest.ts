import type { Keys } from '../keys.js';
import { createHmac, type KeyObject } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../keys-files.js';
import { type FileSum, sumOf } from './lines-file.js';

export const MANIFEST = 'manifest.json';
const FORMAT = 'tenantry-backup/1';

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const fingerprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Stored format: a change is another format's number. */
const manifest = z.strictObject({
  format: z.literal(FORMAT),
  createdAt: z.iso.datetime(),
  log: z.strictObject({
    events: count,
    streams: count,
    sha256: digest,
    /** The newest event: what came after it is not in the backup. */
    last: z.strictObject({ id: z.string(), stream: z.string(), revision: z.string(), position: z.string() }).nullable(),
  }),
  durable: z.strictObject({
    migrations: z.array(z.strictObject({ number: count, name: z.string() })),
    rows: z.record(z.string(), count),
  }),
  /** Tell which keys open the backup, not what they are. */
  keys: z.strictObject({ master: fingerprint, index: fingerprint }),
  files: z.array(z.strictObject({ name: z.string().regex(/^[a-z_.]+$/), bytes: count, sha256: digest })),
});
export type Manifest = z.output<typeof manifest>;

/** A backup is incomplete, damaged, or of another format; the message names the file. */
export class BackupUnusable extends Error {
  override readonly name = 'BackupUnusable';
}

/** Written last, so that a folder without one is no backup. */
export async function writeManifest(folder: string, content: Omit<Manifest, 'format'>): Promise<void> {
  const path = join(folder, MANIFEST);
  const file = await open(`${path}.part`, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest.parse({ format: FORMAT, ...content }), null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  await syncFolder(folder);
}

/** The manifest, after every file that it names was found as it was written. Throws BackupUnusable. */
export async function verifiedManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BackupUnusable(`there is no ${path}: this is no backup, or one that was not finished`, { cause });
  });
  const content = parsed(path, text);
  for (const { name, bytes, sha256 } of content.files) {
    const file = join(folder, name);
    const found: FileSum | undefined = await sumOf(file).catch(() => undefined);
    if (found === undefined) throw new BackupUnusable(`the file ${file} is missing or cannot be read`);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw new BackupUnusable(`the file ${file} is not the one that was written: it was damaged or changed`);
  }
  return content;
}

function parsed(path: string, text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BackupUnusable(`the file ${path} is damaged`, { cause });
  }
  const format: unknown = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (format !== FORMAT)
    throw new BackupUnusable(`the file ${path} has the format ${String(format)}; this build reads ${FORMAT}`);
  const result = manifest.safeParse(json);
  if (!result.success) throw new BackupUnusable(`the file ${path} is damaged: ${z.prettifyError(result.error)}`);
  return result.data;
}

export const fingerprintsOf = (keys: { readonly master: KeyObject; readonly index: KeyObject }): Manifest['keys'] => ({
  master: fingerprintOf(keys.master),
  index: fingerprintOf(keys.index),
});

/** Whether what the fingerprints are of opens with the keys, which may have been rotated since. */
export function opens(
  { master, formerMasters, index, formerIndexes }: Pick<Keys, 'master' | 'formerMasters' | 'index' | 'formerIndexes'>,
  wanted: Manifest['keys'],
): boolean {
  const among = (keys: readonly KeyObject[], fingerprint: string) =>
    keys.some((key) => fingerprintOf(key) === fingerprint);
  return among([master, ...formerMasters], wanted.master) && among([index, ...formerIndexes], wanted.index);
}

const fingerprintOf = (key: KeyObject) => createHmac('sha256', key).update('tenantry/backup/1').digest('base64url');
