import { z } from 'zod';
import { anyPrincipalId, principalId, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { roleKey } from '../fields.js';
import { member, org, withOrg, withRole } from '../org.js';

const schemeRef = z.strictObject({ id: slug, version: z.int().min(1) });

// Stored format: add event types and optional fields, never change them.
export const organizationEvents = {
  OrgCreated: orgEvent(
    z.strictObject({
      orgId: slug,
      name: text(200),
      /** Absent for the realm `default`. */
      realm: slug.optional(),
      scheme: schemeRef,
      owner: z.strictObject({ userId: principalId, role: roleKey }),
    }),
    {
      targets: ({ owner }) => [owner.userId],
      touches: ({ owner }) => [org, member(owner.userId)],
      evolve: (state, { orgId, name, realm, scheme, owner }, { id }) =>
        withRole(
          withOrg(state, { id: orgId, name, realm, scheme, ownerId: owner.userId, status: 'active', evidence: id }),
          owner,
          id,
        ),
    },
  ),
  OrgRenamed: orgEvent(z.strictObject({ name: text(200) }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { name }) => withOrg(state, { name }),
  }),
  /** Null: there is no description any more. */
  OrgDescribed: orgEvent(z.strictObject({ description: text(500).nullable() }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { description }) => withOrg(state, { description: description ?? undefined }),
  }),
  /** Nobody's membership holds anything until the organization is resumed; the platform's roles stay. */
  OrgSuspended: orgEvent(z.strictObject({}), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, _, { id }) => withOrg(state, { suspension: { evidence: id } }),
  }),
  OrgPlanSet: orgEvent(z.strictObject({ plan: slug, from: slug.optional() }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { plan }) => withOrg(state, { plan, cancellation: undefined }),
  }),
  /** What decides who may do what from now on. */
  OrgSchemeChanged: orgEvent(z.strictObject({ scheme: schemeRef, from: schemeRef }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { scheme }) => withOrg(state, { scheme }),
  }),
  OrgOwnershipTransferRequested: orgEvent(z.strictObject({ to: principalId, requestedBy: anyPrincipalId }), {
    targets: ({ to }) => [to],
    touches: () => [org],
    evolve: (state, transferRequest) => withOrg(state, { transferRequest }),
  }),
  /** Closes everything in it at once. What it was stays in the history, and its id is never used again. */
  OrgDeleted: orgEvent(z.strictObject({}), {
    targets: () => [],
    touches: () => [org],
    evolve: (state) => withOrg(state, { status: 'deleted' }),
  }),
  OrgResumed: orgEvent(z.strictObject({}), {
    targets: () => [],
    touches: () => [org],
    evolve: (state) => {
      const { suspension: _, ...rest } = state.org;
      return { ...state, org: rest };
    },
  }),
};

/** What a command or a contest for a person leaves behind beside its effect. */
export const bookkeepingEvents = {
  /** A command under a client's key changed nothing: remembered, so that a late retry cannot act on a changed world. */
  CommandHadNoEffect: orgEvent(z.strictObject({ command: z.string() }), {
    targets: () => [],
    touches: () => [],
    evolve: (state) => state,
  }),
  /** Another organization won a person, or a name, that a command here was about to have. */
  MembershipClaimVoided: orgEvent(z.strictObject({ claimId: z.uuid() }), {
    targets: () => [],
    touches: () => [org],
    evolve: (state, { claimId }) => withOrg(state, { voidedClaims: [...state.org.voidedClaims, claimId] }),
  }),
};
