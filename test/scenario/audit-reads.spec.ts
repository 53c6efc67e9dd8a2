import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ processes: 2 });
}, 60_000);
afterAll(() => world?.stop());

it('a read of the audit log that several processes answer at once is one entry', async () => {
  const [ann, bob] = [await world.caller('ann'), await world.caller('bob')];
  const read = (caller: typeof ann, actor: string) =>
    Promise.all(
      [0, 1, 0, 1].map(async (on) => {
        const reading = { caller, orgId: 'acme', correlation: 'test' };
        await world.nodes[on]?.services.recordedReads.auditRead(reading, { actor }, true);
      }),
    );
  await read(ann, 'zoe');
  await read(ann, 'zoe');
  const once = await world.events('activity-acme');
  expect(once.map(({ type, data, metadata }) => [type, data, metadata.actor])).toEqual([
    ['AuditRead', { filter: { actor: 'zoe' } }, 'ann'],
  ]);
  await read(bob, 'zoe');
  await read(ann, 'yan');
  expect(await world.events('activity-acme')).toHaveLength(3);
});
