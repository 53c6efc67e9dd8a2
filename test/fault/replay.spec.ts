import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { endsCommand } from '#libs/application/metadata.js';
import { parseStream } from '#libs/application/streams.js';
import type { Database } from '#libs/readstore/database.js';
import { generationsHolding } from '#libs/readstore/generations.js';
import { dropReplay, replay, type ReplayOptions, ReplayRefused } from '#libs/readstore/replay.js';
import { replaySchemas } from '#libs/readstore/replay-schemas.js';
import { type ReplayScope, scopeOfOrg, scopeOfRealm } from '#libs/readstore/replay-scope.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { useDatabase } from '../support/use-database.js';
import { History, random } from './projector-history.js';
import { expectRows, interruptibleDatabase, project, query, rowsIn } from './projector-support.js';
import { personalData } from './rebuild-support.js';

type Rows = Record<string, readonly Record<string, unknown>[]>;

/** What the live read models held once everything of an instant was in them. */
interface Snapshot {
  readonly at: number;
  readonly events: number;
  readonly rows: Rows;
}

const org = 'org-0';
const now = Date.parse('2030-01-01T00:00:00.000Z');
const store = new MemoryEventStore();
const snapshots: Snapshot[] = [];
let db: Database;
let url: string;

useDatabase((opened, at) => {
  db = opened;
  url = at;
});
beforeAll(async () => {
  const history = new History(store, random(7));
  await history.append('realm-default', [
    { type: 'RealmCreated', data: { realmId: 'default', scheme: { id: 'enterprise', version: 1 } } },
  ]);
  await history.append(
    'realm-other',
    [{ type: 'RealmCreated', data: { realmId: 'other', scheme: { id: 'teams', version: 1 } } }],
    { realm: 'other' },
  );
  const refusal = { command: 'AddMember', targets: ['user-1'], outcome: 'denied', code: 'forbidden' };
  for (const commands of [15, 25, 40, 60]) {
    await history.grow(commands);
    await history.append(`activity-${org}`, [{ type: 'CommandRefused', data: refusal }], { actor: 'stranger' });
    await history.append('user-stranger', [profileOf('stranger')]);
    snapshots.push({
      at: lastInstant(),
      events: store.log.length,
      rows: (await project(db, store, history)) as Rows,
    });
    history.pass(1);
  }
}, 60_000);
afterEach(async () => {
  for (const schema of await replaySchemas(db)) await dropReplay(db, schema);
});

const lastInstant = () => Date.parse(store.log.at(-1)?.metadata['occurredAt'] ?? '');
const profileOf = (userId: string) => ({
  type: 'ProfileObserved',
  data: {
    userId,
    profileIndex: 'p',
    issuer: 'https://issuer.test',
    subject: userId,
    email: `${userId}@x.test`,
    name: null,
  },
});

const replayed = (scope: ReplayScope | string, options: Partial<ReplayOptions> = {}) => {
  if (typeof scope === 'string') throw new Error(scope);
  const defaults = { db, store, personalData, projections: allProjections, schema: 'then', batchSize: 10 };
  return replay({ ...defaults, scope, signal: new AbortController().signal, ...options });
};

/** Of the rows, those that follow from streams that `concerns` accepts. */
const ofStreams = (rows: Rows, concerns: (stream: string) => boolean): Rows =>
  Object.fromEntries(
    Object.entries(rows).map(([table, all]) => [table, all.filter((row) => concerns(streamBehind(row)))]),
  );

function streamBehind({ stream, org_id: orgId, user_id: userId }: Record<string, unknown>): string {
  if (typeof stream === 'string') return stream;
  return typeof orgId === 'string' ? `org-${orgId}` : `user-${String(userId)}`;
}

/** Everybody who was a member by then, or did something; found by the plainest means. */
function peopleBy(at: number): Set<string> {
  const people = new Set<string>();
  for (const { stream, data, metadata } of store.log) {
    if (Date.parse(metadata['occurredAt'] ?? '') > at) continue;
    if (stream !== `org-${org}` && stream !== `activity-${org}`) continue;
    people.add(metadata['actor'] ?? '');
    const named = data as {
      userId?: string;
      owner?: { userId: string };
      toUserId?: string;
      grantee?: { type: string; id: string };
    };
    for (const id of [named.userId, named.owner?.userId, named.toUserId]) if (id !== undefined) people.add(id);
    if (named.grantee?.type === 'user') people.add(named.grantee.id);
  }
  return people;
}

describe('a replay', () => {
  it('of a realm has every row that the live read models had at that moment, and no other', async () => {
    for (const { at, rows, events } of snapshots) {
      expect(await replayed(await scopeOfRealm(store, 'default', at, now))).toMatchObject({ parked: [] });
      const there = (await rowsIn(db, 'then')) as Rows;
      expect(there).toEqual(ofStreams(rows, (stream) => stream !== 'realm-other'));
      expect(Object.values(there).flat().length).toBeGreaterThan(events);
      await dropReplay(db, 'then');
    }
    expect(await rowsIn(db)).toEqual(snapshots.at(-1)?.rows);
  });

  it('of an organization has its rows, those of its realm and of its people', async () => {
    for (const { at, rows } of snapshots) {
      await replayed(await scopeOfOrg(store, org, { instant: at }, now));
      const people = peopleBy(at);
      const concerns = (stream: string) => {
        const { category, id } = parseStream(stream);
        return category === 'user' ? people.has(id) : id === org || stream === 'realm-default';
      };
      const there = (await rowsIn(db, 'then')) as Rows;
      expect(there).toEqual(ofStreams(rows, concerns));
      expect(there['members']?.length).toBeGreaterThan(0);
      expect(there['people']?.length).toBeGreaterThan(0);
      await dropReplay(db, 'then');
    }
  });

  it('up to a revision ends with the last whole command, and with its instant for everything else', async () => {
    const own = store.log.filter(({ stream }) => stream === `org-${org}`);
    const middle = own.find(({ metadata }) => !endsCommand(metadata));
    for (const asked of [own[12], middle ?? own[3]]) {
      if (asked === undefined) throw new Error('the history is too short');
      const scope = await scopeOfOrg(store, org, { revision: asked.revision }, now);
      if (typeof scope === 'string') throw new Error(scope);
      const whole = own.findLast((event) => event.revision <= asked.revision && endsCommand(event.metadata));
      expect([scope.revision, scope.instant]).toEqual([
        whole?.revision,
        Date.parse(whole?.metadata['occurredAt'] ?? ''),
      ]);
      await replayed(scope);
      expect(await query(db, `select revision from "then".access_streams where stream = 'org-${org}'`)).toEqual([
        { revision: `${scope.revision}` },
      ]);
      await dropReplay(db, 'then');
    }
  });

  it('goes on where it was stopped, up to where the log ended when it began', async () => {
    const scope = await scopeOfRealm(store, 'default', snapshots[2]?.at ?? 0, now);
    const stopped = async () => {
      const abort = new AbortController();
      let batches = 0;
      const onProgress = () => ++batches === 3 && abort.abort(new Error('stopped'));
      await expect(replayed(scope, { signal: abort.signal, onProgress })).rejects.toThrow('stopped');
    };
    await stopped();
    const [first] = await query<{ commit: string }>(db, 'select commit from "then".checkpoint');
    await stopped();
    const [second] = await query<{ commit: string }>(db, 'select commit from "then".checkpoint');
    expect(Number(second?.commit)).toBeGreaterThan(Number(first?.commit));
    const { events } = await replayed(scope);
    expect(events).toBeLessThan(store.log.length - 45);
    expect(await rowsIn(db, 'then')).toEqual(ofStreams(snapshots[2]?.rows ?? {}, (stream) => stream !== 'realm-other'));
    expect(await replayed(scope)).toMatchObject({ events: 0 });
  });

  it('gives the same rows wherever it was killed, and the schema is its own from the first moment on', async () => {
    const scope = await scopeOfOrg(store, org, { instant: snapshots[1]?.at ?? 0 }, now);
    await replayed(scope);
    const expected = await rowsIn(db, 'then');
    await dropReplay(db, 'then');
    const killedAt = new Set<string>();
    for (let killAt = 4, total = Number.POSITIVE_INFINITY; killAt < total; killAt += 13) {
      const dead = new AbortController();
      let count = 0;
      const faulty = interruptibleDatabase(url, (name) => {
        if (count++ < killAt) return;
        killedAt.add(name.split(' ').slice(0, 2).join(' '));
        dead.abort(new Error('killed'));
        throw new Error('killed');
      });
      await replayed(scope, { db: faulty, signal: dead.signal, batchSize: 100 }).catch(({ message }) =>
        expect(message).toBe('killed'),
      );
      await faulty.destroy();
      if (!dead.signal.aborted) total = count;
      await replayed(scope, { batchSize: 100 });
      await expectRows(db, expected, 'then');
      await dropReplay(db, 'then');
    }
    const verbs = new Set([...killedAt].map((place) => place.split(' ')[1]));
    expect([...verbs]).toEqual(expect.arrayContaining(['create', 'insert', 'select']));
  }, 120_000);

  it('refuses names that are not its own, a moment that has not come, and what was not there', async () => {
    const scope = await scopeOfOrg(store, org, { instant: snapshots[0]?.at ?? 0 }, now);
    await query(db, 'create schema somebody');
    await query(db, 'create table somebody.checkpoint (name text)');
    const names = ['read_v1', 'read_v1_g1', 'read_x', 'durable', 'snapshots', 'public', 'pg_x', 'information_schema'];
    for (const schema of [...names, 'somebody', 'Then', 'a"b', '1a', '', 'a'.repeat(64)]) {
      await expect(replayed(scope, { schema })).rejects.toThrow(ReplayRefused);
      await expect(dropReplay(db, schema)).rejects.toThrow(ReplayRefused);
    }
    await expect(dropReplay(db, 'missing')).rejects.toThrow(ReplayRefused);
    await replayed(scope);
    await expect(replayed(await scopeOfOrg(store, 'org-1', { instant: now }, now))).rejects.toThrow(/another replay/);
    await expect(replayed(scope, { projections: allProjections.slice(1) })).rejects.toThrow(/another replay/);
    expect(
      await query(db, `select nspname from pg_namespace where nspname ~ '^(read_v1|durable|somebody)' order by 1`),
    ).toEqual(['read_v1', 'read_v1_g1', 'somebody'].map((nspname) => ({ nspname })));
    expect(await scopeOfOrg(store, org, { instant: now + 1 }, now)).toBe('future');
    expect(await scopeOfOrg(store, org, { revision: 100_000n }, now)).toBe('future');
    expect(await scopeOfRealm(store, 'default', now + 1, now)).toBe('future');
    expect(await scopeOfOrg(store, org, { instant: 0 }, now)).toBe('unknown');
    expect(await scopeOfOrg(store, 'nowhere', { instant: now }, now)).toBe('unknown');
    expect(await scopeOfRealm(store, 'nowhere', now, now)).toBe('unknown');
  });

  it('is found where rows of a person must go wherever they stand', async () => {
    await replayed(await scopeOfRealm(store, 'default', now, now));
    expect(await generationsHolding(db, 'people')).toEqual(['read_v1_g1', 'then']);
  });
});
