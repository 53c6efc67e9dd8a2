import { setTimeout as sleep } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { startTestApi, type TestApi } from '../support/api.js';
import { originsOf } from '#projections/audit-log/queries.js';
import { everythingIn } from '../support/everything-in.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let api: TestApi;
let token = '';
const logged: string[] = [];
const canaries = ['bob.canary@acme.test', 'Bob Canary', 'canary-agent/1'];

const claims = {
  root: { email: 'admin@localhost' },
  bob: { email: 'bob.canary@acme.test', name: 'Bob Canary' },
} as Readonly<Record<string, { email: string; name?: string }>>;

async function send(sub: string, path: string, body?: unknown, bearer?: string) {
  const answer = await api.http.send({
    path: `/v1/${path}`,
    headers: {
      authorization: bearer ?? (await api.bearer(sub, claims[sub])),
      'user-agent': sub === 'bob' ? 'canary-agent/1' : 'test',
      ...(token === '' ? {} : { 'consistency-token': token }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const { 'consistency-token': seen } = answer.headers;
  if (typeof seen === 'string') token = seen;
  return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
}
const realm = (sub: string, command: string, body: unknown) => send(sub, `realm/commands/${command}`, body);
const acme = (sub: string, command: string, body: unknown) => send(sub, `orgs/acme/commands/${command}`, body);

/** Waits for the erasure of the person that the path lists. */
async function verified(sub: string, path: string, userId: string): Promise<void> {
  for (;;) {
    const { body } = await send(sub, path);
    const found = (body.erasures as { userId: string; status: string }[]).find((each) => each.userId === userId);
    if (found?.status === 'verified') return;
    await sleep(50);
  }
}

beforeAll(async () => {
  const sink = new Writable({
    write(line, _, done) {
      logged.push(String(line));
      done();
    },
  });
  api = await startTestApi({ clock, logger: pino({ level: 'trace' }, sink) });
  const officer = { userId: 'petra', role: 'platform.privacy-officer' };
  const made = [
    await realm('root', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' }),
    await acme('alice', 'AddMember', { userId: 'bob', role: 'org.participant' }),
    await acme('alice', 'AddMember', { userId: 'carol', role: 'org.admin' }),
    await realm('root', 'AddPlatformAdmin', { userId: 'paul' }),
    await realm('root', 'AssignPlatformRole', { ...officer, notAfter: '2100-01-01T00:00:00.000Z' }),
    await send('bob', 'me'),
  ];
  expect(made.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
}, 60_000);
afterAll(() => api?.stop());

describe("the platform's privacy officer", () => {
  it('holds nothing until a second person has confirmed it', async () => {
    expect((await realm('petra', 'EraseUser', { userId: 'bob' })).body).toMatchObject({
      status: 403,
      permission: 'platform-subject:erase',
      reason: 'not_confirmed',
    });
    const officer = { userId: 'petra', role: 'platform.privacy-officer' };
    for (const sub of ['root', 'petra'])
      expect([sub, (await realm(sub, 'ConfirmPlatformRole', officer)).status]).not.toEqual([sub, 200]);
    expect((await realm('paul', 'ConfirmPlatformRole', officer)).status).toBe(200);
    expect((await realm('root', 'EraseUser', { userId: 'bob' })).body).toMatchObject({ status: 403 });
  });

  it('erases nobody under a legal hold, which another person releases, and no last owner; both name the organizations', async () => {
    const hold = { holdId: 'case-17', userId: 'bob', matter: 'Case 17' };
    expect((await acme('alice', 'PlaceLegalHold', hold)).status).toBe(403);
    expect((await acme('root', 'PlaceLegalHold', hold)).status).toBe(200);
    expect((await send('paul', 'orgs/acme/legal-holds')).body).toEqual({
      legalHolds: [{ id: 'case-17', userId: 'bob', matter: 'Case 17', placedBy: expect.any(String) }],
    });
    expect((await realm('petra', 'EraseUser', { userId: 'bob' })).body).toMatchObject({
      status: 409,
      code: 'under_legal_hold',
      orgs: ['acme'],
    });
    expect((await acme('root', 'ReleaseLegalHold', { holdId: 'case-17' })).body).toMatchObject({
      code: 'release_by_another',
    });
    expect((await acme('paul', 'ReleaseLegalHold', { holdId: 'case-17' })).status).toBe(200);
    expect((await realm('petra', 'EraseUser', { userId: 'alice' })).body).toMatchObject({
      status: 409,
      code: 'last_owner',
      orgs: ['acme'],
    });
    expect((await realm('petra', 'EraseUser', { userId: 'nobody' })).body).toMatchObject({ code: 'person_not_found' });
  });

  it('exports everything that is known of a person, and leaves that in the audit log', async () => {
    const { status, body } = await send('petra', 'realm/people/bob/export');
    expect([status, body]).toMatchObject([
      200,
      {
        userId: 'bob',
        events: [
          { type: 'MembershipClaimed' },
          { type: 'ProfileObserved', data: { email: 'bob.canary@acme.test', name: 'Bob Canary', subject: 'bob' } },
        ],
        memberships: [{ orgId: 'acme', role: 'org.participant' }],
      },
    ]);
    expect((await send('bob', 'me/export')).body).toMatchObject({ events: body.events as object[] });
    expect((await send('petra', 'realm/people/nobody/export')).status).toBe(404);
    expect((await send('root', 'realm/people/bob/export')).status).toBe(403);
    const csv = await api.http.send({
      path: '/v1/realm/people/bob/export',
      headers: { authorization: await api.bearer('petra'), accept: 'text/csv' },
    });
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.text.split('\r\n').filter((line) => line.includes('"email"'))).toEqual([
      expect.stringMatching(/^"ProfileObserved","2[^"]+Z","email","bob\.canary@acme\.test"$/),
    ]);
    const stored = [];
    for await (const page of api.services.store.read('activity-realm:default', 0n)) stored.push(...page);
    expect(stored.filter(({ type }) => type === 'SubjectExported').map(({ metadata }) => metadata.actor)).toEqual([
      'petra',
      'bob',
      'petra',
    ]);
  });

  it('erases a person: the membership, every name and address wherever they stand; what they did stays', async () => {
    const before = await api.bearer('bob', claims.bob);
    const { reads, personalData } = api.services;
    const origins = async () => {
      const rows = await originsOf(reads, 'bob', undefined, 10);
      return personalData.openOrigins(
        rows.map(({ correlation, origin }) => ({ actor: 'bob', correlation: correlation ?? '', sealed: origin })),
      );
    };
    expect(await origins()).toEqual([{ address: '127.0.0.1', agent: 'canary-agent/1', justification: null }]);
    expect(await everythingIn(api.services.reads)).toContain('bob.canary@acme.test');
    const members = async () =>
      ((await send('alice', 'orgs/acme/members')).body.members as { id: string }[]).map(({ id }) => id);
    expect(await members()).toContain('bob');
    const added = (await send('alice', 'orgs/acme/audit?target=bob&action=AddMember')).body;
    const [{ eventId } = { eventId: '' }] = added.entries as { eventId: string }[];
    const proof = async () => (await send('alice', `orgs/acme/ledger/proof?event=${eventId}`)).body;
    const proven = await proof();
    expect(proven).toMatchObject({ leaf: expect.any(String) });
    const { status, body } = await realm('petra', 'EraseUser', { userId: 'bob' });
    expect([status, body]).toMatchObject([200, { events: [{ type: 'PersonErasureRequested' }] }]);
    await verified('petra', 'realm/erasures', 'bob');
    expect(await members()).toEqual(['alice', 'carol']);
    expect((await send('alice', 'orgs/acme/audit?target=bob&limit=1')).body).toMatchObject({
      entries: [{ action: 'EraseUser', event: 'MemberRemoved', actor: 'petra', causation: expect.any(String) }],
    });
    const rows = await everythingIn(api.services.reads);
    for (const canary of canaries) {
      expect(rows).not.toContain(canary);
      expect(logged.join('')).not.toContain(canary);
    }
    expect(rows).toContain('"bob"');
    expect(await origins()).toEqual([null]);
    expect((await proof()).leaf).toEqual(proven.leaf);

    // An old token brings nothing back; a new one makes the person known anew, under another key.
    await send('bob', 'me', undefined, before);
    await send('alice', 'orgs/acme/members');
    expect(await everythingIn(api.services.reads)).not.toContain('bob.canary@acme.test');
    clock.advance(2000);
    await send('bob', 'me');
    await send('alice', 'orgs/acme/members');
    expect(await everythingIn(api.services.reads)).toContain('bob.canary@acme.test');
    expect((await send('petra', 'realm/erasures')).body).toMatchObject({ erasures: [{ status: 'verified' }] });
  }, 60_000);

  it('leaves a trace of each step for who may read it', async () => {
    const { body } = await send('paul', 'realm/erasures');
    expect(body).toMatchObject({ status: 403 });
    const stored = [];
    for await (const page of api.services.store.read('user-bob', 0n)) stored.push(...page);
    expect(stored.map(({ type }) => type)).toEqual([
      'MembershipClaimed',
      'ProfileObserved',
      'PersonErased',
      'PersonErasureVerified',
      'ProfileObserved',
    ]);
  });
});

it('an organization erases its own member where nobody can belong to another one as well (X-06)', async () => {
  const notAfter = new Date(clock.now() + 86_400_000).toISOString();
  const officer = { userId: 'carol', role: 'org.privacy-officer' };
  await acme('alice', 'AddMember', { userId: 'dave', role: 'org.participant' });
  await acme('alice', 'AddMember', { userId: 'erin', role: 'org.admin' });
  await send('dave', 'me');
  expect((await acme('alice', 'EraseMember', { userId: 'dave' })).status).toBe(403);
  expect((await acme('alice', 'AssignRole', { ...officer, notAfter })).status).toBe(200);
  expect((await acme('erin', 'ConfirmRole', officer)).status).toBe(200);
  expect((await send('alice', 'orgs/acme/members/dave/export')).status).toBe(403);
  expect((await send('carol', 'orgs/acme/members/dave/export')).body).toMatchObject({
    events: [{ type: 'MembershipClaimed' }, { type: 'ProfileObserved', data: { subject: 'dave' } }],
    memberships: [{ orgId: 'acme' }],
  });
  expect((await send('carol', 'orgs/acme/members/nobody/export')).status).toBe(404);
  expect((await acme('carol', 'PlaceLegalHold', { holdId: 'all', matter: 'Audit of 2026' })).status).toBe(200);
  expect((await acme('carol', 'EraseMember', { userId: 'dave' })).body).toMatchObject({ code: 'under_legal_hold' });
  expect((await acme('root', 'ReleaseLegalHold', { holdId: 'all' })).status).toBe(200);
  expect((await acme('carol', 'EraseMember', { userId: 'alice' })).body).toMatchObject({ code: 'last_owner' });
  expect((await acme('carol', 'EraseMember', { userId: 'dave' })).status).toBe(200);
  await verified('carol', 'orgs/acme/erasures', 'dave');
  expect(JSON.stringify((await send('alice', 'orgs/acme/members')).body)).not.toContain('dave');
}, 60_000);
