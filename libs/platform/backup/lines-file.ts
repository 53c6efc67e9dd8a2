import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** What a file holds, byte by byte. */
export interface FileSum {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

const PAGE_LINES = 1000;

/** Writes lines, compressed, to a file that must not exist yet; only its owner may read it. On disk once answered. */
export async function writeLines(path: string, pages: AsyncIterable<readonly string[]>): Promise<FileSum> {
  async function* text() {
    for await (const lines of pages) if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
  await pipeline(
    Readable.from(text()),
    createGzip(),
    createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
  );
  return sumOf(path);
}

/** The lines of such a file in pages. Throws where it is cut off. */
export async function* readLines(path: string): AsyncIterable<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const file = createReadStream(path);
  const text = createGunzip();
  // Not `readline`: it also ends lines at U+2028, which JSON holds as it is.
  const piped = pipeline(file, text);
  // Whoever stops reading early need not hear of it.
  piped.catch(() => {});
  let rest = '';
  let page: string[] = [];
  for await (const chunk of text as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    page.push(...lines);
    if (page.length < PAGE_LINES) continue;
    yield page;
    page = [];
  }
  await piped;
  if (page.length > 0) yield page;
  if (rest !== '') throw new Error(`${path} ends within a line`);
}

/** Reads the file as it is on disk. */
export async function sumOf(path: string): Promise<FileSum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
