import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '#libs/application/caller.js';
import { commandIdOf } from '#libs/application/command-ids.js';
import { meta } from '#libs/application/metadata.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { parseStream, streamOf } from '#libs/application/streams.js';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { type Answered, answerTo, type Target } from './crash-clients.js';
import { orgs, ownerOf, plannedCommands, seeded } from './crash-plan.js';
import { built, postgresOf, postmasterOf, StandaloneProcess, tenantry } from './standalone-process.js';
import { killIfAlive } from '../support/kill.js';
import { wholeLog } from '../support/whole-log.js';
import { crashSeed } from '../crash/seed.js';

const COMMANDS = 2_000;
const CLIENTS = 20;
const KILLS = 20;
/** Kills that come while the server is still starting. */
const EARLY = new Set([3, 8, 12, 17]);
const EARLY_WITHIN_MS = 2_500;
/** Runs in the middle of which Postgres alone is killed as well. */
const POSTGRES_KILLED_IN = new Set([2, 6, 11, 15]);

let folder: string;
let dataDir: string;
let keyDir: string;
let server: StandaloneProcess | undefined;
let over = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-crash-'));
  dataDir = join(folder, 'data');
  keyDir = join(folder, 'keys');
  await built();
}, 120_000);
afterAll(async () => {
  over = true;
  await server?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe('a server that is killed again and again under load', () => {
  it('keeps every acknowledged command once, no other twice, and read models that equal a fresh rebuild', async () => {
    const seed = crashSeed();
    process.stdout.write(`CRASH_SEED=${seed}\n`);
    const random = seeded(seed);
    const target = await prepared();
    const commands = plannedCommands(COMMANDS, random);
    const queue = [...commands];
    const answers: Answered[] = [];
    const sending = Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift())
          answers.push(await answerTo(next, target));
      }),
    );
    const [kills] = await Promise.all([crashUntilDone(target, random, () => answers.length), sending]);
    expect(kills).toBeGreaterThanOrEqual(20);

    const acknowledged = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.filter(({ status }) => ![409, 422].includes(status))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(COMMANDS / 4);

    await inTurns(acknowledged, async ({ command, body }) => {
      const repeated = await answerTo(command, target);
      expect({ command, status: repeated.status, body: repeated.body }).toEqual({ command, status: 200, body });
    });
    await caughtUp(target);
    expect(await server?.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await postgresOf(dataDir)).toEqual([]);

    const log = await logOnDisk();
    expectOnce(log, acknowledged, refused);
    expectOneOrgPerPerson(log);
    expect(await tenantry({ dataDir, keyDir }, 'rebuild', '--compare-only')).toMatchObject({ code: 0 });
    const retried = answers.filter(({ tries }) => tries > 1).length;
    const counts = `${acknowledged.length} acknowledged, ${refused.length} refused, ${retried} sent more than once`;
    process.stdout.write(`${kills} kills; ${counts}; ${log.length} events\n`);
  }, 600_000);
});

function start(): StandaloneProcess {
  if (over) throw new Error('the test is over');
  server = new StandaloneProcess({ dataDir, keyDir });
  return server;
}

/** The first run creates the organizations and tells who may do what in them. */
async function prepared(): Promise<Target> {
  const url = await start().url();
  const keys = await loadKeys(keyDir);
  const bearer = async (sub: string, email: string) =>
    `Bearer ${await signDevToken(keys, { sub, email, ttlSeconds: 3600 })}`;
  const bearers = new Map<string, string>();
  for (const owner of orgs.map(ownerOf)) bearers.set(owner, await bearer(owner, `${owner}@example.test`));
  const admin = await bearer('admin', 'admin@localhost');
  for (const orgId of orgs) {
    const response = await fetch(`${url}/v1/realm/commands/CreateOrg`, {
      method: 'POST',
      headers: { authorization: admin, 'content-type': 'application/json' },
      body: JSON.stringify({ orgId, name: orgId, ownerId: ownerOf(orgId) }),
    });
    expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 200 });
    const held = await fetch(`${url}/v1/orgs/${orgId}/commands/AddProviderKey`, {
      method: 'POST',
      headers: { authorization: bearers.get(ownerOf(orgId)) ?? '', 'content-type': 'application/json' },
      body: JSON.stringify({ provider: 'openai', name: 'OpenAI', credential: { apiKey: `sk-of-${orgId}-0000` } }),
    });
    expect({ status: held.status, body: await held.json() }).toMatchObject({ status: 200 });
  }
  return { url, bearerOf: (caller) => bearers.get(caller) ?? '' };
}

/** Kills the running server and the ones after it at random instants; the last one stays. Answers how often. */
async function crashUntilDone(target: Target, random: () => number, answered: () => number): Promise<number> {
  const reached = async (count: number) => {
    while (!over && answered() < Math.min(count, COMMANDS)) await sleep(2);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    if (EARLY.has(kill)) {
      await sleep(random() * EARLY_WITHIN_MS);
    } else {
      target.url = (await server?.url()) ?? target.url;
      const quota = ((COMMANDS - answered()) / (KILLS - kill)) * (0.5 + random());
      const from = answered();
      if (POSTGRES_KILLED_IN.has(kill)) {
        await reached(from + quota / 2);
        const postmaster = await postmasterOf(dataDir);
        if (postmaster !== undefined) killIfAlive(postmaster);
      }
      await reached(from + quota);
      await sleep(random() * 40);
    }
    expect(await server?.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    start();
  }
  target.url = (await server?.url()) ?? target.url;
  return KILLS;
}

async function inTurns<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await each(next);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

async function caughtUp({ url }: Target): Promise<void> {
  const readModels = async () => {
    const health = (await (await fetch(`${url}/readyz`)).json()) as {
      parts: { 'read-models': { ok: boolean; detail: { behindMs?: number; projector?: { state: string } } } };
    };
    return health.parts['read-models'];
  };
  for (let { ok, detail } = await readModels(); !(ok && detail.behindMs === 0); { ok, detail } = await readModels()) {
    if (over || detail.projector?.state === 'halted') throw new Error(`no progress: ${JSON.stringify(detail)}`);
    await sleep(50);
  }
}

async function logOnDisk(): Promise<readonly StoredEvent[]> {
  const node = await startNode({ dataDir: join(dataDir, 'events') });
  return wholeLog(node.connectionString).finally(() => node.stop());
}

function expectOnce(
  log: readonly StoredEvent[],
  acknowledged: readonly Answered[],
  refused: readonly Answered[],
): void {
  const byCommand = new Map<string, StoredEvent[]>();
  for (const event of log) {
    const { [meta.commandId]: commandId = '', [meta.keyed]: keyed } = event.metadata;
    if (keyed === 'true') byCommand.set(commandId, [...(byCommand.get(commandId) ?? []), event]);
  }
  const stored = ({ command }: Answered) =>
    (byCommand.get(idOf(command)) ?? []).map(({ id, type, stream, revision }) => ({
      id,
      type,
      stream,
      revision: `${revision}`,
    }));
  for (const answer of acknowledged) {
    const { commandId, events, stream, revision } = answer.body as {
      commandId: string;
      events: { id: string; type: string }[];
      stream: string;
      revision: string;
    };
    expect(commandId).toBe(idOf(answer.command));
    expect(events).toHaveLength(1);
    expect({ command: answer.command, stored: stored(answer) }).toEqual({
      command: answer.command,
      stored: events.map((event) => ({ ...event, stream, revision })),
    });
  }
  for (const answer of refused)
    expect({ command: answer.command, stored: stored(answer) }).toEqual({ command: answer.command, stored: [] });
  // Claims on people are steps of a command with ids of their own; nothing else may be there.
  const ownCommands = [...byCommand.values()].filter(
    ([first]) => first !== undefined && !first.type.startsWith('MembershipClaim'),
  );
  expect(ownCommands).toHaveLength(acknowledged.length);
}

function idOf({ caller, orgId, key }: Answered['command']): string {
  const token = { issuer: '', subject: caller, email: null, name: null, groups: [], issuedAt: 0, expiresAtMs: 0 };
  const asking: Caller = { id: caller, realm: 'default', credential: '', token };
  return commandIdOf(asking, streamOf('org', orgId), key);
}

/** At every point of the log, not only at its end. */
function expectOneOrgPerPerson(log: readonly StoredEvent[]): void {
  const home = new Map<string, string>();
  for (const { stream, type, data } of log) {
    const { userId } = data as { userId?: string };
    const { category, id } = parseStream(stream);
    if (category !== 'org' || userId === undefined) continue;
    if (type === 'MemberAdded') {
      expect({ userId, joins: id, home: home.get(userId) }).toEqual({ userId, joins: id, home: undefined });
      home.set(userId, id);
    }
    if (type === 'MemberRemoved') home.delete(userId);
  }
}
