import { z } from 'zod';
import type { RealmDocument } from '../access/documents.js';
import type { EventOf, Evolutions } from '../event.js';
import { principalId, slug, text } from '../text.js';

const schemeRef = z.strictObject({ id: slug, version: z.int().min(1) });

// Stored format: add event types and optional fields, never change them.
export const realmEvents = {
  RealmCreated: z.strictObject({ realmId: slug, scheme: schemeRef }),
  PlatformAdminSourcesSet: z.strictObject({
    adminGroup: text(256).nullable(),
    adminEmailIndexes: z.array(z.string()).max(1000),
    systemUserId: principalId.nullable(),
  }),
};
export type RealmEvent = EventOf<typeof realmEvents>;

export interface RealmState {
  readonly realm: RealmDocument | undefined;
}
export const noRealm: RealmState = { realm: undefined };

const self = { kind: 'realm', id: '' } as const;

export const realmEvolutions: Evolutions<RealmState, RealmEvent> = {
  RealmCreated: {
    touches: () => [self],
    evolve: (_, { realmId, scheme }, { id }) => ({
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
  PlatformAdminSourcesSet: {
    touches: () => [self],
    evolve: ({ realm }, data, { id }) => ({ realm: realm && { ...realm, ...data, evidence: id } }),
  },
};

export type PlatformAdminSources = Pick<RealmDocument, 'adminGroup' | 'adminEmailIndexes' | 'systemUserId'>;

/** Events that make the realm agree with the deployment's configuration; none when it does already. */
export function observeConfiguration(
  { realm }: RealmState,
  wanted: { realmId: string; scheme: { id: string; version: number }; sources: PlatformAdminSources },
): readonly RealmEvent[] {
  const created: RealmEvent[] =
    realm === undefined ? [{ type: 'RealmCreated', data: { realmId: wanted.realmId, scheme: wanted.scheme } }] : [];
  const { adminGroup, adminEmailIndexes, systemUserId } = wanted.sources;
  const data = { adminGroup, adminEmailIndexes: [...adminEmailIndexes].sort(), systemUserId };
  const current = realm ?? { adminGroup: null, adminEmailIndexes: [], systemUserId: null };
  const same =
    current.adminGroup === data.adminGroup &&
    current.systemUserId === data.systemUserId &&
    current.adminEmailIndexes.join() === data.adminEmailIndexes.join();
  return same ? created : [...created, { type: 'PlatformAdminSourcesSet', data }];
}
