import type { RealmDocument } from '../access/documents.js';
import type { RealmEvent } from './events.js';
import type { RealmState } from './state.js';

export const noRealm: RealmState = { realm: undefined, settings: undefined };

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
