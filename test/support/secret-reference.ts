import { createHash } from 'node:crypto';
import type { SecretReference } from '#libs/domain/org/fields.js';

/** A reference to a secret that is nowhere, as rules and histories see one; the same one for the same name. */
export function secretReferenceTo(name: string): SecretReference {
  const digest = createHash('sha256').update(name).digest();
  const hex = digest.toString('hex');
  return {
    secretId: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
    fingerprint: digest.toString('base64url'),
    lastFour: { apiKey: hex.slice(-4) },
  };
}
