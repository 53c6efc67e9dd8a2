import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import type { CommandPipeline } from '#libs/application/pipeline.js';
import { startWorld, type World } from '../support/world.js';

type Fault = 'none' | 'lost-answer' | 'lost-request' | 'down';

describe('an append whose outcome is unknown', () => {
  let world: World;
  let olga: Caller;

  beforeAll(async () => {
    world = await startWorld();
    const operator = await world.caller('operator', { email: 'admin@localhost' });
    await world.send(operator, undefined, {
      name: 'CreateOrg',
      input: { orgId: 'acme', name: 'Acme', ownerId: 'olga' },
    });
    olga = await world.caller('olga');
  });
  afterAll(() => world.stop());

  /** A pipeline over a network that loses requests or answers, as told for each append in turn. */
  const pipelineOver = (faults: Fault[]): CommandPipeline =>
    world.pipelineOver(async (append) => {
      const fault = faults.shift() ?? 'none';
      if (fault === 'down' || fault === 'lost-request') throw new EventStoreUnavailable('lost');
      const outcome = await append();
      if (fault === 'lost-answer') throw new EventStoreUnavailable('lost');
      return outcome;
    });

  const create = (pipeline: CommandPipeline, environmentId: string, key?: string) =>
    pipeline.execute({
      orgId: 'acme',
      steps: [{ name: 'CreateEnvironment', input: { environmentId, name: environmentId } }],
      caller: olga,
      idempotencyKey: key,
      dryRun: false,
      ifMatch: undefined,
      correlation: 'test',
    });
  const created = async (environmentId: string) =>
    (await world.events('org-acme')).filter(
      ({ data }) => (data as { environmentId?: string }).environmentId === environmentId,
    );

  it.each<[string, Fault[]]>([
    ['the answer is lost', ['lost-answer']],
    ['the answer is lost again and again', ['lost-answer', 'lost-answer', 'lost-answer']],
    ['the request is lost', ['lost-request', 'lost-request']],
    ['first the request and then the answer is lost', ['lost-request', 'lost-answer']],
  ])('happens exactly once when %s', async (name, faults) => {
    const environmentId = name.replaceAll(' ', '-');
    const outcome = await create(pipelineOver(faults), environmentId);
    expect(outcome).toMatchObject({ kind: 'done', answer: { events: [{ type: 'EnvironmentCreated' }] } });
    expect(await created(environmentId)).toHaveLength(1);
  });

  it('that stays unknown is answered as unavailable, and the repeat finds what became of it', async () => {
    const faults: Fault[] = ['lost-answer', 'down', 'down', 'down'];
    const pipeline = pipelineOver(faults);
    expect(await create(pipeline, 'in-doubt', 'doubt')).toEqual({ kind: 'unavailable' });
    expect(await created('in-doubt')).toHaveLength(1);

    const again = await create(pipeline, 'in-doubt', 'doubt');
    expect(again).toMatchObject({ kind: 'done', repeated: true, answer: { events: [{ type: 'EnvironmentCreated' }] } });
    expect(await created('in-doubt')).toHaveLength(1);
  });

  it('is not written over a change that came in between', async () => {
    const pipeline = pipelineOver(['lost-request']);
    const [first] = await Promise.all([
      create(pipeline, 'contended'),
      world.send(olga, 'acme', { name: 'CreateEnvironment', input: { environmentId: 'other', name: 'Other' } }),
    ]);
    expect(first.kind).toBe('done');
    expect(await created('contended')).toHaveLength(1);
    expect(await created('other')).toHaveLength(1);
  });
});
