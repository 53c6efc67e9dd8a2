import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafOf } from '#libs/application/ledger/leaf.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { decodeProof, openProof } from '#libs/ledger/inclusion-proof.js';
import { decodeKey, type NoteKey } from '#libs/ledger/signed-note.js';
import { verifyInclusion } from '#libs/ledger/verify.js';
import { verifyLog } from '#projections/ledger/verification.js';
import { RealmOrgs } from '../support/realm-orgs.js';

interface Entry {
  readonly eventId: string;
  readonly revision: string;
  readonly action: string;
  readonly stream: string;
}

const STREAM = 'usage-gate-org';
let orgs: RealmOrgs<'gate'>;
let key: NoteKey;
const [mel, ned] = ['mel@gate', 'ned@gate'];
const spent = { cost: { thousandths: 4_321, currency: 'EUR' }, model: 'secret-model' };
const line = { userId: mel, environmentId: 'live', ...spent };

beforeAll(async () => {
  orgs = await RealmOrgs.start({ gate: { owner: 'gus', others: { mel: 'org.member', ned: 'org.member' } } });
  for (const environmentId of ['live', 'lab'])
    await orgs.done('gate', 'gus', 'CreateEnvironment', { environmentId, name: environmentId });
  await orgs.done('gate', 'gus', 'AssignRole', {
    userId: ned,
    role: 'org.auditor',
    notAfter: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await orgs.done('gate', 'root', 'ConfirmRole', { userId: ned, role: 'org.auditor' });
  key = decodeKey((await orgs.api.http.send({ path: '/v1/ledger/key' })).text.trim());
}, 120_000);
afterAll(() => orgs?.api.stop());

async function entries(query = 'category=usage', who = 'gus'): Promise<Entry[]> {
  const { status, body } = await orgs.ofOrg('gate', who, `audit?limit=200&${query}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body.entries;
}

async function events(): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const page of orgs.api.services.store.read(STREAM, 0n)) all.push(...page);
  return all;
}

const commands: readonly (readonly [string, object, object])[] = [
  [
    'RecordUsage',
    { lines: [line, { ...line, userId: ned }, { ...line, environmentId: 'lab' }, { runs: 1 }] },
    { event: 'UsageRecorded', targets: [mel, 'live', ned, 'lab'], environment: null },
  ],
  ['AdmitUsage', { lines: [line] }, { event: 'UsageRecorded', targets: [mel, 'live'], environment: 'live' }],
  [
    'RecordBlockedRequest',
    { userId: mel, model: 'secret-model', reason: 'guardrail', rule: 'secret-rule' },
    { event: 'RequestBlocked', targets: [mel], environment: null },
  ],
];

describe('each command of usage', () => {
  it.each(commands)(
    '%s leaves one entry with one leaf; its repeat, its dry run and a refusal none',
    async (name, input, told) => {
      const before = await entries();
      await orgs.done('gate', 'meter', name, input, { 'dry-run': 'true' });
      const keyed = { 'idempotency-key': `"${name}"` };
      const { events: appended } = await orgs.done('gate', 'meter', name, input, keyed);
      await orgs.done('gate', 'meter', name, input, keyed);
      await entries();
      await orgs.done('gate', 'meter', name, input, keyed);
      expect((await orgs.post('gate', 'meter', name, { ...input, ...elsewhere(input) })).status).toBe(422);
      const [entry, ...rest] = await entries();
      expect(rest).toEqual(before);
      const who = { stream: STREAM, actor: 'meter@gate', action: name, outcome: 'allowed', role: 'platform.meter' };
      expect(entry).toMatchObject({ ...who, ...told, eventId: appended[0].id, data: {}, agent: null });
      expect(JSON.stringify(entry)).not.toMatch(/secret|4321|guardrail/);

      const [stored] = (await events()).slice(-1);
      const { status, body } = await orgs.ofOrg('gate', 'gus', `ledger/proof?tree=usage&event=${entry?.eventId}`);
      expect([status, body]).toEqual([200, expect.anything()]);
      expect(stored && body.leaf).toBe(stored && leafOf(stored).toString('utf8'));
      const leaf = Buffer.from(body.leaf);
      expect(openProof(body.proof, leaf, `${key.name}/usage/gate-org`, key)).toMatchObject({ index: stored?.revision });
      expect(body.hash).toBe(createHash('sha256').update('\0').update(leaf).digest('base64'));
    },
  );

  it('is found by whom and what it named, and left out with its category', async () => {
    const actions = async (query: string) => (await entries(query)).map(({ action }) => action);
    expect(await actions(`target=${ned}&action=RecordUsage`)).toEqual(['RecordUsage']);
    expect(await actions('environment=live&category=usage')).toEqual(['AdmitUsage']);
    expect(await actions('target=lab&category=usage')).toEqual(['RecordUsage']);
    const without = await entries('category=org,activity');
    expect(without.map(({ stream }) => stream)).toContain('org-gate-org');
    expect(without.map(({ stream }) => stream)).not.toContain(STREAM);
    const all = await entries('');
    expect(all.filter(({ stream }) => stream === STREAM)).toHaveLength(3);
    for (const category of ['realm', 'org,', 'org,org,org,org', ''])
      expect([category, (await orgs.ofOrg('gate', 'gus', `audit?category=${category}`)).status]).toEqual([
        category,
        400,
      ]);
    expect((await orgs.get('gate', 'root', 'realm/activity?category=org')).status).toBe(400);
  });

  it('stands in exports, which say up to where, unless it is left out', async () => {
    const exported = async (query: string) => {
      const headers = await orgs.headersOf('gate', 'gus');
      const { status, text } = await orgs.api.http.send({ path: `/v1/orgs/gate-org/audit?${query}`, headers });
      expect([status, text]).toEqual([200, expect.anything()]);
      return text;
    };
    const ofUsage = async (query: string) =>
      (await exported(query)).split('\n').filter((each) => each.includes(STREAM));
    expect(await ofUsage('format=ndjson')).toHaveLength(3);
    expect(await ofUsage('format=csv&category=usage')).toHaveLength(3);
    expect(await ofUsage('format=ndjson&category=org,activity')).toHaveLength(0);
    const [last] = (await exported('format=ndjson')).trimEnd().split('\n').slice(-1);
    expect(JSON.parse(last ?? '').manifest.upTo).toMatchObject({ org: expect.any(String), usage: '2' });
    for (const each of await ofUsage('format=ocsf'))
      expect(JSON.parse(each)).toMatchObject({
        class_uid: 6003,
        type_uid: 600_301,
        actor: { user: { uid: 'meter@gate' } },
      });
  });

  it('is proved without its numbers to who reads the audit log and may not read usage', async () => {
    expect((await orgs.ofOrg('gate', 'ned', 'usage')).status).toBe(403);
    for (const { eventId } of await entries('category=usage', 'ned')) {
      const { body } = await orgs.ofOrg('gate', 'ned', `ledger/proof?tree=usage&event=${eventId}`);
      expect(JSON.stringify(body)).not.toMatch(/secret|4321/);
      expect(body).not.toHaveProperty('leaf');
      const { index, hashes, checkpoint } = decodeProof(body.proof);
      const { size, root } = openCheckpoint(checkpoint, `${key.name}/usage/gate-org`, key);
      expect(verifyInclusion({ index, size, leaf: Buffer.from(body.hash, 'base64'), root }, hashes)).toBe(true);
    }
  });

  it('is checked against the log as every other', async () => {
    const { store, reads } = orgs.api.services;
    const report = await verifyLog({ db: reads, store, key, orgId: 'gate-org' });
    expect(report).toMatchObject({ trees: 3, findings: [], unrecorded: 0 });
    expect(report.events).toBeGreaterThanOrEqual(3);
  });
});

/** The same of an environment that there never was. */
const elsewhere = (input: object) =>
  'lines' in input ? { lines: [{ environmentId: 'none', runs: 1 }] } : { environmentId: 'none' };
