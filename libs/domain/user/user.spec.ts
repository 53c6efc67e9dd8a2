import { describe, expect, it } from '@jest/globals';
import { fold, nothing, stamp } from '../../../test/support/decider.js';
import { observeToken, type ObservedToken, type UserEvent, userEvents } from './user.js';

const token: ObservedToken = {
  userId: 'ann',
  issuer: 'https://id.example',
  subject: 's-1',
  email: 'ann@example.com',
  name: 'Ann',
  profileIndex: 'p1',
  groups: [],
  emailIndex: null,
  issuedAt: 1000,
};
const profile = (changes: Partial<ObservedToken> = {}): UserEvent => {
  const { groups: _, emailIndex: __, ...data } = { ...token, ...changes };
  return { type: 'ProfileObserved', data };
};
const claims = (groups: string[], issuedAt = 1000, emailIndex: string | null = null): UserEvent => ({
  type: 'ClaimsObserved',
  data: { userId: 'ann', groups, emailIndex, issuedAt },
});
const admins = claims(['admins']);
const never = 0;

function given(...events: UserEvent[]) {
  const state = fold('user', events);
  return {
    whenObserved(changes: Partial<ObservedToken>, renewBefore = never) {
      const observed = { ...token, ...changes };
      const seen = observeToken(state, observed, renewBefore);
      return {
        then(...expected: UserEvent[]): void {
          expect(seen).toEqual(expected);
          for (const { type, data } of seen) expect(userEvents[type].parse(data)).toEqual(data);
          const after = fold('user', seen, state, events.length);
          expect(observeToken(after, observed, never)).toEqual([]);
        },
      };
    },
  };
}

describe('a verified token', () => {
  it('shows a person at first sight (G18)', () => {
    given().whenObserved({}).then(profile());
  });

  it('adds nothing when it shows what is known', () => {
    given(profile())
      .whenObserved({})
      .then(...nothing);
    given(profile(), admins)
      .whenObserved({ groups: ['admins'] })
      .then(...nothing);
  });

  it('shows a changed profile', () => {
    const changed = { profileIndex: 'p2', email: 'ann@example.org', issuedAt: 1001 };
    given(profile()).whenObserved(changed).then(profile(changed));
  });

  it('bears roles: groups and a verified address', () => {
    given(profile())
      .whenObserved({ groups: ['admins'] })
      .then(admins);
    given(profile())
      .whenObserved({ emailIndex: 'x1' })
      .then(claims([], 1000, 'x1'));
    given()
      .whenObserved({ groups: ['admins'] })
      .then(profile(), admins);
  });

  it('shows groups in one order and once, however the provider lists them', () => {
    const both = claims(['admins', 'staff']);
    given(profile())
      .whenObserved({ groups: ['staff', 'admins', 'staff'] })
      .then(both);
    given(profile(), both)
      .whenObserved({ groups: ['staff', 'admins'] })
      .then(...nothing);
  });

  it('takes roles away when it no longer bears them', () => {
    given(profile(), admins).whenObserved({ issuedAt: 1001 }).then(claims([], 1001));
    given(profile(), claims([], 1000, 'x1'))
      .whenObserved({ issuedAt: 1001 })
      .then(claims([], 1001));
    given(profile(), admins, claims([], 1001))
      .whenObserved({ issuedAt: 1002 })
      .then(...nothing);
  });

  it('bears no role that is worth an event when it bears none and none is known', () => {
    given(profile())
      .whenObserved({ issuedAt: 5000 })
      .then(...nothing);
  });

  it('changes nothing when it is older than what is known: neither claims nor profile', () => {
    const lost = [profile(), admins, claims([], 1001)] as const;
    given(...lost)
      .whenObserved({ groups: ['admins'], issuedAt: 1000 })
      .then(...nothing);
    given(...lost)
      .whenObserved({ profileIndex: 'p0', issuedAt: 1000 })
      .then(...nothing);
    given(profile({ issuedAt: 1001 }))
      .whenObserved({ profileIndex: 'p0', issuedAt: 1000 })
      .then(...nothing);
    given(profile({ issuedAt: 1001 }))
      .whenObserved({ groups: ['admins'], issuedAt: 1000 })
      .then(...nothing);
  });

  it('never makes two live tokens take turns', () => {
    let state = fold('user', []);
    let count = 0;
    for (let turn = 0; turn < 10; turn++) {
      const changes = turn % 2 === 0 ? { profileIndex: 'old', issuedAt: 1 } : { profileIndex: 'new', issuedAt: 2 };
      const seen = observeToken(state, { ...token, ...changes }, never);
      state = fold('user', seen, state, count);
      count += seen.length;
    }
    expect(count).toBe(2);
  });

  it('renews claims that were observed before the instant of renewal, and only those that bear a role', () => {
    const observed = Date.parse(stamp(2).occurredAt);
    given(profile(), admins)
      .whenObserved({ groups: ['admins'] }, observed)
      .then(...nothing);
    given(profile(), admins)
      .whenObserved({ groups: ['admins'] }, observed + 1)
      .then(admins);
    given(profile(), claims([]))
      .whenObserved({}, observed + 1)
      .then(...nothing);
    given(profile())
      .whenObserved({}, observed + 1)
      .then(...nothing);
  });

  it('is renewed with the instant and the evidence of the renewal', () => {
    const { occurredAt, id } = stamp(3);
    const { user } = fold('user', [profile(), admins, claims(['admins'], 1007)]);
    expect(user?.claims).toEqual({
      groups: ['admins'],
      emailIndex: null,
      issuedAt: 1007,
      observedAt: occurredAt,
      evidence: id,
    });
  });
});

describe('a membership claim', () => {
  const claim = (orgId: string, claimId: string): UserEvent => ({
    type: 'MembershipClaimed',
    data: { userId: 'ann', orgId, claimId },
  });
  const [one, two] = ['5f0c9f9e-8c5b-4a57-9d0c-3a2a54e0a001', '5f0c9f9e-8c5b-4a57-9d0c-3a2a54e0a002'] as const;

  it('may be made for somebody who was never seen', () => {
    const { user } = fold('user', [claim('acme', one)]);
    expect(user).toEqual({
      id: 'ann',
      claims: null,
      membershipClaim: { orgId: 'acme', claimId: one },
      profileIndex: null,
      tokenIssuedAt: null,
    });
  });

  it('gives way to a later one, and stays through observations', () => {
    const { user } = fold('user', [claim('acme', one), claim('beta', two), profile(), admins]);
    expect(user?.membershipClaim).toEqual({ orgId: 'beta', claimId: two });
    expect(user?.claims?.groups).toEqual(['admins']);
  });
});
