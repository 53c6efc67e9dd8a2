import { z } from 'zod';
import type { VerifiedToken } from '#libs/application/caller.js';
import { text } from '#libs/domain/text.js';
import { asciiLowerCase, isEmail } from './email.js';

/** Up to the year 9999, which every later conversion takes. */
const instantSeconds = z.number().min(0).max(253_402_300_799);

/** Claims beyond what jose checks. What a person cannot help (a strange name) is dropped, never a reason to refuse. */
export const claims = z.object({
  iss: z.string(),
  sub: z.string(),
  iat: instantSeconds,
  exp: instantSeconds,
  realm: z.unknown().optional(),
  email: z.unknown().optional(),
  email_verified: z.unknown().optional(),
  name: z.unknown().optional(),
  groups: z.unknown().optional(),
  /** RFC 8693, section 4.1: who acts in the subject's name. Those behind it, nested within, are not looked at. */
  act: z.object({ sub: z.string(), iss: z.string().optional() }).optional(),
});
export type Claims = z.output<typeof claims>;

const maxGroups = 200;
const groupName = text(256);
const personName = text(256);
const unusable = /[\p{Cc}\p{Cs}]/u;

/** OpenID Connect bounds a subject to 255 characters; one that no store takes whole is refused rather than changed. */
export function isUsableSubject(subject: string): boolean {
  return subject !== '' && subject.length <= 255 && !unusable.test(subject);
}

export function verifiedToken(payload: Claims, toleranceSeconds: number): VerifiedToken {
  const name = personName.safeParse(payload.name);
  return Object.freeze({
    issuer: payload.iss,
    subject: payload.sub,
    email: verifiedEmail(payload),
    name: name.success ? name.data : null,
    groups: Object.freeze(groupsOf(payload.groups)),
    issuedAt: Math.floor(payload.iat),
    expiresAtMs: (payload.exp + toleranceSeconds) * 1000,
  });
}

/** `"true"` as text is not a provider's word that it checked the address. */
function verifiedEmail({ email, email_verified: verified }: Claims): string | null {
  return verified === true && typeof email === 'string' && isEmail(email) ? asciiLowerCase(email) : null;
}

function groupsOf(claim: unknown): string[] {
  const groups = new Set<string>();
  for (const each of Array.isArray(claim) ? claim : []) {
    if (groups.size === maxGroups) break;
    const group = groupName.safeParse(each);
    if (group.success) groups.add(group.data);
  }
  return [...groups];
}
