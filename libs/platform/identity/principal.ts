import { createHmac, type KeyObject } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base 32 in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31);
}

/**
 * The opaque id of a person whom a provider knows by `subject`: the same for ever, and of no use for finding out the
 * subject without the key. 160 bits.
 */
export function derivedUserId(identityKey: KeyObject, issuer: string, subject: string): string {
  const digest = createHmac('sha256', identityKey).update(`${issuer}\u0000${subject}`).digest();
  return `u_${base32(digest.subarray(0, 20))}`;
}

/** Names a credential in the audit trail without being of use as one. */
export function fingerprint(indexKey: KeyObject, token: string): string {
  return `jwt:${createHmac('sha256', indexKey).update(token).digest('hex').slice(0, 16)}`;
}
