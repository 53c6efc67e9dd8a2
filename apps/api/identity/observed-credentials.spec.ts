import { describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { ObservedCredentials } from './observed-credentials.js';

const token = { issuer: 'i', subject: 's', email: null, name: null, groups: [], issuedAt: 1, expiresAtMs: 1e15 };
const caller = (credential: string): Caller => ({ id: 'bob', realm: 'default', credential, token });

function credentials(fail: { next: boolean } = { next: false }) {
  const seen: string[] = [];
  const clock = { at: 0, now: () => clock.at };
  const observations = {
    token: async ({ credential }: Caller) => {
      await Promise.resolve();
      if (fail.next) throw new EventStoreUnavailable('down');
      seen.push(credential);
    },
  };
  const store = { head: async () => ({ commit: 7n, prepare: 7n }) };
  const personalOrgs = { provide: async () => {} };
  const signUp = { admit: async () => {} };
  const services = { clock, signUp, observations, personalOrgs, store } as unknown as ConstructorParameters<
    typeof ObservedCredentials
  >[0];
  return { seen, clock, credentials: new ObservedCredentials(services) };
}

describe('what a credential shows', () => {
  it('is recorded once for requests that arrive together, and not again within the hour', async () => {
    const { seen, clock, credentials: observed } = credentials();
    await Promise.all([1, 2, 3].map(() => observed.observe(caller('a'))));
    clock.at = 3_599_999;
    expect(observed.known(caller('a'))).toEqual({ at: 0, upTo: { commit: 7n, prepare: 7n } });
    expect(observed.known(caller('b'))).toBeUndefined();
    expect(seen).toEqual(['a']);
  });

  it('is recorded again after an hour', async () => {
    const { seen, clock, credentials: observed } = credentials();
    await observed.observe(caller('a'));
    clock.at = 3_600_000;
    expect(observed.known(caller('a'))).toBeUndefined();
    await observed.observe(caller('a'));
    expect(seen).toEqual(['a', 'a']);
  });

  it('is not taken as recorded when the event store did not answer', async () => {
    const fail = { next: true };
    const { seen, credentials: observed } = credentials(fail);
    await expect(observed.observe(caller('a'))).rejects.toThrow(EventStoreUnavailable);
    expect(observed.known(caller('a'))).toBeUndefined();
    fail.next = false;
    await observed.observe(caller('a'));
    expect(seen).toEqual(['a']);
  });
});
