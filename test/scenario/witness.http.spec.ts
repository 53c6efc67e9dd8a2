import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { decodeKey, type NoteKey } from '#libs/ledger/signed-note.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { Witness } from '../support/witness.js';

interface WitnessState {
  readonly size: string | null;
  readonly deliveredAt: string | null;
  readonly failure: string | null;
  readonly waiting: boolean;
}

let api: TestApi;
let key: NoteKey;
let witness: Witness;
let token = '';

beforeAll(async () => {
  witness = await new Witness().open();
  api = await startTestApi({ environment: { WITNESS_INTERVAL_MS: '0', READ_WAIT_MS: '20000' } });
  key = decodeKey(api.services.ledger.key);
  for (const orgId of ['acme', 'other'])
    await command('root', 'realm', 'CreateOrg', { orgId, name: orgId, ownerId: `owner-of-${orgId}` });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await witness?.close();
});

async function command(who: string, target: string, name: string, body: object, status = 200): Promise<void> {
  const authorization = await api.bearer(who, who === 'root' ? { email: 'admin@localhost' } : {});
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: { authorization }, body });
  expect([name, answer.status, answer.text]).toEqual([name, status, expect.anything()]);
  token = String(answer.headers['consistency-token'] ?? token);
}

const owned = (org: string, name: string, body: object) => command(`owner-of-${org}`, `orgs/${org}`, name, body);
const rename = (org: string, name: string) => owned(org, 'CreateEnvironment', { environmentId: name, name });

async function stateOf(org: string): Promise<WitnessState | undefined> {
  const authorization = await api.bearer(`owner-of-${org}`);
  const headers = { authorization, 'consistency-token': token };
  const { status, text } = await api.http.send({ path: `/v1/orgs/${org}/ledger/checkpoint`, headers });
  expect([status, text]).toEqual([200, expect.anything()]);
  return (JSON.parse(text) as { witness?: WitnessState }).witness;
}

/** Looks now and then: each look is a request. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100);
}

const lengthOf = async (org: string) => ((await api.services.store.last(`org-${org}`))?.revision ?? -1n) + 1n;

/** The sizes that were delivered of an organization, each signed by the ledger's key. */
const delivered = (org: string, of = witness) =>
  of.deliveries
    .filter(({ organization }) => organization === org)
    .map(({ text }) => openCheckpoint(text, `${key.name}/org/${org}`, key).size);

async function deliversAll(org: string, of = witness): Promise<void> {
  const size = await lengthOf(org);
  await until(async () => delivered(org, of).includes(size));
  await until(async () => (await stateOf(org))?.waiting === false);
  expect(await stateOf(org)).toEqual({
    size: `${size}`,
    deliveredAt: expect.stringMatching(/^\d{4}-.*Z$/),
    failure: null,
    waiting: false,
  });
}

describe('an outside witness of the ledger', () => {
  it('is nobody at first, and chosen by those who appoint auditors', async () => {
    expect(await stateOf('acme')).toBeUndefined();
    await owned('acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
    await command('pat', 'orgs/acme', 'SetCheckpointWitness', { url: witness.url }, 403);
  });

  it('is given the signed checkpoint of everything, and of everything that comes', async () => {
    await owned('acme', 'SetCheckpointWitness', { url: witness.url });
    await deliversAll('acme');
    expect(witness.deliveries[0]).toMatchObject({
      path: '/checkpoints',
      organization: 'acme',
      type: 'text/plain; charset=utf-8',
    });
    await rename('acme', 'one');
    await deliversAll('acme');
    const sizes = delivered('acme');
    expect(sizes).toEqual([...sizes].sort((a, b) => Number(a - b)));
    expect(delivered('other')).toEqual([]);
  }, 60_000);

  it('gets what it missed once it is back, and keeps nobody else waiting', async () => {
    const reliable = await new Witness().open();
    try {
      await owned('other', 'SetCheckpointWitness', { url: reliable.url });
      await deliversAll('other', reliable);
      await witness.close();
      await rename('acme', 'two');
      await until(async () => (await stateOf('acme'))?.failure === 'unreachable');
      expect(await stateOf('acme')).toMatchObject({ waiting: true, size: `${(await lengthOf('acme')) - 1n}` });
      await rename('other', 'two');
      await deliversAll('other', reliable);
      await witness.open();
      await deliversAll('acme');
      // It is visible to who runs the deployment as well.
      const metrics = (await api.http.send({ path: '/metrics' })).text;
      const named = (outcome: string) => `tenantry_reactions_total{reaction="checkpoint-witness",outcome="${outcome}"}`;
      for (const outcome of ['done', 'failed'])
        expect(metrics).toMatch(new RegExp(`^${escaped(named(outcome))} [1-9]`, 'm'));
      expect(metrics).toContain('tenantry_reactions_waiting{reaction="checkpoint-witness"} 0');
    } finally {
      await reliable.close();
    }
  }, 60_000);

  it('is not followed to where its answer leads', async () => {
    const elsewhere = await new Witness().open();
    try {
      witness.answer = (response) => void response.writeHead(307, { location: elsewhere.url }).end();
      await rename('acme', 'three');
      await until(async () => (await stateOf('acme'))?.failure === 'status_307');
      expect(elsewhere.deliveries).toEqual([]);
      witness.answer = (response) => void response.writeHead(200).end('thank you');
      await deliversAll('acme');
    } finally {
      await elsewhere.close();
    }
  }, 60_000);

  it('gets nothing any more once it is dismissed', async () => {
    await owned('acme', 'RemoveCheckpointWitness', {});
    await until(async () => (await stateOf('acme')) === undefined);
    const before = witness.deliveries.length;
    await rename('acme', 'four');
    // Whatever is due of an organization that was changed later has been found by then.
    await owned('other', 'SetCheckpointWitness', { url: `${witness.url}/other` });
    await deliversAll('other');
    expect(witness.deliveries.slice(before).map(({ organization }) => organization)).not.toContain('acme');
  }, 60_000);
});

const escaped = (text: string) => text.replaceAll(/[{}"=,]/g, (sign) => `\\${sign}`);
