import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { enterprise } from '#libs/domain/schemes/enterprise.js';
import { rotateIndex } from '#libs/platform/keys.js';
import { startWorld, type World } from '../support/world.js';

const taken = { kind: 'refused', code: 'name_taken' };

describe('names that one organization of a realm alone may have', () => {
  let world: World;
  let operator: Caller;
  let elsewhere: Caller;
  let count = 0;

  beforeAll(async () => {
    world = await startWorld({ processes: 2, environment: { REALMS: 'default=enterprise,other=enterprise' } });
    operator = await world.caller('operator', { email: 'admin@localhost' });
    elsewhere = await world.caller('operator@other', { email: 'admin@localhost', realm: 'other' });
    const document = { ...enterprise, version: 2, orgCreation: { ...enterprise.orgCreation, uniqueNames: true } };
    for (const caller of [operator, elsewhere]) {
      const defined = [{ name: 'DefineRoleScheme', input: { document } }] as const;
      expect((await world.send(caller, undefined, defined)).kind).toBe('done');
      const adopted = [{ name: 'AdoptRoleScheme', input: { schemeId: 'enterprise', version: 2 } }] as const;
      expect((await world.send(caller, undefined, adopted)).kind).toBe('done');
    }
  }, 60_000);
  afterAll(() => world?.stop());

  const creation = (name: string, realm = 'default') => {
    const orgId = `org-${count++}`;
    const input = { orgId, name, ownerId: `owner-of-${orgId}${realm === 'default' ? '' : `@${realm}`}` };
    return { orgId, step: { name: 'CreateOrg', input } as const };
  };
  const create = async (name: string, options = {}) => {
    const { orgId, step } = creation(name);
    return { orgId, outcome: await world.send(operator, undefined, step, options) };
  };
  const inOrg = (orgId: string, name: 'UpdateOrg' | 'DeleteOrg' | 'ChangeOrgScheme', input: object) =>
    world.send(operator, orgId, { name, input } as Parameters<World['send']>[2]);
  const executed = (pipeline: ReturnType<World['pipelineOver']>, step: ReturnType<typeof creation>['step']) =>
    pipeline.execute({
      ...{ orgId: undefined, steps: [step], caller: operator, idempotencyKey: undefined },
      ...{ dryRun: false, ifMatch: undefined, correlation: 'test' },
    });

  it('are refused to another one, whatever their case, width and blanks, also as a dry run and as a new name', async () => {
    const first = await create('Initech Ltd.');
    expect(first.outcome.kind).toBe('done');
    for (const name of ['Initech Ltd.', ' initech  LTD. ', 'Ｉnitech Ltd.'])
      for (const dryRun of [true, false]) expect((await create(name, { dryRun })).outcome).toMatchObject(taken);
    const other = await create('Initrode');
    expect(await inOrg(other.orgId, 'UpdateOrg', { name: 'INITECH LTD.' })).toMatchObject(taken);
    expect((await inOrg(first.orgId, 'UpdateOrg', { name: 'INITECH LTD.' })).kind).toBe('done');
  });

  it('are free again once their organization has another one, or is no more', async () => {
    const first = await create('Globex');
    expect((await inOrg(first.orgId, 'UpdateOrg', { name: 'Globex Corporation' })).kind).toBe('done');
    const second = await create('Globex');
    expect(second.outcome.kind).toBe('done');
    expect(await inOrg(first.orgId, 'UpdateOrg', { name: 'globex', description: 'The former' })).toMatchObject(taken);
    expect((await inOrg(second.orgId, 'DeleteOrg', {})).kind).toBe('done');
    expect((await inOrg(first.orgId, 'UpdateOrg', { name: 'globex' })).kind).toBe('done');
  });

  it('are no matter to an organization that keeps the one it has, as it came by it', async () => {
    await create('Umbrella');
    const { orgId } = await create('Umbrella Labs');
    const moved = async (version: number) =>
      expect((await inOrg(orgId, 'ChangeOrgScheme', { schemeId: 'enterprise', version })).kind).toBe('done');
    await moved(1);
    expect((await inOrg(orgId, 'UpdateOrg', { name: 'Umbrella' })).kind).toBe('done');
    await moved(2);
    const described = { name: 'Umbrella', description: 'Of old' };
    expect((await inOrg(orgId, 'UpdateOrg', described)).kind).toBe('done');
    expect(await inOrg(orgId, 'UpdateOrg', { name: 'UMBRELLA' })).toMatchObject(taken);
  });

  it('are free in another realm, and taken there by its own organizations alone', async () => {
    expect((await create('Vandelay Industries')).outcome.kind).toBe('done');
    const there = () => world.send(elsewhere, undefined, creation('Vandelay Industries', 'other').step);
    expect((await there()).kind).toBe('done');
    expect(await there()).toMatchObject(taken);
    expect((await create('Vandelay Industries')).outcome).toMatchObject(taken);
  });

  it('are won by exactly one of many that take them at once, in several processes', async () => {
    for (let round = 0; round < 8; round++) {
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, i) => create(`Contested ${round}`, { on: i % 2 })),
      );
      const kinds = outcomes.map(({ outcome }) => (outcome.kind === 'refused' ? outcome.code : outcome.kind)).sort();
      // Whoever lost every try for want of luck is told of a conflict, and may ask again.
      expect(kinds.filter((kind) => kind === 'done').length).toBeLessThanOrEqual(1);
      expect(kinds.every((kind) => ['done', 'name_taken', 'conflict'].includes(kind))).toBe(true);
      const created = await Promise.all(
        outcomes.map(async ({ orgId }) =>
          (await world.events(`org-${orgId}`)).some(({ type }) => type === 'OrgCreated'),
        ),
      );
      expect(created.filter(Boolean)).toHaveLength(kinds.filter((kind) => kind === 'done').length);
      expect((await create(`Contested ${round}`)).outcome.kind).toBe(kinds.includes('done') ? 'refused' : 'done');
    }
  });

  it('are lost by a slow first writer once another organization has won', async () => {
    let arrived = () => {};
    let release = () => {};
    const waits = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = world.pipelineOver(async (append, _, events) => {
      if (events.some(({ type }) => type === 'OrgCreated')) {
        arrived();
        await released;
      }
      return append();
    });
    const first = executed(slow, creation('Hooli').step);
    await waits;
    expect((await create('Hooli')).outcome.kind).toBe('done');
    release();
    expect(await first).toMatchObject(taken);
  });

  it('are not kept by a process that died between its claim and its command', async () => {
    const dying = world.pipelineOver((append, _, events) =>
      events.some(({ type }) => type === 'OrgCreated')
        ? Promise.reject(new EventStoreUnavailable('the process died'))
        : append(),
    );
    const { step } = creation('Pied Piper');
    expect((await executed(dying, step)).kind).toBe('unavailable');
    expect((await create('Pied Piper')).outcome.kind).toBe('done');
    expect(await world.send(operator, undefined, step)).toMatchObject(taken);
  });

  it('are found again after the index key was rotated, also while processes run that still have the former one', async () => {
    expect((await create('Soylent')).outcome.kind).toBe('done');
    const rotated = world.pipelineOver((append) => append(), await rotateIndex(world.config.keyDir));
    expect(await executed(rotated, creation('Soylent').step)).toMatchObject(taken);
    expect((await executed(rotated, creation('Massive Dynamic').step)).kind).toBe('done');
    expect((await create('Massive Dynamic')).outcome).toMatchObject(taken);
    const again = world.pipelineOver((append) => append(), await rotateIndex(world.config.keyDir));
    for (const name of ['Soylent', 'Massive Dynamic'])
      expect(await executed(again, creation(name).step)).toMatchObject(taken);
  });
});
