import { EvidenceRejected } from './rejected.js';

const BLOCK = 512;
const END = Buffer.alloc(2 * BLOCK);

/** A tar archive (POSIX ustar) of small flat files: the same bytes for the same files, on every machine. */
export function packTar(files: ReadonlyMap<string, Buffer>): Buffer {
  const blocks = [...files].flatMap(([name, bytes]) => [
    header(name, bytes.length),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...blocks, END]);
}

/** The files of an archive in their order. Throws EvidenceRejected for one that `packTar` would write in other bytes. */
export function unpackTar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + END.length < archive.length; ) {
    const head = archive.subarray(at, at + BLOCK);
    const name = head.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(head.toString('latin1', 124, 135), 8);
    if (!Number.isSafeInteger(size) || size < 0) break;
    files.set(name, archive.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (!packTar(files).equals(archive)) throw new EvidenceRejected('the archive is damaged, or of another kind');
  return files;
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  // No time: the same evidence is the same archive.
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
