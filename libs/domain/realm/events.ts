import { z } from 'zod';
import type { RealmDocument } from '../access/documents.js';
import type { EventOf, Evolutions } from '../event.js';
import { nameOfScheme } from '../schemes/reference.js';
import { principalId, slug, text } from '../text.js';
import { realmIssuer } from './issuers.js';
import { platformModelEvents } from './platform-models.js';
import {
  platformRoleEvents,
  roleAssigned,
  roleConfirmed,
  roleRevoked,
  teamMemberRemoved,
  teamMemberSet,
} from './platform-roles.js';
import {
  accountCreated,
  accountDeleted,
  keyIssuedTo,
  keyRevokedOf,
  keyRotatedOf,
  platformServiceAccountEvents,
} from './service-accounts.js';
import { loginMethods, signUpRules } from './sign-in.js';
import type { HostedDocument, RealmSettings, RealmState } from './state.js';

/** Characters of a role scheme as JSON: an event has to hold it. */
export const MAX_SCHEME = 40 * 1024;

const schemeRef = z.strictObject({ id: slug, version: z.int().min(1) });
// Stored format: add event types and optional fields, never change them.
export const realmEvents = {
  RealmCreated: z.strictObject({ realmId: slug, scheme: schemeRef }),
  /** A version of a role scheme, as JSON; it decides nothing until the realm or an organization is under it. */
  RoleSchemeDefined: z.strictObject({ scheme: schemeRef, document: z.string().max(MAX_SCHEME) }),
  /** From now on the realm's own questions are decided by it, and organizations begin under it. */
  RoleSchemeAdopted: z.strictObject({ scheme: schemeRef }),
  PlatformAdminSourcesSet: z.strictObject({
    adminGroup: text(256).nullable(),
    adminEmailIndexes: z.array(z.string()).max(1000),
    systemUserId: principalId.nullable(),
  }),
  ...platformRoleEvents,
  /** Platform-wide prices, as JSON. */
  PricingSet: z.strictObject({ version: z.int().min(1), document: z.string() }),
  LoginMethodsSet: z.strictObject({ methods: loginMethods }),
  SignUpRulesSet: signUpRules,
  RealmIssuersSet: z.strictObject({ issuers: z.array(realmIssuer).max(20) }),
  /** In the stream of the deployment's first realm. The realm's own stream begins after it, by whoever sees that it has not. */
  RealmRegistered: z.strictObject({
    realmId: slug,
    scheme: schemeRef,
    adminGroup: text(256).nullable(),
    adminEmailIndexes: z.array(z.string()).max(100),
  }),
  /** In the stream of the deployment's first realm: nobody else's people come by this provider. */
  IssuerClaimed: z.strictObject({ issuer: realmIssuer.shape.issuer, realmId: slug }),
  ...platformModelEvents,
  ...platformServiceAccountEvents,
  /** What erases the person's data follows it; see the events of the person's own stream. */
  PersonErasureRequested: z.strictObject({ userId: principalId }),
  /** A command under a client's key changed nothing: remembered, so that a late retry cannot act on a changed world. */
  RealmCommandHadNoEffect: z.strictObject({ command: z.string() }),
};
export type RealmEvent = EventOf<typeof realmEvents>;

const self = { kind: 'realm', id: '' } as const;
const touches = () => [self];
const settings = () => [{ kind: 'settings', id: '' } as const];

export const realmEvolutions: Evolutions<RealmState, RealmEvent> = {
  RealmCreated: {
    touches,
    evolve: (state, { realmId, scheme }, { id }) => ({
      ...state,
      realm: {
        id: realmId,
        storeId: id,
        scheme,
        adminGroup: null,
        adminEmailIndexes: [],
        systemUserId: null,
        evidence: id,
      },
    }),
  },
  RoleSchemeDefined: {
    touches,
    evolve: (state, { scheme, document }) =>
      changed(state, ({ schemes = {} }) => ({ schemes: { ...schemes, [nameOfScheme(scheme)]: document } })),
  },
  RoleSchemeAdopted: {
    touches,
    evolve: (state, { scheme }) =>
      changed(state, ({ scheme: before, formerSchemes = [] }) => ({
        scheme,
        formerSchemes: [...formerSchemes, before],
      })),
  },
  PlatformAdminSourcesSet: {
    touches,
    evolve: (state, data, { id }) => changed(state, () => ({ ...data, evidence: id })),
  },
  PlatformRoleAssigned: {
    touches,
    evolve: (state, data, { id }) => changed(state, (realm) => roleAssigned(realm, data, id)),
  },
  PlatformRoleConfirmed: {
    touches,
    evolve: (state, data, { id }) => changed(state, (realm) => roleConfirmed(realm, data, id)),
  },
  PlatformRoleRevoked: { touches, evolve: (state, data) => changed(state, (realm) => roleRevoked(realm, data)) },
  TeamMemberSet: {
    touches,
    evolve: (state, data, { id }) => changed(state, (realm) => teamMemberSet(realm, data, id)),
  },
  TeamMemberRemoved: {
    touches,
    evolve: (state, data) => changed(state, (realm) => teamMemberRemoved(realm, data)),
  },
  PricingSet: {
    touches: settings,
    evolve: (state, pricing) => ({ ...state, settings: { ...state.settings, pricing } }),
  },
  LoginMethodsSet: {
    touches: settings,
    evolve: (state, { methods }) => ({ ...state, settings: { ...state.settings, loginMethods: methods } }),
  },
  SignUpRulesSet: {
    touches: settings,
    evolve: (state, signUp) => ({ ...state, settings: { ...state.settings, signUp } }),
  },
  RealmIssuersSet: {
    touches: settings,
    evolve: (state, { issuers }) => ({ ...state, settings: { ...state.settings, issuers } }),
  },
  RealmRegistered: {
    touches: settings,
    evolve: (state, { realmId, ...begins }) =>
      changedHosted(state, ({ realms = {} }) => ({ realms: { ...realms, [realmId]: begins } })),
  },
  IssuerClaimed: {
    touches: settings,
    evolve: (state, { issuer, realmId }) =>
      changedHosted(state, ({ issuers }) => ({ issuers: { ...issuers, [issuer]: realmId } })),
  },
  PlatformModelAdded: {
    touches: settings,
    evolve: (state, { modelId, ...added }) => changedModels(state, (models) => ({ ...models, [modelId]: added })),
  },
  PlatformModelRemoved: {
    touches: settings,
    evolve: (state, { modelId }) =>
      changedModels(state, (models) => {
        const { [modelId]: _, ...left } = models;
        return left;
      }),
  },
  PlatformServiceAccountCreated: {
    touches,
    evolve: (state, data, stamp) => changed(state, (realm) => accountCreated(realm, data, stamp)),
  },
  PlatformServiceAccountDeleted: {
    touches,
    evolve: (state, data) => changed(state, (realm) => accountDeleted(realm, data)),
  },
  PlatformServiceAccountKeyIssued: {
    touches,
    evolve: (state, data, stamp) => changed(state, (realm) => keyIssuedTo(realm, data, stamp)),
  },
  PlatformServiceAccountKeyRotated: {
    touches,
    evolve: (state, data, stamp) => changed(state, (realm) => keyRotatedOf(realm, data, stamp)),
  },
  PlatformServiceAccountKeyRevoked: {
    touches,
    evolve: (state, data) => changed(state, (realm) => keyRevokedOf(realm, data)),
  },
  PersonErasureRequested: { touches: () => [], evolve: (state) => state },
  RealmCommandHadNoEffect: { touches: () => [], evolve: (state) => state },
};

/** Ids of the people, machines and models that a realm's event is about, as the audit log is searched by. */
export const realmTargets = ({ data }: RealmEvent): readonly string[] => {
  if ('modelId' in data) return [data.modelId];
  if ('accountId' in data) return 'keyId' in data ? [data.accountId, data.keyId] : [data.accountId];
  return 'userId' in data ? [data.userId] : [];
};

const noneHosted: HostedDocument = { issuers: {} };

function changedHosted(state: RealmState, change: (found: HostedDocument) => Partial<HostedDocument>): RealmState {
  const found = state.settings?.hosted ?? noneHosted;
  return { ...state, settings: { ...state.settings, hosted: { ...found, ...change(found) } } };
}

type Models = NonNullable<RealmSettings['models']>;
const changedModels = (state: RealmState, change: (models: Models) => Models): RealmState => ({
  ...state,
  settings: { ...state.settings, models: change(state.settings?.models ?? {}) },
});

function changed(state: RealmState, change: (found: RealmDocument) => Partial<RealmDocument>): RealmState {
  const { realm } = state;
  return { ...state, realm: realm && { ...realm, ...change(realm) } };
}
