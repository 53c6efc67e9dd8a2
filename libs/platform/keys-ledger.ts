import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { z } from 'zod';
import { thumbprint } from './keys-files.js';

/** Ed25519, and the name that this deployment's trees and signatures bear for ever. */
export interface LedgerKey {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** From before the key was exchanged; the newest first. */
  readonly formerKeys: readonly KeyObject[];
}

const base64url = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** What the key file holds. */
export const ledgerFile = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: base64url,
  d: base64url,
  name: z.string().regex(/^tenantry-[0-9a-f]{12}$/),
  kid: z.string(),
  /** Public halves only: what they have signed is still told apart, and nothing more can be signed by them. */
  former: z.array(base64url).optional(),
});

type LedgerFile = z.infer<typeof ledgerFile>;

/** The name is of its own, not the server's address: addresses change, and more than one deployment is at 127.0.0.1. */
export function newLedgerKey(): object {
  return newKeyOf(`tenantry-${randomBytes(6).toString('hex')}`);
}

/** Another key of the same name; nothing more can be signed by the present one, and what it has signed still counts. */
export function nextLedgerKey({ name, x, former = [] }: LedgerFile): object {
  return { ...newKeyOf(name), former: [x, ...former] };
}

function newKeyOf(name: string): object {
  const named = { ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), name };
  return { ...named, kid: kidOf(named) };
}

/** Undefined where the file's parts do not belong together. */
export function ledgerKeyOf({ kid, name, former = [], ...jwk }: LedgerFile): LedgerKey | undefined {
  if (kid !== kidOf({ ...jwk, name })) return undefined;
  try {
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    const publicOf = (x: string) => createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x }, format: 'jwk' });
    const publicKey = publicOf(jwk.x);
    // The kid covers the public half only; a signature that verifies covers the private one.
    const probe = Buffer.from(kid);
    if (!verify(null, probe, publicKey, sign(null, probe, privateKey))) return undefined;
    return { name, privateKey, publicKey, formerKeys: former.map(publicOf) };
  } catch {
    return undefined;
  }
}

const kidOf = ({ crv, kty, name, x }: { crv?: unknown; kty?: unknown; name?: unknown; x?: unknown }) =>
  thumbprint({ crv, kty, name, x });
