import { z } from 'zod';
import type { EventOf } from '../event.js';
import { environmentKind } from '../schemes/scheme.js';
import { instant, principalId, slug, text } from '../text.js';

export const grantee = z.strictObject({ type: z.enum(['user', 'group']), id: principalId });
export const roleKey = z.string().regex(/^org\.[a-z][a-z-]{0,60}$/, 'must look like org.admin');
export const childRoleKey = z
  .string()
  .regex(/^(environment|workspace|project)\.[a-z][a-z-]{0,60}$/, 'must look like workspace.viewer');
const membership = { userId: principalId, role: roleKey };

// Stored format: add event types and optional fields, never change them.
export const orgEvents = {
  OrgCreated: z.strictObject({
    orgId: slug,
    name: text(200),
    /** Absent for the realm `default`. */
    realm: slug.optional(),
    scheme: z.strictObject({ id: slug, version: z.int().min(1) }),
    owner: z.strictObject(membership),
  }),
  MemberAdded: z.strictObject(membership),
  MemberRoleChanged: z.strictObject({ ...membership, from: roleKey }),
  /** Takes the member's role and every grant given to this person with it. */
  MemberRemoved: z.strictObject(membership),
  OrgOwnershipTransferred: z.strictObject({
    from: principalId,
    to: principalId,
    role: roleKey,
    given: roleKey,
    left: roleKey,
  }),
  /** Without a kind it is an `environment`. */
  EnvironmentCreated: z.strictObject({ environmentId: slug, name: text(200), kind: environmentKind.optional() }),
  /** Takes the environment's models and every grant on it with it. */
  EnvironmentDeleted: z.strictObject({ environmentId: slug }),
  EnvironmentAccessGranted: z.strictObject({
    environmentId: slug,
    grantee,
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    /** A role in this environment that the grant names itself. */
    role: childRoleKey.optional(),
  }),
  EnvironmentAccessRevoked: z.strictObject({ environmentId: slug, grantee }),
  ModelAdded: z.strictObject({ environmentId: slug, modelId: slug, provider: slug, name: text(200) }),
  ModelRemoved: z.strictObject({ environmentId: slug, modelId: slug }),
  /** A command under a client's key changed nothing: remembered, so that a late retry cannot act on a changed world. */
  CommandHadNoEffect: z.strictObject({ command: z.string() }),
  /** Another organization won a person whom a command here was about to add. */
  MembershipClaimVoided: z.strictObject({ claimId: z.uuid() }),
};
export type OrgEvent = EventOf<typeof orgEvents>;
