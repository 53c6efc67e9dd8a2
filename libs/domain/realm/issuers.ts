import { z } from 'zod';
import { witnessUrl } from '../org/fields.js';

const printable = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 ASCII characters without blanks');
const claimName = printable.max(100);

/** Exactly as tokens name it: compared to the letter. */
const issuerUrl = witnessUrl.refine((value) => !/[?#]/.test(value), 'must have neither query nor fragment');

/** An identity provider that vouches for people of a realm. */
export const realmIssuer = z.strictObject({
  issuer: issuerUrl,
  /** The `aud` that its tokens must bear: one of these. */
  audiences: z.array(printable).min(1).max(10),
  /** The names that it gives to what OpenID Connect calls otherwise. `loginMethod`: how the person signed in. */
  claims: z
    .strictObject({
      subject: claimName,
      email: claimName,
      emailVerified: claimName,
      name: claimName,
      groups: claimName,
      loginMethod: claimName,
    })
    .partial()
    .optional(),
});
export type RealmIssuer = z.output<typeof realmIssuer>;

export const realmIssuers = z
  .array(realmIssuer)
  .max(20)
  .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length, 'must name each issuer once');
