import { z } from 'zod';

/** What may stand in a key after its type: the number of parts, and the least length of the last one. Bytes. */
const types: Readonly<Record<string, { readonly parts: number; readonly last: number }>> = {
  'ssh-ed25519': { parts: 1, last: 32 },
  'ecdsa-sha2-nistp256': { parts: 2, last: 65 },
  'ecdsa-sha2-nistp384': { parts: 2, last: 97 },
  'ecdsa-sha2-nistp521': { parts: 2, last: 133 },
  // 2048 bits: shorter ones are accepted by no present server.
  'ssh-rsa': { parts: 2, last: 256 },
};

/**
 * A public key as OpenSSH writes it (RFC 4253, section 6.6), without a comment: that is somebody's name as a rule, and would
 * stand in the log for good.
 */
export const sshPublicKey = z
  .string()
  .max(2000)
  .refine(isPublicKey, 'must be an OpenSSH public key like "ssh-ed25519 AAAA…", without a comment');

function isPublicKey(text: string): boolean {
  const [type = '', encoded = '', ...rest] = text.split(' ');
  const wanted = Object.hasOwn(types, type) ? types[type] : undefined;
  if (wanted === undefined || rest.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return false;
  const parts = partsOf(encoded);
  const [named, ...others] = parts ?? [];
  return named === type && others.length === wanted.parts && (others.at(-1)?.length ?? 0) >= wanted.last;
}

/** The length-prefixed strings that a key is made of, one character for each byte; undefined where they do not fill it. */
function partsOf(encoded: string): string[] | undefined {
  if (encoded.length % 4 !== 0) return undefined;
  const bytes = atob(encoded);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = [0, 1, 2, 3].reduce((sum, i) => sum * 256 + bytes.charCodeAt(at + i), 0);
    if (!(at + 4 + length <= bytes.length)) return undefined;
    parts.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
