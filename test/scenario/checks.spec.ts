import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import type { EvaluationAnswer } from '#libs/application/checks.js';
import type { CommandOutcome } from '#libs/application/outcome.js';
import { parsePosition, type Position } from '#libs/application/ports/event-store.js';
import { startWorld, type World } from '../support/world.js';

const orgId = 'acme';
const production = { kind: 'environment', orgId, environmentId: 'production' } as const;

function positionOf(outcome: CommandOutcome): Position {
  const position = outcome.kind === 'done' ? parsePosition(outcome.answer.position) : undefined;
  if (position === undefined) throw new Error(`not done: ${JSON.stringify(outcome)}`);
  return position;
}

describe('permission checks', () => {
  let world: World;
  let owner: Caller;
  let bob: Caller;

  beforeAll(async () => {
    world = await startWorld({ processes: 2 });
    const operator = await world.caller('operator', { email: 'admin@localhost' });
    await world.send(operator, undefined, { name: 'CreateOrg', input: { orgId, name: 'Acme', ownerId: 'olga' } });
    owner = await world.caller('olga');
    bob = await world.caller('bob');
    await world.send(owner, orgId, {
      name: 'CreateEnvironment',
      input: { environmentId: 'production', name: 'Production' },
    });
    await world.send(owner, orgId, { name: 'AddMember', input: { userId: 'bob', role: 'org.participant' } });
  });
  afterAll(() => world.stop());

  const grant = (window: { notBefore?: string; notAfter?: string } = {}) =>
    world.send(owner, orgId, {
      name: 'GrantEnvironmentAccess',
      input: { environmentId: 'production', grantee: { type: 'user', id: 'bob' }, ...window },
    });
  const revoke = () =>
    world.send(owner, orgId, {
      name: 'RevokeEnvironmentAccess',
      input: { environmentId: 'production', grantee: { type: 'user', id: 'bob' } },
    });
  const ask = (
    caller: Caller,
    {
      after,
      at,
      on = 0,
      about = 'bob',
    }: { after?: Position; at?: { instant: number } | { revision: bigint }; on?: number; about?: string } = {},
  ): Promise<EvaluationAnswer> => {
    const process = world.nodes[on];
    if (process === undefined) throw new Error('no such process');
    const principal = { type: 'user', id: about };
    return process.services.checks.evaluate(caller, {
      principal,
      action: 'environment:use',
      resource: production,
      at,
      after,
      explain: true,
    });
  };

  it('never answer from before the position that the reader brings, on any process', async () => {
    for (let round = 0; round < 50; round++) {
      const granted = positionOf(await grant());
      expect(await ask(bob, { after: granted, on: round % 2 })).toMatchObject({ decision: true, reason: 'allowed' });
      const revoked = positionOf(await revoke());
      expect(await ask(bob, { after: revoked, on: round % 2 })).toMatchObject({ decision: false });
      expect(await ask(bob, { after: revoked, on: (round + 1) % 2 })).toMatchObject({ decision: false });
    }
  });

  it('name the events that an allow rests on', async () => {
    const outcome = await grant();
    const granted = outcome.kind === 'done' ? outcome.answer.events[0]?.id : undefined;
    const answer = await ask(owner, { after: positionOf(outcome) });
    const added = (await world.events(`org-${orgId}`)).find(({ type }) => type === 'MemberAdded');
    expect(answer).toMatchObject({ decision: true, role: 'environment.user', evidence: [added?.id, granted] });
  });

  it('give the same answer later for a revision and its instant of the past', async () => {
    const granted = await grant({ notAfter: new Date(world.clock.now() + 60_000).toISOString() });
    const now = await ask(owner, { after: positionOf(granted) });
    if (now.kind !== 'answered' || now.stamp.revision === undefined) throw new Error('no answer');
    await revoke();
    await world.send(owner, orgId, { name: 'RemoveMember', input: { userId: 'bob' } });

    const past = { decision: true, reason: 'allowed', evidence: now.evidence, stamp: { revision: now.stamp.revision } };
    expect(await ask(owner, { at: { revision: BigInt(now.stamp.revision) } })).toMatchObject(past);
    const events = await world.events(`org-${orgId}`);
    const next = events[Number(now.stamp.revision) + 1]?.metadata['occurredAt'] ?? '';
    if (Date.parse(now.stamp.at) < Date.parse(next))
      expect(await ask(owner, { at: { instant: Date.parse(now.stamp.at) } })).toMatchObject(past);
    await world.send(owner, orgId, { name: 'AddMember', input: { userId: 'bob', role: 'org.participant' } });
  });

  it('refuse the future', async () => {
    expect(await ask(bob, { at: { instant: world.clock.now() + 60_000 } })).toEqual({ kind: 'future' });
    expect(await ask(bob, { at: { revision: 1_000_000n } })).toEqual({ kind: 'future' });
  });

  it('let a grant hold from its begin on and before its end', async () => {
    const begin = world.clock.now() + 10_000;
    const end = begin + 10_000;
    const position = positionOf(
      await grant({ notBefore: new Date(begin).toISOString(), notAfter: new Date(end).toISOString() }),
    );
    expect(await ask(owner, { after: position })).toMatchObject({ decision: false, reason: 'not_yet_valid' });
    world.clock.advance(11_000);
    expect(await ask(owner)).toMatchObject({ decision: true });
    world.clock.advance(10_000);
    expect(await ask(owner)).toMatchObject({ decision: false, reason: 'expired' });
    await revoke();
  });

  it('about others take the right to ask, and answer like an unknown person otherwise', async () => {
    const unknown = await ask(bob, { about: 'nobody-at-all' });
    expect(await ask(bob, { about: 'olga' })).toMatchObject({ ...unknown, stamp: expect.anything() });
    expect(unknown).toMatchObject({ decision: false, reason: 'unknown_subject' });
    const stranger = await world.caller('stranger');
    expect(await ask(stranger, { about: 'olga' })).toMatchObject({ decision: false, reason: 'unknown_subject' });
  });

  it('answer a stranger like one who asks about a thing that does not exist', async () => {
    const stranger = await world.caller('stranger');
    const existing = await ask(stranger, { about: 'stranger' });
    expect(existing).toMatchObject({ decision: false, reason: 'unknown_resource', examined: [], evidence: [] });
    expect(existing).not.toHaveProperty('revision');
  });

  it('stop counting a claim at its maximum age, and count it again once it is seen again', async () => {
    const admin = await world.caller('group-admin', { groups: ['operators'] });
    const create = (id: string) =>
      world.send(admin, undefined, { name: 'CreateOrg', input: { orgId: id, name: id, ownerId: `${id}-owner` } });
    expect((await create('first')).kind).toBe('done');
    world.clock.advance(24 * 3_600_000 + 1);
    expect(await create('second')).toMatchObject({ kind: 'denied', reason: 'expired' });
    await world.caller('group-admin', { groups: ['operators'] });
    expect((await create('second')).kind).toBe('done');
    await world.caller('group-admin', { groups: [] });
    expect(await create('third')).toMatchObject({ kind: 'denied', reason: 'role_lacks_permission' });
  });
});
