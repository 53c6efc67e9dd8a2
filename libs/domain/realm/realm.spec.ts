import { describe, expect, it } from '@jest/globals';
import { fold, nothing } from '../../../test/support/decider.js';
import { type RealmEvent, realmEvents } from './events.js';
import { observeConfiguration, type PlatformAdminSources } from './realm.js';

const scheme = { id: 'enterprise', version: 1 };
const none: PlatformAdminSources = { adminGroup: null, adminEmailIndexes: [], systemUserId: null };
const created: RealmEvent = { type: 'RealmCreated', data: { realmId: 'default', scheme } };
const set = (sources: Partial<PlatformAdminSources>): RealmEvent => {
  const { adminGroup, adminEmailIndexes, systemUserId } = { ...none, ...sources };
  return {
    type: 'PlatformAdminSourcesSet',
    data: { adminGroup, adminEmailIndexes: [...adminEmailIndexes], systemUserId },
  };
};

function given(...events: RealmEvent[]) {
  const state = fold('realm', events);
  return {
    whenConfigured(sources: Partial<PlatformAdminSources>) {
      const wanted = { realmId: 'default', scheme, sources: { ...none, ...sources } };
      const seen = observeConfiguration(state, wanted);
      return {
        then(...expected: RealmEvent[]): void {
          expect(seen).toEqual(expected);
          for (const { type, data } of seen) expect(realmEvents[type].parse(data)).toEqual(data);
          expect(observeConfiguration(fold('realm', seen, state, events.length), wanted)).toEqual([]);
        },
      };
    },
  };
}

describe('the configuration of a deployment', () => {
  it('creates its realm at the first start', () => {
    given().whenConfigured({}).then(created);
  });

  it('creates its realm together with who administers the platform', () => {
    given()
      .whenConfigured({ adminGroup: 'alpha' })
      .then(created, set({ adminGroup: 'alpha' }));
  });

  it('adds nothing when the realm agrees', () => {
    given(created)
      .whenConfigured({})
      .then(...nothing);
    given(created, set({ systemUserId: 'robot' }))
      .whenConfigured({ systemUserId: 'robot' })
      .then(...nothing);
  });

  it.each<Partial<PlatformAdminSources>>([
    { adminGroup: 'alpha' },
    { adminEmailIndexes: ['x1'] },
    { systemUserId: 'robot' },
  ])('records the difference %j, and its end', (sources) => {
    given(created).whenConfigured(sources).then(set(sources));
    given(created, set(sources)).whenConfigured({}).then(set({}));
  });

  it('does not mind the order of the allowlist', () => {
    given(created)
      .whenConfigured({ adminEmailIndexes: ['b', 'a'] })
      .then(set({ adminEmailIndexes: ['a', 'b'] }));
    given(created, set({ adminEmailIndexes: ['a', 'b'] }))
      .whenConfigured({ adminEmailIndexes: ['b', 'a'] })
      .then(...nothing);
  });
});

describe('a realm', () => {
  it('holds its scheme and its latest sources, with the event that set them as evidence', () => {
    const { realm } = fold('realm', [created, set({ adminGroup: 'alpha' }), set({ systemUserId: 'robot' })]);
    expect(realm).toEqual({ id: 'default', storeId: 'e1', scheme, ...none, systemUserId: 'robot', evidence: 'e3' });
  });

  it('is nothing before it was created', () => {
    expect(fold('realm', [set({ adminGroup: 'alpha' })]).realm).toBeUndefined();
  });
});
