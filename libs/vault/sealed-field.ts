import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Stored in place of a personal value. Stored format: a change is another `v`. */
export const sealedField = z.strictObject({
  v: z.literal(1),
  kid: z.uuid(),
  alg: z.literal('A256GCM'),
  nonce: z.base64url().length(16),
  ct: z.base64url(),
  tag: z.base64url().length(22),
});
export type SealedField = z.output<typeof sealedField>;

/** Where a value stands: bound into the ciphertext, so that it opens nowhere else. */
export interface Place {
  readonly stream: string;
  readonly eventId: string;
  readonly at: readonly string[];
}

export interface SealingKey {
  readonly kid: string;
  readonly key: KeyObject;
}

const cipher = 'aes-256-gcm';
const options = { authTagLength: 16 } as const;

// JSON as the encoding: no two places have the same text, whatever characters their parts hold.
const boundTo = ({ stream, eventId, at }: Place, kid: string) =>
  Buffer.from(JSON.stringify(['tenantry/personal/1', stream, eventId, at, kid]));

export function sealField({ kid, key }: SealingKey, place: Place, value: unknown): SealedField {
  const nonce = randomBytes(12);
  const encryption = createCipheriv(cipher, key, nonce, options).setAAD(boundTo(place, kid));
  const ct = Buffer.concat([encryption.update(JSON.stringify(value), 'utf8'), encryption.final()]);
  const tag = encryption.getAuthTag();
  return {
    v: 1,
    kid,
    alg: 'A256GCM',
    nonce: nonce.toString('base64url'),
    ct: ct.toString('base64url'),
    tag: tag.toString('base64url'),
  };
}

/** Throws when the field was changed or stood elsewhere. */
export function openField(key: KeyObject, place: Place, { kid, nonce, ct, tag }: SealedField): unknown {
  const decryption = createDecipheriv(cipher, key, Buffer.from(nonce, 'base64url'), options)
    .setAAD(boundTo(place, kid))
    .setAuthTag(Buffer.from(tag, 'base64url'));
  return JSON.parse(
    Buffer.concat([decryption.update(Buffer.from(ct, 'base64url')), decryption.final()]).toString('utf8'),
  );
}

const wrapVersion = 1;
const wrappedFor = (subject: string, kid: string) =>
  Buffer.from(JSON.stringify(['tenantry/subject-key/1', subject, kid]));

/** version ‖ nonce ‖ ciphertext ‖ tag, bound to the subject and the key's id. */
export function wrapKey(master: KeyObject, subject: string, kid: string, key: Buffer): Uint8Array {
  const nonce = randomBytes(12);
  const encryption = createCipheriv(cipher, master, nonce, options).setAAD(wrappedFor(subject, kid));
  const ct = Buffer.concat([encryption.update(key), encryption.final()]);
  return Buffer.concat([Buffer.of(wrapVersion), nonce, ct, encryption.getAuthTag()]);
}

/** Undefined when the key was wrapped by another master key or for another subject, or was changed. */
export function unwrapUnderAny(
  masters: readonly KeyObject[],
  subject: string,
  { kid, wrapped }: { readonly kid: string; readonly wrapped: Uint8Array },
): Buffer | undefined {
  for (const master of masters)
    try {
      return unwrapKey(master, subject, kid, wrapped);
    } catch {
      // GCM says no more than that it does not fit.
    }
  return undefined;
}

function unwrapKey(master: KeyObject, subject: string, kid: string, wrapped: Uint8Array): Buffer {
  if (wrapped.length !== 61 || wrapped[0] !== wrapVersion) throw new Error('not a wrapped key');
  const decryption = createDecipheriv(cipher, master, wrapped.subarray(1, 13), options)
    .setAAD(wrappedFor(subject, kid))
    .setAuthTag(wrapped.subarray(45));
  return Buffer.concat([decryption.update(wrapped.subarray(13, 45)), decryption.final()]);
}
