import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { createApi } from '../../apps/api/create-api.js';
import { EventStream } from '../support/event-stream.js';
import { HttpClient } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';
import { random } from './projector-history.js';

const COMMANDS = 60;
const READERS = 4;
const path = '/v1/orgs/acme/events';

let world: World;
const apis: NestFastifyApplication[] = [];
const ports: number[] = [];
let authorization = '';

beforeAll(async () => {
  world = await startWorld({ processes: 2 });
  for (const { services } of world.nodes) {
    const api = await createApi(services);
    await api.listen(0, '127.0.0.1');
    apis.push(api);
    ports.push(Number(new URL(await api.getUrl()).port));
  }
  const admin = await world.caller('root', { groups: ['operators'] });
  await world.send(admin, undefined, { name: 'CreateOrg', input: { orgId: 'acme', name: 'Acme', ownerId: 'olga' } });
  authorization = `Bearer ${await signDevToken(world.keys, { sub: 'olga', ttlSeconds: 600 }, world.clock)}`;
}, 60_000);
afterAll(async () => {
  for (const api of apis) await api.close();
  await world?.stop();
});

/** Commands by either process, some of several events. */
async function write(next: (bound: number) => number): Promise<void> {
  const olga = await world.caller('olga');
  for (let i = 0; i < COMMANDS; i++) {
    const steps = Array.from({ length: 1 + next(4) }, (_, part) => ({
      name: 'CreateEnvironment' as const,
      input: { environmentId: `room-${i}-${part}`, name: 'Room' },
    }));
    const { kind } = await world.send(olga, 'acme', steps, { on: i % 2 });
    expect(kind).toBe('done');
  }
}

/** Reads from one process and then from the other, leaves in the middle of what is sent, and comes back to where it was. */
async function read(next: (bound: number) => number, complete: () => string | undefined): Promise<string[]> {
  const seen: string[] = [];
  for (let turn = 0; complete() === undefined || seen.at(-1) !== complete(); turn++) {
    const port = ports[turn % ports.length] ?? 0;
    const after = seen.at(-1) ?? '-1';
    if (next(10) < 3) {
      const http = new HttpClient(port);
      const query = `?after=${after}&wait=1&limit=${1 + next(20)}`;
      const { status, text } = await http.send({ path: `${path}${query}`, headers: { authorization } });
      http.close();
      // Where the read models are behind: asked again.
      if (status === 503) continue;
      expect([status, text]).toEqual([200, expect.anything()]);
      const { changes } = JSON.parse(text) as { changes: { revision: string }[] };
      seen.push(...changes.map(({ revision }) => revision));
    } else {
      const stream = new EventStream(port, path, { authorization, 'last-event-id': after });
      const wanted = 1 + next(25);
      const isDone = () => {
        const last = stream.events.at(-1);
        return stream.events.length >= wanted || last?.event === 'end' || (last?.id ?? after) === complete();
      };
      // Refused before it began, it has ended, too.
      await stream.until(isDone).catch(() => undefined);
      await stream.leave();
      seen.push(...stream.events.flatMap(({ id }) => id ?? []));
    }
  }
  return seen;
}

it('every reader of the feed gets every change once and in order, from two processes, however often it is cut off', async () => {
  const seed = 2026;
  let last: string | undefined;
  const reading = Array.from({ length: READERS }, (_, i) => read(random(seed + i + 1), () => last));
  await write(random(seed));
  const head = (await world.events('org-acme')).length;
  // Known before it is there, so that nobody waits for more after it.
  last = `${head}`;
  const olga = await world.caller('olga');
  await world.send(olga, 'acme', { name: 'CreateEnvironment', input: { environmentId: 'the-end', name: 'End' } });
  for (const seen of await Promise.all(reading))
    expect({ seed, seen }).toEqual({ seed, seen: Array.from({ length: head + 1 }, (_, i) => `${i}`) });
}, 60_000);
