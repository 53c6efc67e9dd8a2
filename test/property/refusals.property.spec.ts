import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import type { Caller } from '#libs/application/caller.js';
import type { Step } from '#libs/application/command-request.js';
import { findScheme } from '#libs/domain/schemes/built-in.js';
import { wholeLog } from '../support/whole-log.js';
import { startWorld, type World } from '../support/world.js';
import { inputsUnder, people } from './org-commands.js';

const scheme = findScheme({ id: 'gateway', version: 1 }, undefined);
if (scheme === undefined) throw new Error('no such scheme');
const inputs = inputsUnder(scheme);
const names = ['AddMember', 'RemoveMember', 'ChangeMemberRole', 'CreateEnvironment', 'SetBudget', 'UpdateOrg'] as const;
const command = fc.oneof(...names.map((name) => fc.record({ name: fc.constant(name), input: inputs[name] })));
const sent = fc.record({
  who: fc.constantFrom('ann', 'ann', 'ann', ...people, 'stranger'),
  steps: fc.array(command, { minLength: 1, maxLength: 2 }) as unknown as fc.Arbitrary<Step[]>,
  dryRun: fc.constantFrom(false, false, false, true),
  where: fc.constantFrom('acme', 'acme', 'acme', 'nowhere'),
});

let world: World;
let operator: Caller;
let histories = 0;
beforeAll(async () => {
  world = await startWorld({ environment: { REALMS: 'default=gateway' } });
  operator = await world.caller('operator', { groups: ['operators'] });
}, 60_000);
afterAll(() => world?.stop());

/** In any stream: what was refused, in the order in which it was asked. */
const refusals = async () =>
  (await wholeLog(world.node.connectionString)).filter(({ type }) => type === 'CommandRefused');

it('each refused command of any history under gateway leaves one entry, and nothing else leaves any (P14)', async () => {
  let [refused, done] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 5, maxLength: 25 }), async (history) => {
      const orgId = `acme-${++histories}`;
      const founded = { name: 'CreateOrg', input: { orgId, name: 'Acme', ownerId: 'ann' } } as Step;
      expect(await world.send(operator, undefined, founded)).toMatchObject({ kind: 'done' });
      const before = (await refusals()).length;
      const expected: object[] = [];
      for (const { who, steps, dryRun, where } of history) {
        const at = where === 'acme' ? orgId : `${where}-${histories}`;
        const { kind } = await world.send(await world.caller(who), at, steps, { dryRun });
        if (kind === 'done') done += 1;
        else if (!dryRun) expected.push({ who, told: where === 'acme' && kind !== 'hidden' ? orgId : undefined });
      }
      refused += expected.length;
      const found = (await refusals()).slice(before);
      const told = found.map(({ stream, metadata }) => ({
        who: metadata['actor'],
        told: stream === `activity-${orgId}` ? orgId : undefined,
      }));
      expect(told).toEqual(expected);
    }),
    { numRuns: 20, endOnFailure: true },
  );
  expect([refused > 50, done > 10]).toEqual([true, true]);
}, 120_000);
