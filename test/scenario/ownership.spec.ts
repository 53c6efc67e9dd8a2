import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { startWorld, type World } from '../support/world.js';

const orgId = 'acme';

describe.each([1, 2])('ownership on %i process(es)', (processes) => {
  let world: World;
  let operator: Caller;

  beforeEach(async () => {
    world = await startWorld({ processes });
    operator = await world.caller('operator', { email: 'admin@localhost' });
    await world.send(operator, undefined, { name: 'CreateOrg', input: { orgId, name: 'Acme', ownerId: 'p0' } });
    const owner = await world.caller('p0');
    for (let i = 1; i < 10; i++)
      await world.send(owner, orgId, { name: 'AddMember', input: { userId: `p${i}`, role: 'org.admin' } });
  });
  afterEach(() => world.stop());

  it('has exactly one owner at every point of the history of a hundred concurrent transfers (T14)', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        world.send(
          operator,
          orgId,
          { name: 'TransferOrgOwnership', input: { toUserId: `p${(i * 7) % 10}` } },
          { on: i % processes, key: `transfer-${i}` },
        ),
      ),
    );

    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done']));
    const events = await world.events(`org-${orgId}`);
    const transfers = events.filter(({ type }) => type === 'OrgOwnershipTransferred');
    let owner = 'p0';
    for (const { data } of transfers) {
      expect(data).toMatchObject({ from: owner, role: 'org.owner', left: 'org.admin' });
      owner = (data as { to: string }).to;
    }
    const remembered = events.filter(({ type }) => type === 'CommandHadNoEffect');
    expect(transfers.length + remembered.length).toBe(100);
    expect(new Set(events.map(({ metadata }) => metadata['commandId'])).size).toBe(events.length);
  });

  it('never accepts a command of a demoted admin that arrives after the demotion', async () => {
    const owner = await world.caller('p0');
    const demoted = await world.caller('p1');
    let accepted = 0;
    let denied = 0;
    let over = false;
    const attempts = Array.from({ length: 20 }, async (_, client) => {
      for (let n = 0; n < 20; n++) {
        const begunAfter = over;
        const environmentId = `e-${client}-${n}`;
        const outcome = await world.send(
          demoted,
          orgId,
          { name: 'CreateEnvironment', input: { environmentId, name: environmentId } },
          { on: client % processes },
        );
        if (begunAfter) expect(outcome).toMatchObject({ kind: 'denied', permission: 'environment:create' });
        if (outcome.kind === 'done') accepted++;
        else denied++;
      }
    });
    const demotion = await world.send(owner, orgId, {
      name: 'ChangeMemberRole',
      input: { userId: 'p1', role: 'org.participant' },
    });
    over = true;
    await Promise.all(attempts);

    expect(demotion.kind).toBe('done');
    expect(denied).toBeGreaterThan(0);
    const events = await world.events(`org-${orgId}`);
    const demotedAt = events.findIndex(({ type }) => type === 'MemberRoleChanged');
    const created = events.flatMap(({ type, metadata }, i) =>
      type === 'EnvironmentCreated' && metadata['actor'] === 'p1' ? [i] : [],
    );
    expect(created).toHaveLength(accepted);
    expect(created.filter((i) => i > demotedAt)).toEqual([]);
  });
});
