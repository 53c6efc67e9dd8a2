import { createSecretKey, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Appender } from '#libs/application/appender.js';
import { Eraser, type ErasureProgress } from '#libs/application/erasure/eraser.js';
import { FindErasureObstacles } from '#libs/application/erasure/obstacles.js';
import { Folds } from '#libs/application/folds.js';
import type { EventStore } from '#libs/application/ports/event-store.js';
import { emailIndexOf } from '#libs/application/ports/personal-data.js';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { SystemClock } from '#libs/platform/clock.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { Projector } from '#libs/readstore/projector.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import { ensureReadSchema } from '#libs/readstore/read-schema.js';
import { rebuild } from '#libs/readstore/rebuild.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { Vault } from '#libs/vault/vault.js';
import { allProjections } from '#projections/all.js';
import { PostgresErasures } from '../../apps/postgres-erasures.js';
import { everythingIn } from '../support/everything-in.js';
import { freshDatabase } from '../support/postgres.js';

const secret = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const clock = new SystemClock();
const WAIT_MS = 20_000;

let node: EmbeddedNode;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
let store: EsdbEventStore;
let projector: Projector;
const newVault = () =>
  new Vault({ index: secret(2) }, new PostgresSubjectKeys(db), new MasterKeys({ master: secret(1) }));
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [node, database] = await Promise.all([startNode({}), freshDatabase()]);
  db = openDatabase(database.url);
  store = await EsdbEventStore.connect(node.connectionString);
  await migrate(db);
  await ensureReadSchema(db, allProjections);
  projector = new Projector({ store, db, projections: allProjections, personalData: newVault() });
  projector.start();
  stops.push(
    () => database.drop(),
    () => node.stop(),
    () => store.close(),
    () => db.destroy(),
    () => projector.stop(),
  );
}, 60_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

class Crash extends Error {}

/** Every call of the part's methods, counted before and after: the one where its process dies never ends well. */
function mortal<Part extends object>(part: Part, passes: () => void): Part {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        passes();
        const answer: unknown = Reflect.apply(member, target, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.then((value: unknown) => {
          passes();
          return value;
        });
      };
    },
  });
}

/** A process that erases, and dies at the call of its ports with this number; what it has answered before that. */
function eraserThatDies(at = Number.POSITIVE_INFINITY) {
  let passed = 0;
  const passes = () => {
    if (passed++ >= at) throw new Crash(`at ${at}`);
  };
  const ownStore: EventStore = mortal<EventStore>(store, passes);
  const vault = mortal(newVault(), passes);
  const erasures = mortal(new PostgresErasures(db, new CheckpointPosition(db), WAIT_MS), passes);
  const folds = new Folds(ownStore);
  const appender = new Appender(ownStore, folds, vault);
  const obstacles = new FindErasureObstacles(folds, erasures);
  const eraser = new Eraser(ownStore, folds, appender, vault, erasures, obstacles, clock);
  return { eraser, passed: () => passed };
}

async function append(stream: string, ...events: readonly (readonly [type: string, data: unknown])[]) {
  const vault = newVault();
  const last = await store.last(stream);
  const drafts = events.map(([type, data], i) => ({
    id: randomUUID(),
    type,
    data,
    metadata: {
      realm: 'default',
      actor: 'petra',
      command: 'Told',
      commandId: randomUUID(),
      correlation: 'told',
      occurredAt: new Date(clock.now()).toISOString(),
      part: `${i + 1}/${events.length}`,
    },
  }));
  const sealed = await vault.seal(drafts.map((draft) => ({ ...draft, stream })));
  expect((await store.append(stream, last?.revision ?? -1n, sealed)).appended).toBe(true);
  const at = await store.head();
  if (at !== undefined) await new CheckpointPosition(db).reached(at, WAIT_MS);
}

const organization = (orgId: string, scheme: string) =>
  append(`org-${orgId}`, [
    'OrgCreated',
    {
      orgId,
      name: orgId,
      scheme: { id: scheme, version: 1 },
      owner: { userId: `${orgId}-owner`, role: 'org.owner' },
    },
  ]);

/** Somebody in two organizations and invited to a third by both of their addresses, under each of which they were known. */
async function person(userId: string) {
  const addresses = [`${userId}@canary.test`, `${userId}@former-canary.test`];
  const profile = (email: string | undefined, issuedAt: number) =>
    [
      'ProfileObserved',
      {
        userId,
        profileIndex: `index ${issuedAt}`,
        issuedAt,
        issuer: 'i',
        subject: `${userId}-canary`,
        email,
        name: 'C',
      },
    ] as const;
  await append(`user-${userId}`, profile(addresses[1], 1));
  await append(`user-${userId}`, profile(addresses[0], 2));
  for (const org of ['org-acme', 'org-beta']) await append(org, ['MemberAdded', { userId, role: roles[org] }]);
  for (const [i, email] of addresses.entries())
    await append('org-gamma', [
      'InvitationCreated',
      {
        invitationId: `${userId}-${i}`,
        emailIndex: emailIndexOf(newVault(), email),
        email,
        role: 'org.viewer',
        environments: [],
        expiresAt: '2100-01-01T00:00:00.000Z',
      },
    ]);
}
const roles: Readonly<Record<string, string>> = { 'org-acme': 'org.participant', 'org-beta': 'org.viewer' };

async function until(eraser: Eraser, kind: ErasureProgress['kind'] | 'failed'): Promise<void> {
  for (let rounds = 0; ; rounds++) {
    const results = await eraser.round();
    if (results.every(([, progress]) => progress.kind === kind)) return;
    if (rounds === 20) throw new Error(`still ${JSON.stringify(results)}`);
  }
}

async function eventsAfterErasure(userId: string) {
  const found: string[] = [];
  for (const stream of [`user-${userId}`, 'org-acme', 'org-beta', 'org-gamma'])
    for await (const page of store.read(stream, 0n))
      for (const { type, data, metadata } of page)
        if (metadata.causation !== undefined && JSON.stringify(data).includes(userId)) found.push(`${stream} ${type}`);
  return found;
}

it('are complete wherever their process dies, each step once, in every generation of the read models', async () => {
  await organization('acme', 'enterprise');
  await organization('beta', 'teams');
  await organization('gamma', 'teams');
  const models = { db, store, projections: allProjections, personalData: newVault() };
  let crashes = 0;
  for (let at = 0; ; at++) {
    const userId = `p${at}`;
    await person(userId);
    // One that was live and one that is being built hold names as well.
    if (at === 0) {
      await rebuild({ ...models, swap: true });
      await rebuild(models);
      expect((await everythingIn(db)).split('p0@canary.test').length).toBeGreaterThan(5);
    }
    await append('realm-default', ['PersonErasureRequested', { userId }]);
    const first = eraserThatDies(at);
    await first.eraser.round().catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
    const died = first.passed() > at;
    if (died) crashes++;
    await until(eraserThatDies().eraser, 'verified');
    expect([at, await eventsAfterErasure(userId)]).toEqual([
      at,
      [
        `user-${userId} PersonErased`,
        `user-${userId} PersonErasureVerified`,
        'org-acme MemberRemoved',
        'org-beta MemberRemoved',
        'org-gamma InvitedAddressErased',
        'org-gamma InvitedAddressErased',
      ],
    ]);
    const rows = await everythingIn(db);
    for (const canary of [`${userId}@canary.test`, `${userId}@former-canary.test`, `${userId}-canary`])
      expect([at, rows.includes(canary)]).toEqual([at, false]);
    expect(await eraserThatDies().eraser.round()).toEqual([]);
    if (!died) break;
  }
  expect(crashes).toBeGreaterThan(40);

  // The same rows, built anew from a log in which nobody can read those names any more.
  const { differences } = await rebuild({ ...models, personalData: newVault(), fresh: true });
  expect(differences).toEqual([]);
}, 300_000);

it('wait while a hold that came in between stands against them, and go on once it is released', async () => {
  await person('held');
  await append('realm-default', ['PersonErasureRequested', { userId: 'held' }]);
  await append('org-beta', ['LegalHoldPlaced', { holdId: 'h', matter: 'Case', placedBy: 'petra' }]);
  const { eraser } = eraserThatDies();
  expect(await eraser.round()).toMatchObject([[{ userId: 'held' }, { kind: 'waits', heldBy: ['beta'] }]]);
  expect(await everythingIn(db)).toContain('held@canary.test');
  await append('org-beta', ['LegalHoldReleased', { holdId: 'h' }]);
  await until(eraser, 'verified');
  expect(await everythingIn(db)).not.toContain('held@canary.test');
}, 60_000);

it('hold where an older backup brings keys back: they are destroyed again', async () => {
  await person('restored');
  const keys = await rowsOf<{ subject: string; kid: string; wrapped: Uint8Array }>(
    db,
    "select subject, kid, wrapped from durable.subject_keys where subject = 'user-restored'",
  );
  await append('realm-default', ['PersonErasureRequested', { userId: 'restored' }]);
  await until(eraserThatDies().eraser, 'verified');
  for (const { subject, kid, wrapped } of keys)
    await rowsOf(db, 'insert into durable.subject_keys (subject, kid, wrapped) values ($1, $2, $3)', [
      subject,
      kid,
      wrapped,
    ]);
  await eraserThatDies().eraser.round();
  expect(await rowsOf(db, "select 1 from durable.subject_keys where subject = 'user-restored'")).toEqual([]);
}, 60_000);
