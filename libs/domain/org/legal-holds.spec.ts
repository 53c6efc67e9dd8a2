import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, fold, given, newId, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';
import { holdsOver } from './legal-holds.js';

const created = acmeOf('alice');
const bob: OrgEvent = { type: 'MemberAdded', data: { userId: 'bob', role: 'org.participant' } };
const onBob: OrgEvent = {
  type: 'LegalHoldPlaced',
  data: { holdId: 'h1', userId: 'bob', matter: 'Case 17', placedBy: 'petra' },
};
const onAll: OrgEvent = { type: 'LegalHoldPlaced', data: { holdId: 'h2', matter: 'Case 18', placedBy: 'petra' } };
const released: OrgEvent = { type: 'LegalHoldReleased', data: { holdId: 'h1' } };
const by = (actor: string, ...history: OrgEvent[]) => given([created, bob, ...history], undefined, actor);

describe('a legal hold (X-05)', () => {
  it('is placed over a person or everybody, under an id of its own', () => {
    by('petra').when('PlaceLegalHold', { holdId: 'h1', userId: 'bob', matter: 'Case 17' }).then([onBob]);
    by('petra').when('PlaceLegalHold', { holdId: 'h2', matter: 'Case 18' }).then([onAll]);
    by('petra')
      .when('PlaceLegalHold', { matter: 'Case 18' })
      .then([{ type: 'LegalHoldPlaced', data: { holdId: newId, matter: 'Case 18', placedBy: 'petra' } }]);
    by('paul', onBob).when('PlaceLegalHold', { holdId: 'h1', userId: 'bob', matter: 'Case 17' }).then(nothing);
    for (const other of [{ matter: 'Case 17' }, { userId: 'bob', matter: 'Case 19' }])
      by('petra', onBob)
        .when('PlaceLegalHold', { holdId: 'h1', ...other })
        .then(refused('legal_hold_exists'));
  });

  it('is one of a hundred at most', () => {
    const many = Array.from({ length: 100 }, (_, i): OrgEvent => {
      return { type: 'LegalHoldPlaced', data: { holdId: `n${i}`, matter: 'Case', placedBy: 'petra' } };
    });
    by('petra', ...many)
      .when('PlaceLegalHold', { matter: 'One more' })
      .then(refused('legal_holds_full'));
  });

  it('is released by somebody else, once', () => {
    by('paul', onBob).when('ReleaseLegalHold', { holdId: 'h1' }).then([released]);
    by('petra', onBob).when('ReleaseLegalHold', { holdId: 'h1' }).then(refused('release_by_another'));
    by('paul', onBob, released).when('ReleaseLegalHold', { holdId: 'h1' }).then(refused('legal_hold_not_found'));
    // An organization in which none is left is the one that never had any.
    expect(fold('org', [created, bob, onBob, released]).org).toEqual(fold('org', [created, bob]).org);
  });

  it('is placed and released by people: whoever placed it could else release it by a machine of theirs', () => {
    for (const machine of ['service:acme/robot', 'service:@default/robot']) {
      by(machine).when('PlaceLegalHold', { holdId: 'h2', matter: 'Case 18' }).then(refused('not_for_machines'));
      by(machine, onBob).when('ReleaseLegalHold', { holdId: 'h1' }).then(refused('not_for_machines'));
    }
  });

  it('is over those whom it names, or all', () => {
    const over = (userId: string, ...history: OrgEvent[]) => holdsOver(fold('org', [created, bob, ...history]), userId);
    expect([over('bob', onBob), over('alice', onBob)]).toEqual([['h1'], []]);
    expect(over('bob', onBob, onAll)).toEqual(['h1', 'h2']);
    expect(over('stranger', onAll, onBob, released)).toEqual(['h2']);
  });
});

describe('the erasure of a member (X-06)', () => {
  const requested: OrgEvent = { type: 'MemberErasureRequested', data: { userId: 'bob' } };

  it('is asked for once, of a member whom nothing holds', () => {
    by('petra').when('EraseMember', { userId: 'bob' }).then([requested]);
    by('petra', requested).when('EraseMember', { userId: 'bob' }).then(nothing);
    by('petra').when('EraseMember', { userId: 'zoe' }).then(refused('member_not_found'));
    by('petra').when('EraseMember', { userId: 'alice' }).then(refused('last_owner'));
    for (const hold of [onBob, onAll])
      by('petra', hold).when('EraseMember', { userId: 'bob' }).then(refused('under_legal_hold'));
    by('petra', onBob, released).when('EraseMember', { userId: 'bob' }).then([requested]);
  });

  it('is up to the platform where people may belong to several organizations', () => {
    given([acmeOf('alice', 'teams')], builtIn('teams'), 'petra')
      .when('EraseMember', { userId: 'alice' })
      .then(refused('erasure_by_platform'));
  });
});
