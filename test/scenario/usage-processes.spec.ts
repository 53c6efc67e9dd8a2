import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let meter: Caller;

beforeAll(async () => {
  world = await startWorld({ processes: 2, environment: { REALMS: 'default=gateway' } });
  const operator = await world.caller('operator', { groups: ['operators'] });
  const gus = await world.caller('gus');
  meter = await world.caller('meter');
  const created = { orgId: 'gated', name: 'Gated', ownerId: 'gus' };
  await done(operator, undefined, { name: 'CreateOrg', input: created });
  await done(operator, undefined, { name: 'AssignPlatformRole', input: { userId: 'meter', role: 'platform.meter' } });
  await done(gus, 'gated', { name: 'SetBudget', input: { amount: 10, currency: 'EUR', period: 'month' } });
}, 60_000);
afterAll(() => world?.stop());

async function done(...[caller, orgId, step]: Parameters<World['send']>) {
  expect(await world.send(caller, orgId, step)).toMatchObject({ kind: 'done' });
}
const cents = (count: number) => ({ lines: [{ cost: { thousandths: count * 1000, currency: 'EUR' } }] });

it('several processes together admit what a cap has room for, and not more (R18, G24)', async () => {
  // The other process is the one that does not keep the read models.
  const outcomes = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      world.send(meter, 'gated', { name: 'AdmitUsage', input: cents(1) }, { on: i % 2, key: `admit-${i}` }),
    ),
  );
  expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(10);
  expect(await world.events('usage-gated')).toHaveLength(10);
  const exceeded = { limited: 'budget', limit: 10, usage: 10 };
  for (const outcome of outcomes)
    if (outcome.kind !== 'done') expect(outcome).toMatchObject({ kind: 'refused', code: 'limit_exceeded', exceeded });
}, 60_000);

it('one key counts once, whichever process it comes to, and at once', async () => {
  const before = (await world.events('usage-gated')).length;
  const send = (on: number) =>
    world.send(meter, 'gated', { name: 'RecordUsage', input: cents(3) }, { on, key: 'the-same' });
  const outcomes = await Promise.all([0, 1, 0, 1, 0, 1].map(send));
  expect((await world.events('usage-gated')).length).toBe(before + 1);
  const answers = outcomes.map((outcome) => (outcome.kind === 'done' ? outcome.answer : outcome));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
}, 60_000);
