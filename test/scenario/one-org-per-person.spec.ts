import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { startWorld, type World } from '../support/world.js';

const orgs = ['red', 'green', 'blue'];

describe('T2: a person belongs to one organization at a time', () => {
  let world: World;
  const owners = new Map<string, Caller>();

  beforeAll(async () => {
    world = await startWorld({ processes: 2 });
    const operator = await world.caller('operator', { email: 'admin@localhost' });
    for (const orgId of orgs) {
      await world.send(operator, undefined, {
        name: 'CreateOrg',
        input: { orgId, name: orgId, ownerId: `${orgId}-owner` },
      });
      owners.set(orgId, await world.caller(`${orgId}-owner`));
    }
  });
  afterAll(() => world.stop());

  const as = (orgId: string): Caller => {
    const owner = owners.get(orgId);
    if (owner === undefined) throw new Error(`no owner of ${orgId}`);
    return owner;
  };
  const add = (orgId: string, userId: string, on = 0) =>
    world.send(as(orgId), orgId, { name: 'AddMember', input: { userId, role: 'org.participant' } }, { on });
  const membersOf = async (userId: string) => {
    const holding: string[] = [];
    for (const orgId of orgs) {
      let member = false;
      for (const { type, data } of await world.events(`org-${orgId}`)) {
        if ((data as { userId?: string }).userId !== userId) continue;
        if (type === 'MemberAdded') member = true;
        if (type === 'MemberRemoved') member = false;
      }
      if (member) holding.push(orgId);
    }
    return holding;
  };

  it('refuses a member of another organization, and takes them once they left', async () => {
    expect((await add('red', 'ann')).kind).toBe('done');
    expect(await add('green', 'ann')).toMatchObject({ kind: 'refused', code: 'member_elsewhere' });
    await world.send(as('red'), 'red', { name: 'RemoveMember', input: { userId: 'ann' } });
    expect((await add('green', 'ann')).kind).toBe('done');
    expect(await membersOf('ann')).toEqual(['green']);
  });

  it('lets at most one of many concurrent organizations win each person', async () => {
    for (let round = 0; round < 15; round++) {
      const person = `person-${round}`;
      const outcomes = await Promise.all(orgs.flatMap((orgId) => [0, 1].map((on) => add(orgId, person, on))));
      const holding = await membersOf(person);
      expect(holding.length).toBeLessThanOrEqual(1);
      expect(holding.length).toBe(outcomes.some(({ kind }) => kind === 'done') ? 1 : 0);
    }
  });

  it('lets a slow first writer lose once another organization has won the person', async () => {
    let arrived = () => {};
    const waits = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = world.pipelineOver(async (append, stream, events) => {
      if (stream === 'org-red' && events.some(({ type }) => type === 'MemberAdded')) {
        arrived();
        await released;
      }
      return append();
    });
    const steps = [{ name: 'AddMember', input: { userId: 'zoe', role: 'org.participant' } }] as const;
    const first = slow.execute({
      orgId: 'red',
      steps,
      caller: as('red'),
      idempotencyKey: undefined,
      dryRun: false,
      ifMatch: undefined,
      correlation: 'test',
    });
    await waits;
    expect((await add('green', 'zoe')).kind).toBe('done');
    release();
    expect(await first).toMatchObject({ kind: 'refused', code: 'member_elsewhere' });
    expect(await membersOf('zoe')).toEqual(['green']);
    // The claims and their voiding are events that the read models take in like any other.
    const head = await world.nodes[0]?.services.store.head();
    expect(head && (await world.nodes[0]?.services.readPosition.reached(head, 5000))).toBe(true);
  });

  it('refuses an owner who belongs elsewhere, also in a dry run', async () => {
    const operator = await world.caller('operator', { email: 'admin@localhost' });
    const step = { name: 'CreateOrg', input: { orgId: 'fourth', name: 'Fourth', ownerId: 'red-owner' } } as const;
    expect(await world.send(operator, undefined, step, { dryRun: true })).toMatchObject({ code: 'member_elsewhere' });
    expect(await world.send(operator, undefined, step)).toMatchObject({ code: 'member_elsewhere' });
    expect(await world.events('org-fourth')).toEqual([]);
  });
});
