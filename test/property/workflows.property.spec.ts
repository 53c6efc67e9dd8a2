import { expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { type Command, enterprise, epoch } from '../support/decider.js';
import { AccessWorld } from './access-world.js';

interface Step {
  readonly name: typeof registered | typeof moved | typeof removed;
  readonly id: string;
  readonly place: string;
  readonly by: string;
}

/** Empty for the personal environment of its owner. */
const places = ['', 'dev', 'prod'];
const [registered, moved, removed] = ['RegisterWorkflow', 'MoveWorkflow', 'RemoveWorkflow'] as const;
const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(registered, moved, moved, removed),
  id: fc.constantFrom('one', 'two'),
  place: fc.constantFrom(...places),
  // The last one is no member.
  by: fc.constantFrom('ann', 'ann', 'bob', 'eve'),
});

function commandOf({ name, id: workflowId, place, by: actor }: Step): Command {
  const at = place === '' ? {} : { environmentId: place };
  const input = { workflowId, ...(name === removed ? {} : at), ...(name === registered ? { name: 'W' } : {}) };
  return { name, input, newId: 'x', actor };
}

it('a workflow is in exactly one place at every instant, shared or personal, and acts in that one alone (T36, T40, T42, P9)', () => {
  let personal = 0;
  let promotions = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
      const world = new AccessWorld(enterprise);
      world.command('acme', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'ann' });
      world.command('acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
      for (const environmentId of ['dev', 'prod'])
        world.command('acme', 'CreateEnvironment', { environmentId, name: 'E' });
      const linked = new Map<string, { readonly owner: string; readonly place: string | undefined }>();
      for (const each of steps) {
        const { name, id, place, by } = each;
        const found = linked.get(id);
        const [before, member] = [world.log.length, by !== 'eve'];
        const mine = found?.place !== undefined && found.owner === by;
        const there = place !== '' || member;
        if (name === registered && found === undefined && there) linked.set(id, { owner: by, place });
        if (name === moved && mine && there) linked.set(id, { owner: by, place });
        if (name === removed && mine) linked.set(id, { owner: by, place: undefined });
        world.take({ org: 'acme', command: commandOf(each) });
        const changed = linked.get(id) !== found && (name !== moved || found?.place !== place);
        expect(world.log.slice(before)).toHaveLength(changed ? 1 : 0);
        if (changed && name !== removed && place === '') personal += 1;
        if (world.log.slice(before).some(({ event }) => event.type === 'WorkflowPromoted')) promotions += 1;
        for (const [workflow, { place: now }] of linked) {
          const usable = places.filter((environmentId) =>
            world
              .permissions(`workflow:acme/${workflow}`, { kind: 'environment', orgId: 'acme', environmentId }, epoch)
              .has('environment:use'),
          );
          expect([workflow, usable]).toEqual([workflow, now === undefined || now === '' ? [] : [now]]);
          const homes = ['ann', 'bob'].filter((ownerId) =>
            world
              .permissions(`workflow:acme/${workflow}`, { kind: 'personal_environment', ownerId }, epoch)
              .has('environment:use'),
          );
          expect([workflow, homes]).toEqual([workflow, now === '' ? [linked.get(workflow)?.owner] : []]);
          const own = { kind: 'org', orgId: 'acme' } as const;
          expect(world.permissions(`workflow:acme/${workflow}`, own, epoch).size).toBe(0);
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(personal).toBeGreaterThan(50);
  expect(promotions).toBeGreaterThan(20);
});
