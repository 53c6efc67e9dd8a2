import { z } from 'zod';
import { own, type RealmDocument } from '../access/documents.js';
import { domain } from '../org/fields.js';
import { slug } from '../text.js';

/** Ways to sign in, as a login page offers them, in its order: `password`, `google`, `saml`. */
export const loginMethods = z
  .array(slug)
  .max(20)
  .refine((methods) => new Set(methods).size === methods.length, 'must name each method once');

/**
 * Who may come to the realm for the first time without being asked: anybody, whoever has a verified address of one of the
 * domains, or nobody. Whoever an organization has added or invited may come under every rule.
 */
export const signUpRules = z.strictObject({
  rule: z.enum(['open', 'domains', 'invited']),
  domains: z.array(domain).max(200),
});
export type SignUpRules = z.output<typeof signUpRules>;

/** Whether the rules let in somebody whom nobody has asked. `email`: a verified address. */
export function letsIn({ rule, domains }: SignUpRules, email: string | null): boolean {
  if (rule !== 'domains') return rule === 'open';
  return email !== null && domains.includes(email.slice(email.lastIndexOf('@') + 1));
}

/** Whether the person is one of the platform's own, whom no sign-up rule keeps out. `emailIndexes`: of their verified address. */
export function isOfPlatform(
  realm: RealmDocument,
  person: { readonly id: string; readonly groups: readonly string[]; readonly emailIndexes: readonly string[] },
): boolean {
  const { adminGroup, adminEmailIndexes, systemUserId, assignments = {}, teams = {} } = realm;
  return (
    systemUserId === person.id ||
    (adminGroup !== null && person.groups.includes(adminGroup)) ||
    person.emailIndexes.some((index) => adminEmailIndexes.includes(index)) ||
    own(assignments, person.id) !== undefined ||
    Object.values(teams).some((team) => own(team, person.id) !== undefined)
  );
}
