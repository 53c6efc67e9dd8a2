import { PageBuffer } from './buffer.js';
import { sha256 } from './sha256.js';

/** What the ledger uses of `node:crypto`, for browsers. */
interface PublicKey {
  export(): PageBuffer;
}

const RAW_KEY_BYTES = 32;

export const hash = (_: 'sha256', bytes: Uint8Array): PageBuffer => PageBuffer.from(sha256(bytes));

/** SHA-256, whatever is asked for: nothing else is. */
export function createHash() {
  const parts: Uint8Array[] = [];
  const hashing = {
    update(part: string | Uint8Array) {
      parts.push(typeof part === 'string' ? PageBuffer.from(part) : part);
      return hashing;
    },
    digest: () => hash('sha256', PageBuffer.concat(parts)),
  };
  return hashing;
}

export const createPublicKey = ({ key }: { readonly key: Uint8Array }): PublicKey => ({
  export: () => PageBuffer.from(key),
});

interface Claim {
  readonly text: Uint8Array;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

let claims: Claim[] = [];

/** Takes the signature for good until `areAllSigned` has looked: browsers verify while one waits, and this cannot. */
export function verify(_: null, text: Uint8Array, key: PublicKey, signature: Uint8Array): boolean {
  claims.push({ text, key: key.export().subarray(-RAW_KEY_BYTES), signature });
  return true;
}

/** Whether every signature that was taken for good since the last call fits. False, too, where there was none. */
export async function areAllSigned(): Promise<boolean> {
  const pending = claims;
  claims = [];
  const bytes = (part: Uint8Array) => Uint8Array.from(part);
  const fits = await Promise.all(
    pending.map(async ({ text, key, signature }) => {
      const imported = await crypto.subtle.importKey('raw', bytes(key), 'Ed25519', false, ['verify']);
      return crypto.subtle.verify('Ed25519', imported, bytes(signature), bytes(text));
    }),
  );
  return fits.length > 0 && fits.every(Boolean);
}

export function sign(): never {
  throw new Error('this page holds no private key');
}
