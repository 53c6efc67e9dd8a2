import { createHash, createHmac, createSecretKey, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { type Masters, MasterKeys } from './key-wrapping.js';
import { type SubjectKey, SubjectKeyStore } from './subject-keys.js';
import { rewrapAll } from './rewrap.js';
import { PersonalDataUnreadable, Vault } from './vault.js';

class SubjectKeysInMemory extends SubjectKeyStore {
  readonly keys = new Map<string, SubjectKey>();
  readonly lookUps: (readonly string[])[] = [];
  readonly asked: (readonly string[])[] = [];
  async getOrCreate(subjects: readonly string[], make: (subject: string) => Promise<SubjectKey>) {
    this.asked.push(subjects);
    for (const subject of subjects) {
      const made = await make(subject);
      if (!this.keys.has(subject)) this.keys.set(subject, made);
    }
    return new Map([...this.keys].filter(([subject]) => subjects.includes(subject)));
  }
  async page(after: string, limit: number): Promise<ReadonlyMap<string, SubjectKey>> {
    const rest = [...this.keys].filter(([subject]) => subject > after).sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(rest.slice(0, limit));
  }
  async rewrap(subject: string, from: SubjectKey, wrapped: Uint8Array): Promise<void> {
    if (this.keys.get(subject) === from) this.keys.set(subject, { ...from, wrapped });
  }
  async get(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKey>> {
    this.lookUps.push(subjects);
    return new Map([...this.keys].filter(([subject]) => subjects.includes(subject)));
  }
}

const secret = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const vaultUnder = (store: SubjectKeyStore, masters: Masters, reread = async () => masters) =>
  new Vault({ index: secret(2) }, store, new MasterKeys(masters, reread));
const setUp = (store = new SubjectKeysInMemory(), master = secret(1)) => ({
  store,
  vault: vaultUnder(store, { master }),
});

type Profile = Record<'issuer' | 'subject', string> & Record<'email' | 'name', string | null>;
const alice: Profile = {
  issuer: 'https://login.example',
  subject: 'subject-7',
  email: 'alice@acme.test',
  name: 'Alice',
};
const profileOf = (stream: string, fields: Profile = alice) => ({
  stream,
  id: randomUUID(),
  type: 'ProfileObserved',
  data: { userId: 'u_1', profileIndex: 'digest', ...fields },
});
const invitationOf = (emailIndex: string, email: string) => ({
  stream: 'org-acme',
  id: randomUUID(),
  type: 'InvitationCreated',
  data: { invitationId: 'i', emailIndex, email, role: 'org.viewer' },
});
const stored = (event: { stream: string; id: string; type: string }, data: unknown): StoredEvent => ({
  stream: event.stream,
  id: event.id,
  type: event.type,
  data,
  metadata: {},
  revision: 0n,
  position: { commit: 1n, prepare: 1n },
});
async function sealedWith(vault: Vault, stream = 'user-alice', fields = alice) {
  const event = profileOf(stream, fields);
  return { event, sealed: await sealedBy(vault, event) };
}
async function sealedBy(vault: Vault, event: ReturnType<typeof profileOf> | ReturnType<typeof invitationOf>) {
  const [sealed] = await vault.seal([event]);
  return stored(event, sealed?.data);
}
const fieldOf = (event: StoredEvent, name: string): unknown =>
  Object.entries(Object(event.data)).find(([key]) => key === name)?.[1];
const dataWith = (event: StoredEvent, changes: Record<string, unknown>): StoredEvent => ({
  ...event,
  data: { ...Object(event.data), ...changes },
});

describe('sealing', () => {
  it('encrypts every personal value and nothing else', async () => {
    const { vault } = setUp();
    const { event, sealed } = await sealedWith(vault, 'user-alice', { ...alice, name: null });
    expect(sealed.data).toEqual({
      userId: 'u_1',
      profileIndex: 'digest',
      issuer: {
        v: 1,
        kid: expect.any(String),
        alg: 'A256GCM',
        nonce: expect.any(String),
        ct: expect.any(String),
        tag: expect.any(String),
      },
      subject: expect.objectContaining({ alg: 'A256GCM' }),
      email: expect.objectContaining({ alg: 'A256GCM' }),
      name: null,
    });
    expect(event.data.email).toBe('alice@acme.test');
  });

  it('leaves no plaintext, and no digest that would confirm a guess', async () => {
    const { vault, store } = setUp();
    const { sealed } = await sealedWith(vault);
    const everything = JSON.stringify([
      sealed.data,
      [...store.keys.values()].map(({ wrapped }) => Buffer.from(wrapped).toString('base64url')),
    ]);
    for (const value of Object.values(alice).map(String))
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(everything).not.toContain(value);
        expect(everything).not.toContain(Buffer.from(value).toString(encoding).replace(/=+$/, ''));
        expect(everything).not.toContain(createHash('sha256').update(value).digest(encoding).slice(0, 20));
      }
  });

  it('never gives the same ciphertext twice', async () => {
    const { vault } = setUp();
    const event = profileOf('user-alice');
    const [once, again] = [await sealedBy(vault, event), await sealedBy(vault, event)];
    for (const name of ['issuer', 'email'])
      for (const part of ['nonce', 'ct', 'tag'])
        expect(Object(fieldOf(once, name))[part]).not.toBe(Object(fieldOf(again, name))[part]);
    expect(await vault.open([once])).toEqual(await vault.open([again]));
  });

  it('passes events without personal values by identity, and makes no key for them', async () => {
    const { vault, store } = setUp();
    const data = { userId: 'u_1', role: 'org.member' };
    const events = [
      stored({ stream: 'org-acme', id: randomUUID(), type: 'MemberAdded' }, data),
      stored({ stream: 'user-a', id: randomUUID(), type: 'FromTheFuture' }, data),
    ];
    expect(await vault.seal(events)).toBe(events);
    expect(await vault.open(events)).toBe(events);
    expect([store.keys.size, store.asked.length, store.lookUps.length]).toEqual([0, 0, 0]);
  });

  it('puts an address that somebody was invited by under a key of its own, beside events of other kinds', async () => {
    const { vault, store } = setUp();
    const sealed = await sealedBy(vault, invitationOf('an-index', 'bob@acme.test'));
    expect([...store.keys.keys()]).toEqual(['email-an-index']);
    const plain = stored({ stream: 'org-acme', id: randomUUID(), type: 'MemberAdded' }, { userId: 'u', role: 'r' });
    const { sealed: profile } = await sealedWith(vault);
    const opened = await setUp(store).vault.open([plain, sealed, profile]);
    expect(opened.map((event) => fieldOf(event, 'email'))).toEqual([undefined, 'bob@acme.test', 'alice@acme.test']);
    store.keys.delete('email-an-index');
    const [erased] = await setUp(store).vault.open([sealed]);
    expect(fieldOf(erased ?? plain, 'email')).toBeNull();
  });

  it('asks for the keys of all events at once, and leaves events without personal values among them as they are', async () => {
    const { vault, store } = setUp();
    const plain = { stream: 'org-acme', id: randomUUID(), type: 'MemberAdded', data: { userId: 'u', role: 'r' } };
    const ann = invitationOf('of-ann', 'ann@acme.test');
    const events = [ann, plain, invitationOf('of-bob', 'bob@acme.test'), invitationOf('of-ann', 'ann@acme.test')];
    const sealed = await vault.seal<(typeof events)[number]>(events);
    expect(store.asked).toEqual([['email-of-ann', 'email-of-bob']]);
    expect(sealed[1]).toBe(plain);
    expect(await setUp(store).vault.open(sealed.map((event) => stored(event, event.data)))).toEqual(
      events.map((event) => stored(event, event.data)),
    );
  });

  it('gives each subject its own key, the same one in every process', async () => {
    const { vault, store } = setUp();
    const [a, b] = [await sealedWith(vault, 'user-a'), await sealedWith(setUp(store).vault, 'user-b')];
    const again = await sealedWith(setUp(store).vault, 'user-a');
    const kidOf = ({ sealed }: { sealed: StoredEvent }) => Object(fieldOf(sealed, 'email')).kid;
    expect(kidOf(again)).toBe(kidOf(a));
    expect(kidOf(b)).not.toBe(kidOf(a));
  });
});

describe('opening', () => {
  it('gives back what was sealed, whatever it was', async () => {
    const { store } = setUp();
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    const fields = fc.record({ issuer: text, subject: text, email: fc.option(text), name: fc.option(text) });
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom('user-a', 'user-b'), async (profile, stream) => {
        const { event, sealed } = await sealedWith(setUp(store).vault, stream, profile);
        const [opened] = await setUp(store).vault.open([stored(event, JSON.parse(JSON.stringify(sealed.data)))]);
        expect(opened?.data).toEqual(event.data);
      }),
      { numRuns: 150 },
    );
  });

  it('looks up the keys of a batch at once, and remembers them', async () => {
    const { vault, store } = setUp();
    const events = await Promise.all(
      ['user-a', 'user-b', 'user-a', 'user-c'].map(async (stream) => (await sealedWith(vault, stream)).sealed),
    );
    const other = setUp(store).vault;
    await other.open(events);
    await other.open(events);
    expect(store.lookUps).toEqual([['user-a', 'user-b', 'user-c']]);
  });

  it('blanks fields whose key was destroyed, and only those', async () => {
    const { vault, store } = setUp();
    const [a, b] = [await sealedWith(vault, 'user-a'), await sealedWith(vault, 'user-b')];
    store.keys.delete('user-a');
    const blank = { userId: 'u_1', profileIndex: 'digest', issuer: null, subject: null, email: null, name: null };
    const fresh = await setUp(store).vault.open([a.sealed, b.sealed]);
    expect(fresh.map(({ data }) => data)).toEqual([blank, b.event.data]);
    vault.forget('user-a');
    expect((await vault.open([a.sealed])).map(({ data }) => data)).toEqual([blank]);
  });

  it('stops using a key that it remembers, once the log says that another process has destroyed it', async () => {
    const { vault, store } = setUp();
    const { sealed } = await sealedWith(vault, 'user-a');
    const { sealed: other } = await sealedWith(vault, 'user-b');
    expect((await vault.open([sealed])).map((event) => fieldOf(event, 'email'))).toEqual(['alice@acme.test']);
    const kid = Object(fieldOf(sealed, 'email')).kid;
    store.keys.delete('user-a');
    const erased = stored(
      { stream: 'user-a', id: randomUUID(), type: 'PersonErased' },
      { userId: 'a', requestId: randomUUID(), keyIds: [kid] },
    );
    const opened = await vault.open([erased, sealed, other]);
    expect(opened.map((event) => fieldOf(event, 'email'))).toEqual([undefined, null, 'alice@acme.test']);
  });

  it('finds the key that followed a destroyed one, though it remembers the first', async () => {
    const { vault, store } = setUp();
    const first = await sealedWith(vault, 'user-a');
    store.keys.delete('user-a');
    const second = await sealedWith(setUp(store).vault, 'user-a');
    const [before, after] = await vault.open([first.sealed, second.sealed]);
    expect(fieldOf(before ?? first.sealed, 'email')).toBeNull();
    expect(after?.data).toEqual(second.event.data);
  });

  it('fails for a value that was moved to another field, event or subject', async () => {
    const { vault, store } = setUp();
    const [one, two, bob] = [
      await sealedWith(vault, 'user-a'),
      await sealedWith(vault, 'user-a'),
      await sealedWith(vault, 'user-b'),
    ];
    const moved = [
      dataWith(one.sealed, { name: fieldOf(one.sealed, 'email') }),
      dataWith(one.sealed, { email: fieldOf(two.sealed, 'email') }),
      { ...one.sealed, id: two.sealed.id },
      dataWith(bob.sealed, {
        email: { ...Object(fieldOf(one.sealed, 'email')), kid: Object(fieldOf(bob.sealed, 'email')).kid },
      }),
    ];
    for (const event of moved) await expect(vault.open([event])).rejects.toBeInstanceOf(PersonalDataUnreadable);
    const [elsewhere] = await vault.open([dataWith(bob.sealed, { email: fieldOf(one.sealed, 'email') })]);
    expect(elsewhere && fieldOf(elsewhere, 'email')).toBeNull();
    const keyOfA = store.keys.get('user-a');
    const swapped = setUp();
    if (keyOfA !== undefined) swapped.store.keys.set('user-b', keyOfA);
    await expect(swapped.vault.seal([profileOf('user-b')])).rejects.toBeInstanceOf(PersonalDataUnreadable);
    await expect(swapped.vault.open([{ ...one.sealed, stream: 'user-b' }])).rejects.toBeInstanceOf(
      PersonalDataUnreadable,
    );
  });

  it('fails for a value that was changed, or never sealed', async () => {
    const { vault } = setUp();
    const { sealed } = await sealedWith(vault);
    const field = Object(fieldOf(sealed, 'email'));
    const flipped = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
    const changes = [
      ...['ct', 'nonce', 'tag'].map((part) => ({ ...field, [part]: flipped(String(field[part])) })),
      { ...field, tag: String(field.tag).slice(0, 8) },
      { ...field, v: 2 },
      'alice@acme.test',
    ];
    for (const email of changes)
      await expect(vault.open([dataWith(sealed, { email })])).rejects.toBeInstanceOf(PersonalDataUnreadable);
  });

  it('goes on under a new master key, also in a process that still knows the former one only', async () => {
    const { store, vault: before } = setUp();
    const { event, sealed } = await sealedWith(before);
    const rotated = { master: secret(3), formerMasters: [secret(1)] };
    const opens = async (vault: Vault) => (await vault.open([sealed]))[0]?.data;
    expect(await opens(vaultUnder(store, rotated))).toEqual(event.data);
    expect(await rewrapAll(store, new MasterKeys(rotated), 1)).toEqual({ keys: 1, rewrapped: 1 });
    expect(await rewrapAll(store, new MasterKeys(rotated))).toEqual({ keys: 1, rewrapped: 0 });
    // Nothing needs the former one any more, and nothing that was sealed has changed.
    expect(await opens(vaultUnder(store, { master: secret(3) }))).toEqual(event.data);
    const running = vaultUnder(store, { master: secret(1) }, async () => rotated);
    expect(await opens(running)).toEqual(event.data);
    await expect(opens(setUp(store).vault)).rejects.toThrow(/another master key/);
    await expect(rewrapAll(store, new MasterKeys({ master: secret(8) }))).rejects.toThrow(/another master key/);
  });

  it('does not take another master key for an erasure', async () => {
    const { vault, store } = setUp();
    const { sealed } = await sealedWith(vault);
    await expect(setUp(store, secret(9)).vault.open([sealed])).rejects.toThrow(/another master key/);
  });
});

it('an index is keyed, and apart per purpose', () => {
  const { vault } = setUp();
  const expected = createHmac('sha256', Buffer.alloc(32, 2)).update('email\u0000a@b').digest('base64url');
  expect(vault.index('email', 'a@b')).toBe(expected);
  expect(vault.index('name', 'a@b')).not.toBe(expected);
});
