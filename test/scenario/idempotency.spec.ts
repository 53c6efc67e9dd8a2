import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import { startWorld, type World } from '../support/world.js';

const orgId = 'acme';
const answered = (outcome: CommandOutcome) => {
  if (outcome.kind !== 'done') throw new Error(`not done: ${JSON.stringify(outcome)}`);
  return outcome;
};

describe('repeats of a command', () => {
  let world: World;
  let owner: Caller;

  beforeAll(async () => {
    world = await startWorld({ processes: 2 });
    const operator = await world.caller('operator', { email: 'admin@localhost' });
    await world.send(operator, undefined, { name: 'CreateOrg', input: { orgId, name: 'Acme', ownerId: 'olga' } });
    owner = await world.caller('olga');
  });
  afterAll(() => world.stop());

  const create = (environmentId: string, key: string, on = 0) =>
    world.send(owner, orgId, { name: 'CreateEnvironment', input: { environmentId, name: environmentId } }, { key, on });

  it('answer the stored result on any process and append nothing', async () => {
    const first = answered(await create('one', 'k1'));
    const before = await world.events(`org-${orgId}`);
    const second = answered(await create('one', 'k1', 0));
    const third = answered(await create('one', 'k1', 1));

    expect(first.repeated).toBe(false);
    expect([second.repeated, third.repeated]).toEqual([true, true]);
    expect([second.answer, third.answer]).toEqual([first.answer, first.answer]);
    expect(await world.events(`org-${orgId}`)).toHaveLength(before.length);
  });

  it('with another payload under the same key are refused', async () => {
    await create('two', 'k2');
    expect(await create('three', 'k2')).toEqual({ kind: 'idempotency_mismatch' });
    expect(await create('three', 'k2', 1)).toEqual({ kind: 'idempotency_mismatch' });
  });

  it('racing under one key on two processes happen once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => create('raced', 'k3', i % 2)));
    const answers = outcomes.map((outcome) => answered(outcome).answer);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const events = await world.events(`org-${orgId}`);
    expect(
      events.filter(
        ({ type, data }) =>
          type === 'EnvironmentCreated' && (data as { environmentId: string }).environmentId === 'raced',
      ),
    ).toHaveLength(1);
  });

  it('without effect are remembered, so that a late retry cannot act on a changed world', async () => {
    await create('four', 'k4');
    const idle = answered(await create('four', 'k5'));
    expect(idle.answer.events.map(({ type }) => type)).toEqual(['CommandHadNoEffect']);
    await world.send(owner, orgId, { name: 'DeleteEnvironment', input: { environmentId: 'four' } });
    const late = answered(await create('four', 'k5', 1));
    expect(late.answer).toEqual(idle.answer);
  });

  it('of a command without a key and without effect append nothing', async () => {
    const before = await world.events(`org-${orgId}`);
    const step = { name: 'RemoveMember', input: { userId: 'nobody' } } as const;
    const outcome = answered(await world.send(owner, orgId, step));
    expect(outcome.answer).toMatchObject({ events: [], revision: `${before.length - 1}` });
    expect(await world.events(`org-${orgId}`)).toHaveLength(before.length);
  });

  it('are decided anew after a refusal and after a dry run', async () => {
    const grant = {
      name: 'GrantEnvironmentAccess',
      input: { environmentId: 'one', grantee: { type: 'user', id: 'bob' } },
    } as const;
    expect(await world.send(owner, orgId, grant, { key: 'k6' })).toMatchObject({
      kind: 'refused',
      code: 'member_not_found',
    });
    const before = await world.events(`org-${orgId}`);
    const add = { name: 'AddMember', input: { userId: 'bob', role: 'org.participant' } } as const;
    const dry = answered(await world.send(owner, orgId, add, { key: 'k7', dryRun: true }));
    expect(dry.answer.events).toMatchObject([{ type: 'MemberAdded', data: { userId: 'bob' } }]);
    expect(await world.events(`org-${orgId}`)).toHaveLength(before.length);
    expect(await world.events('user-bob')).toEqual([]);
    expect(answered(await world.send(owner, orgId, add, { key: 'k7' })).repeated).toBe(false);
    expect(answered(await world.send(owner, orgId, grant, { key: 'k6' })).repeated).toBe(false);
  });

  it('as an atomic batch append all or nothing, in parts of one command', async () => {
    const steps = [
      { name: 'CreateEnvironment', input: { environmentId: 'batch', name: 'Batch' } },
      { name: 'GrantEnvironmentAccess', input: { environmentId: 'batch', grantee: { type: 'user', id: 'bob' } } },
    ] as const;
    const broken = [...steps, { name: 'RemoveModel', input: { environmentId: 'missing', modelId: 'm' } }] as const;
    const before = await world.events(`org-${orgId}`);
    expect(await world.send(owner, orgId, broken)).toMatchObject({
      kind: 'refused',
      code: 'environment_not_found',
      step: 2,
    });
    expect(await world.events(`org-${orgId}`)).toHaveLength(before.length);

    const done = answered(await world.send(owner, orgId, steps, { key: 'k8' }));
    const added = (await world.events(`org-${orgId}`)).slice(before.length);
    expect(
      added.map(({ type, metadata }) => [type, metadata['command'], metadata['part'], metadata['commandId']]),
    ).toEqual([
      ['EnvironmentCreated', 'CreateEnvironment', '1/2', done.answer.commandId],
      ['EnvironmentAccessGranted', 'GrantEnvironmentAccess', '2/2', done.answer.commandId],
    ]);
    expect(answered(await world.send(owner, orgId, steps, { key: 'k8' })).answer).toEqual(done.answer);
    expect(done.answer.command).toBe('Batch');
  });

  it('keep a client that expects another revision from changing anything', async () => {
    const before = await world.events(`org-${orgId}`);
    const step = { name: 'CreateEnvironment', input: { environmentId: 'late', name: 'Late' } } as const;
    const outcome = await world.send(owner, orgId, step, { ifMatch: 0n });
    expect(outcome).toEqual({ kind: 'precondition_failed', revision: `${before.length - 1}` });
    expect(await world.events(`org-${orgId}`)).toHaveLength(before.length);
  });
});
