import { z } from 'zod';
import { DEFAULT_REALM, type MembershipClaim, own, type UserDocument } from '../access/documents.js';
import type { EventOf, Evolutions } from '../event.js';
import { personal } from '../personal.js';
import { principalId, slug, text } from '../text.js';
import { personalKeyEvents, withoutPersonalKey, withPersonalKey } from './api-keys.js';

// Stored format: add event types and optional fields, never change them.
export const userEvents = {
  /** First sight of a person, or a changed profile. `profileIndex` is a keyed digest: it tells a change without reading. */
  ProfileObserved: z.strictObject({
    userId: principalId,
    profileIndex: z.string(),
    issuedAt: z.int(),
    issuer: personal,
    subject: personal,
    email: personal.nullable(),
    name: personal.nullable(),
  }),
  /** The role-bearing part of a verified token: what no role source names is left out. */
  ClaimsObserved: z.strictObject({
    userId: principalId,
    groups: z.array(text(256)).max(100),
    emailIndex: z.string().nullable(),
    issuedAt: z.int(),
  }),
  /** Where a person may belong to one organization only: the claim that precedes the membership. */
  MembershipClaimed: z.strictObject({
    userId: principalId,
    orgId: slug,
    claimId: z.uuid(),
    /** Absent for the realm `default`. */
    realm: slug.optional(),
  }),
  ...personalKeyEvents,
  /** The keys that the person's data stood under are destroyed. The request is the event that asked for it. */
  PersonErased: z.strictObject({ userId: principalId, requestId: z.uuid(), keyIds: z.array(z.uuid()).max(1000) }),
  /** A command under a client's key changed nothing: remembered, so that a late retry cannot act on a changed world. */
  UserCommandHadNoEffect: z.strictObject({ command: z.string() }),
  /** Looked for everywhere, and nothing was left. */
  PersonErasureVerified: z.strictObject({ userId: principalId, requestId: z.uuid() }),
};
export type UserEvent = EventOf<typeof userEvents>;

export interface UserState {
  readonly user: UserDocument | undefined;
}
export const noUser: UserState = { user: undefined };

const self = { kind: 'user', id: '' } as const;
const known = ({ user }: UserState, id: string): UserDocument =>
  user ?? { id, claims: null, membershipClaim: null, profileIndex: null, tokenIssuedAt: null };

/** Nobody is left who could act by them. */
function withoutKeys(user: UserDocument): UserDocument {
  const { apiKeys, ...others } = user;
  return apiKeys === undefined ? user : others;
}

export const userEvolutions: Evolutions<UserState, UserEvent> = {
  ProfileObserved: {
    touches: () => [self],
    evolve: (state, { userId, profileIndex, issuedAt }) => ({
      user: { ...known(state, userId), profileIndex, tokenIssuedAt: issuedAt },
    }),
  },
  ClaimsObserved: {
    touches: () => [self],
    evolve: (state, { userId, groups, emailIndex, issuedAt }, { id, occurredAt }) => ({
      user: {
        ...known(state, userId),
        claims: { groups, emailIndex, issuedAt, observedAt: occurredAt, evidence: id },
        tokenIssuedAt: issuedAt,
      },
    }),
  },
  MembershipClaimed: {
    touches: () => [self],
    evolve: (state, { userId, orgId, claimId, realm }) => {
      const before = known(state, userId);
      const claim = { orgId, claimId };
      if (realm === undefined) return { user: { ...before, membershipClaim: claim } };
      return { user: { ...before, claimsInRealms: { ...before.claimsInRealms, [realm]: claim } } };
    },
  },
  PersonalApiKeyCreated: {
    touches: () => [self],
    evolve: (state, created, { occurredAt }) => ({
      user: withPersonalKey(known(state, created.userId), created, occurredAt),
    }),
  },
  PersonalApiKeyRevoked: {
    touches: () => [self],
    evolve: (state, { userId, keyId }) => ({ user: withoutPersonalKey(known(state, userId), keyId) }),
  },
  PersonErased: {
    touches: () => [self],
    evolve: (state, { userId, requestId }, { occurredAt }) => ({
      user: {
        ...withoutKeys(known(state, userId)),
        claims: null,
        profileIndex: null,
        // A token from before brings nothing back.
        tokenIssuedAt: Math.ceil(Date.parse(occurredAt) / 1000),
        erasure: { requestId, verified: false },
      },
    }),
  },
  UserCommandHadNoEffect: { touches: () => [], evolve: (state) => state },
  PersonErasureVerified: {
    touches: () => [self],
    evolve: (state, { userId, requestId }) => ({
      user: { ...known(state, userId), erasure: { requestId, verified: true } },
    }),
  },
};

/** The organization of the realm that claims the person; one of another realm can neither see it nor take its place. */
export function membershipClaimIn({ user }: UserState, realm: string): MembershipClaim | undefined {
  if (realm === DEFAULT_REALM) return user?.membershipClaim ?? undefined;
  return user?.claimsInRealms && own(user.claimsInRealms, realm);
}

export interface ObservedToken {
  readonly userId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly profileIndex: string;
  readonly groups: readonly string[];
  readonly emailIndex: string | null;
  readonly issuedAt: number;
}

/**
 * Events that a verified token adds to what is known of its person. Claims count only where they bear a role, or took
 * one away; they are renewed at half their maximum age (`renewBefore`, milliseconds), and an older token changes nothing.
 */
export function observeToken({ user }: UserState, token: ObservedToken, renewBefore: number): readonly UserEvent[] {
  const { userId, issuer, subject, email, name, profileIndex, issuedAt } = token;
  if (issuedAt < (user?.tokenIssuedAt ?? issuedAt)) return [];
  const events: UserEvent[] = [];
  if (user?.profileIndex !== profileIndex)
    events.push({ type: 'ProfileObserved', data: { userId, profileIndex, issuedAt, issuer, subject, email, name } });
  const claims = user?.claims ?? null;
  const groups = [...new Set(token.groups)].sort();
  const bears = groups.length > 0 || token.emailIndex !== null;
  const same =
    (claims?.groups ?? []).join('\n') === groups.join('\n') && (claims?.emailIndex ?? null) === token.emailIndex;
  const stale = bears && claims !== null && Date.parse(claims.observedAt) < renewBefore;
  if (!same || stale)
    events.push({ type: 'ClaimsObserved', data: { userId, groups, emailIndex: token.emailIndex, issuedAt } });
  return events;
}
