import { describe, expect, it } from '@jest/globals';
import { initialState } from '#libs/domain/aggregates.js';
import { acmeOf, fold, type TypedEvent } from '../../../test/support/decider.js';
import type { Folded } from '../fold.js';
import { effectsOf, foldedOnto, mayBeTold } from './effects.js';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const added = (userId: string): TypedEvent => ({ type: 'MemberAdded', data: { userId, role: 'org.participant' } });

const begun: TypedEvent = {
  type: 'RealmCreated',
  data: { realmId: 'default', scheme: { id: 'enterprise', version: 1 } },
};
const withRoot: TypedEvent = {
  type: 'PlatformAdminSourcesSet',
  data: { adminGroup: null, adminEmailIndexes: [], systemUserId: 'root' },
};

/** The organization after its events, and what further ones would do to it. */
function planned(done: readonly TypedEvent[], would: readonly TypedEvent[], ofRealm = [begun]) {
  const realm = fold('realm', ofRealm);
  const folded = <State>(state: State) => ({ state, revision: -1n, position: undefined, occurredAt: '', eventId: '' });
  const onto: Folded<'org'> = { ...folded(fold('org', done)), revision: BigInt(done.length) - 1n };
  const occurredAt = new Date(at).toISOString();
  const metadata = { occurredAt, actor: 'olga', command: 'Some', part: `1/1` };
  const events = would.map((event, i) => ({
    ...event,
    id: `w${i}`,
    metadata,
    stream: 'org-acme',
    revision: onto.revision + BigInt(i + 1),
    position: { commit: 1n, prepare: 1n },
  }));
  const after = foldedOnto({ onto, events });
  const platform = { realm: folded(realm), user: folded(initialState('user')) };
  return {
    told: (asker: string) => mayBeTold({ onto, events }, after.state, platform, asker, at),
    effects: effectsOf({ at, org: onto.state, realm: realm.realm, users: new Map(), claimants: [] }, after),
  };
}

describe('the effects of what was not done', () => {
  it('are told to who may read the audit trail before it, not to who may only afterwards', () => {
    const promoted = { type: 'MemberRoleChanged', data: { userId: 'pat', role: 'org.admin', from: 'org.participant' } };
    const { told } = planned([acmeOf('olga'), added('pat')], [promoted]);
    expect(['olga', 'pat', 'nobody'].map(told)).toEqual([true, false, false]);
  });

  it('of a move to another scheme alone are told to who may make it, too', () => {
    const [from, scheme] = ['enterprise', 'gateway'].map((id) => ({ id, version: 1 }));
    const moved = { type: 'OrgSchemeChanged', data: { scheme, from } };
    const suspended = { type: 'OrgSuspended', data: {} };
    const askers = ['root', 'olga', 'pat'];
    const told = (...events: TypedEvent[]) =>
      askers.map(planned([acmeOf('olga'), added('pat')], events, [begun, withRoot]).told);
    expect([told(moved), told(moved, suspended), told(suspended)]).toEqual([
      [true, true, false],
      [false, true, false],
      [false, true, false],
    ]);
  });

  it('of a creation are told to who may read in what is created', () => {
    const { told, effects } = planned([], [acmeOf('olga')]);
    expect(['olga', 'pat'].map(told)).toEqual([true, false]);
    expect(effects).toMatchObject({ changes: [{ principal: 'olga', change: 'gained', cause: { id: 'w0' } }] });
  });

  it('are told of a hundred principals, and that there are more', () => {
    const members = (count: number) => Array.from({ length: count }, (_, i) => added(`u${1000 + i}`));
    const suspended = { type: 'OrgSuspended', data: {} };
    // The owner is one of them.
    expect(planned([acmeOf('olga'), ...members(99)], [suspended]).effects).toMatchObject({ more: false });
    const { effects } = planned([acmeOf('olga'), ...members(100)], [suspended]);
    if (effects.kind !== 'told') throw new Error(effects.kind);
    expect([effects.more, new Set(effects.changes.map(({ principal }) => principal)).size]).toEqual([true, 100]);
  });
});
