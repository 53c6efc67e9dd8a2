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
});

type LedgerFile = z.infer<typeof ledgerFile>;

/** The name is of its own, not the server's address: addresses change, and more than one deployment is at 127.0.0.1. */
export function newLedgerKey(): object {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const named = { ...jwk, name: `tenantry-${randomBytes(6).toString('hex')}` };
  return { ...named, kid: kidOf(named) };
}

/** Undefined where the file's parts do not belong together. */
export function ledgerKeyOf({ kid, name, ...jwk }: LedgerFile): LedgerKey | undefined {
  if (kid !== kidOf({ ...jwk, name })) return undefined;
  try {
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    const publicKey = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' });
    // The kid covers the public half only; a signature that verifies covers the private one.
    const probe = Buffer.from(kid);
    return verify(null, probe, publicKey, sign(null, probe, privateKey)) ? { name, privateKey, publicKey } : undefined;
  } catch {
    return undefined;
  }
}

const kidOf = ({ crv, kty, name, x }: { crv?: unknown; kty?: unknown; name?: unknown; x?: unknown }) =>
  thumbprint({ crv, kty, name, x });
