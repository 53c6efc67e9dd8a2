import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FollowedDocuments, type FollowedDocumentsOptions } from '#libs/access/followed-documents.js';
import { RedisTier } from '#libs/access/redis/redis-tier.js';
import type { Position, StoredEvent } from '#libs/application/ports/event-store.js';
import { StreamParked } from '#libs/application/ports/read-models.js';
import { evolve, initialState } from '#libs/domain/aggregates.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import type { Projector } from '#libs/readstore/projector.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { PostgresAccessDocuments } from '#projections/access-documents/queries.js';
import { allProjections } from '#projections/all.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { freshDatabase } from '../support/postgres.js';
import { freshRedis } from '../support/redis.js';
import { WrappedStore } from '../support/wrapped-store.js';
import { Faulty } from './parking-support.js';
import { History, random } from './projector-history.js';
import { holds, projectorOf, query, until } from './projector-support.js';

const stream = 'org-acme';
const org = { stream, kind: 'org', id: '' } as const;
const ann = { stream, kind: 'member', id: 'ann' } as const;
const live = { stream, kind: 'environment', id: 'live' } as const;
const other = { stream: 'org-other', kind: 'org', id: '' } as const;
const created = (orgId: string) => ({
  type: 'OrgCreated',
  data: { orgId, name: orgId, scheme: { id: 'enterprise', version: 1 }, owner: { userId: 'olga', role: 'org.owner' } },
});
const joined = (userId: string) => ({ type: 'MemberAdded', data: { userId, role: 'org.participant' } });
const environment = { type: 'EnvironmentCreated', data: { environmentId: 'live', name: 'Live' } };
const grant = (environmentId: string) => ({
  type: 'EnvironmentAccessGranted',
  data: { environmentId, grantee: { type: 'user', id: 'ann' } },
});

/** Documents that leave no room for others in a small cache. */
const evicting = ['a', 'b', 'c', 'd'].map((id) => ({ stream: other.stream, kind: 'member', id }) as const);

const folded = (events: readonly StoredEvent[]) =>
  events.reduce((state, { type, data, id, revision, metadata }) => {
    const stamp = { id, revision, occurredAt: String(metadata['occurredAt']) };
    return evolve('org', state, { type, data, stamp });
  }, initialState('org'));

/** A log that can go out of sight of one process. */
class HidingStore extends WrappedStore {
  follows = 0;
  private hidden = false;
  private breaking = new AbortController();

  constructor(store: MemoryEventStore) {
    super(store, (append) => append());
  }

  hide(hidden: boolean): void {
    this.hidden = hidden;
    this.breaking.abort();
    this.breaking = new AbortController();
  }

  override async *follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]> {
    this.follows += 1;
    if (this.hidden) throw new Error('the log is out of sight');
    yield* super.follow(after, AbortSignal.any([signal, this.breaking.signal]));
    if (!signal.aborted) throw new Error('the subscription broke');
  }
}

describe('the documents of a process that follows the log', () => {
  let store: MemoryEventStore;
  let seen: HidingStore;
  let history: History;
  let db: Database;
  let projector: Projector;
  let faulty: Faulty;
  let stops: (() => Promise<unknown>)[];
  let redisUrl: string;

  beforeEach(async () => {
    stops = [];
    const [database, redis] = await Promise.all([freshDatabase(), freshRedis()]);
    stops.push(
      () => database.drop(),
      () => redis.drop(),
    );
    redisUrl = redis.url;
    db = openDatabase(database.url);
    stops.push(() => db.destroy());
    store = new MemoryEventStore();
    seen = new HidingStore(store);
    history = new History(store, random(1));
    await history.append(stream, [created('acme')]);
    await history.append('org-other', [created('other')]);
    await history.append(stream, [environment]);
    await history.append(stream, [joined('ann')]);
    faulty = new Faulty();
    projector = projectorOf(db, store, {
      projections: [...allProjections, faulty.projection],
      replay: { firstMs: 1e9, maxMs: 1e9 },
    });
    stops.push(() => projector.stop());
    projector.start();
    await holds(projector, history);
  });
  afterEach(async () => {
    for (const end of stops.reverse()) await end();
  });

  async function follow(options: Partial<FollowedDocumentsOptions> = {}) {
    const events: string[] = [];
    const redis = new RedisTier({ url: redisUrl, answerWithinMs: 10_000 });
    const documents = new FollowedDocuments(
      seen,
      new PostgresAccessDocuments(db),
      new CheckpointPosition(db, projector),
      {
        cachedDocuments: 100,
        budgetMs: 10_000,
        staleAfterMs: 600_000,
        onBreak: () => {},
        redis,
        listener: (event, tier) => events.push(`${tier} ${event}`),
        ...options,
      },
    );
    await documents.start();
    stops.push(
      () => redis.stop(),
      () => documents.stop(),
    );
    /** Once the documents that follow the log have seen all of it. */
    const load = (...keys: Parameters<typeof documents.load>[0]) => documents.load(keys, history.position);
    const hit = async (...keys: Parameters<typeof documents.load>[0]) => {
      events.length = 0;
      const loaded = await load(...keys);
      expect(events.filter((event) => event.endsWith('hit'))).toHaveLength(1);
      return { loaded, by: events.find((event) => event.endsWith('hit')) };
    };
    return { documents, load, hit };
  }

  it('are kept through a change that does not touch them, in the process and in Redis', async () => {
    const { hit } = await follow();
    const beside = await follow({ cachedDocuments: 2 });
    await until(async () => (await hit(org, ann, live)).by === 'process hit');
    await history.append(stream, [grant('live')]);
    expect(await hit(ann)).toMatchObject({ by: 'postgres hit', loaded: { revisions: new Map([[stream, 3n]]) } });
    expect(await hit(org, live)).toMatchObject({ by: 'process hit', loaded: { revisions: new Map([[stream, 3n]]) } });
    await until(async () => {
      // Makes room for nothing else, so that the next ones come from a tier that others have filled.
      await beside.load(other, ann);
      return (await beside.hit(org, live)).by === 'redis hit';
    });
  });

  it('say who is suspended, which group was granted what and who is in it, in every tier as the fold does', async () => {
    const { hit } = await follow();
    const beside = await follow({ cachedDocuments: 4 });
    const team = { stream, kind: 'group', id: 'team' } as const;
    const keys = [org, ann, team, live] as const;
    const toTeam = { environmentId: 'live', grantee: { type: 'group', id: 'team' } };
    for (const drafts of [
      [{ type: 'GroupCreated', data: { groupId: 'team', name: 'Team' } }],
      [{ type: 'GroupMemberAdded', data: { groupId: 'team', userId: 'ann' } }],
      [{ type: 'EnvironmentAccessGranted', data: toTeam }],
      [{ type: 'MemberSuspended', data: { userId: 'ann' } }],
      [
        { type: 'OrgSuspended', data: {} },
        { type: 'OrgRenamed', data: { name: 'Renamed' } },
      ],
      [{ type: 'MemberResumed', data: { userId: 'ann' } }],
      [{ type: 'OrgResumed', data: {} }],
      [
        { type: 'EnvironmentAccessRevoked', data: toTeam },
        { type: 'GroupDeleted', data: { groupId: 'team' } },
      ],
    ]) {
      await history.append(stream, drafts);
      const state = folded(store.log.filter((event) => event.stream === stream));
      const { groups, members, environments } = state;
      const documents = [state.org, members.get('ann'), groups.get('team'), environments.get('live')];
      const asStored: unknown = JSON.parse(JSON.stringify(documents));
      const seenBy = new Set<string | undefined>();
      // From where it lies, then from the process's own memory, and from what it left to others.
      await until(async () => {
        const found = await hit(...keys);
        expect(found.loaded?.documents).toEqual(asStored);
        seenBy.add(found.by);
        await beside.load(other, { stream: other.stream, kind: 'member', id: 'olga' }, ...evicting);
        const shared = await beside.hit(...keys);
        expect(shared.loaded?.documents).toEqual(asStored);
        seenBy.add(shared.by);
        return ['process hit', 'redis hit'].every((by) => seenBy.has(by));
      });
    }
  });

  it('are not answered at all while their organization is parked, though they stand in every tier', async () => {
    const { load, hit } = await follow();
    await until(async () => (await hit(org, ann, live)).by === 'process hit');
    faulty.fails = (event) => event.stream === stream;
    await history.append(stream, [grant('live')]);
    await expect(load(org, live)).rejects.toThrow(StreamParked);
    await expect(load(other, org)).rejects.toThrow(StreamParked);
    expect(await load(other)).toMatchObject({ revisions: new Map([[other.stream, 0n]]) });
    // Nor by a process that comes later, and has not seen the event.
    const later = await follow();
    await expect(later.load(org, live)).rejects.toThrow(StreamParked);
  });

  it('are not answered from rows that lack an event which they claim to hold', async () => {
    const { load } = await follow();
    await history.append(stream, [grant('live')]);
    await holds(projector, history);
    await load(other);
    await query(db, `update read_v1.access_streams set revision = revision - 1 where stream = $1`, [stream]);
    expect(await load(ann)).toBeUndefined();
    expect(await load(other)).toBeDefined();
  });

  it('are answered between the parts of one command as before it or as after it', async () => {
    const { documents } = await follow();
    await documents.load([org, ann, live], undefined);
    store.pageSize = 1;
    const answers = new Set<string>();
    const appending = history.append(stream, [joined('ben'), grant('live'), joined('cleo')]);
    for (let i = 0; i < 200; i++) {
      const loaded = await documents.load([org, ann, live], undefined);
      answers.add(`${loaded?.revisions.get(stream)}`);
      await sleep(0);
    }
    await appending;
    expect([...answers].filter((revision) => !['2', '5'].includes(revision))).toEqual([]);
    expect(answers.size).toBeGreaterThan(0);
  });

  it('stand beside each other as they once did, also where the rows are ahead of what the process has seen', async () => {
    const { documents, hit } = await follow();
    await until(async () => (await hit(other)).by === 'process hit');
    const followed = seen.follows;
    seen.hide(true);
    await until(() => seen.follows > followed);
    await history.append(other.stream, [joined('ben')]);
    await history.append(stream, [grant('live')]);
    await holds(projector, history);
    expect((await documents.load([ann], undefined))?.revisions.get(stream)).toBe(3n);
    const both = await documents.load([other, ann], undefined);
    const revisions = [other.stream, stream].map((each) => both?.revisions.get(each));
    expect([
      [0n, 2n],
      [1n, 3n],
    ]).toContainEqual(revisions);
  });

  it('are answered again after the log was out of sight and nothing had happened there', async () => {
    const { documents } = await follow({ staleAfterMs: 0 });
    expect(await documents.load([org], undefined)).toBeDefined();
    seen.hide(true);
    await until(async () => (await documents.load([org], undefined)) === undefined);
    seen.hide(false);
    await until(async () => (await documents.load([org], undefined)) !== undefined);
  });

  it('are never answered again once the log was replaced by an older one', async () => {
    const { documents, hit } = await follow();
    await until(async () => (await hit(org, ann, live)).by === 'process hit');
    await history.append(stream, [grant('live')]);
    await until(async () => (await documents.load([ann], history.position)) !== undefined);
    const lost = await store.last(stream);
    store.truncate(store.log.length - 1);
    await store.append(stream, 2n, [{ id: 'another event', metadata: lost?.metadata ?? {}, ...joined('eve') }]);
    seen.hide(false);
    // Long before it would be too old: what this process knows is of a log that is gone.
    await until(async () => (await documents.load([org], undefined)) === undefined);
  });

  it('are taken anew from another build of the read models', async () => {
    let build: string | undefined = 'the first';
    const { load, hit } = await follow({ readModels: async () => build });
    await query(db, `update read_v1.access_documents set doc = '{"wrong":true}' where kind = 'environment'`);
    await until(async () => (await hit(live)).by === 'process hit');
    expect((await load(live))?.documents).toEqual([{ wrong: true }]);
    await query(db, `update read_v1.access_documents set doc = '{"wrong":false}' where kind = 'environment'`);
    build = 'the second';
    await until(async () => JSON.stringify((await load(live))?.documents) === '[{"wrong":false}]');
    build = undefined;
    await until(async () => (await load(live)) === undefined);
  });
});
