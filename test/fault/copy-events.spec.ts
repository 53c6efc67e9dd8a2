import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type EmbeddedNode, startNode } from '#libs/embedded-eventstore/node.js';
import { compareLogs } from '#libs/eventstore/copy/compare.js';
import { EsdbLog } from '#libs/eventstore/copy/esdb-log.js';
import { summaryOf } from '#libs/platform/backup/log-file.js';
import { CliProcess, type Place, Tenancy } from './backup-support.js';
import { built, StandaloneProcess } from './standalone-process.js';

let folder: string;
let here: Place;
let nodes: EmbeddedNode[];
let servers: StandaloneProcess[];
beforeAll(() => built(), 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-copy-'));
  here = { dataDir: join(folder, 'data'), keyDir: join(folder, 'keys') };
  [nodes, servers] = [[], []];
});
afterEach(async () => {
  await Promise.all(servers.map((one) => one.kill('SIGKILL')));
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function node(dataDir?: string): Promise<EmbeddedNode> {
  const one = await startNode(dataDir === undefined ? {} : { dataDir });
  nodes.push(one);
  return one;
}

function serve(place: Place = here): { server: StandaloneProcess; tenancy: () => Promise<Tenancy> } {
  const server = new StandaloneProcess(place);
  servers.push(server);
  return { server, tenancy: async () => new Tenancy(await server.url(), place.keyDir) };
}

const stop = async (server: StandaloneProcess) =>
  expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });

/** In each round ten events for each stream, in the order of the streams. */
async function append(url: string, streams: readonly string[], rounds: number): Promise<void> {
  const client = EventStoreDBClient.connectionString(url);
  for (let round = 0; round < rounds; round++)
    for (const stream of streams) {
      const events = Array.from({ length: 10 }, (_, i) => jsonEvent({ type: 'Told', data: { round, i } }));
      await client.appendToStream(stream, events);
    }
  await client.dispose();
}

async function eventsIn(url: string): Promise<number> {
  const log = new EsdbLog(url);
  try {
    return (await summaryOf(log)).events;
  } finally {
    await log.close();
  }
}

async function expectEqual(from: EmbeddedNode, to: EmbeddedNode): Promise<void> {
  const [a, b] = [new EsdbLog(from.connectionString), new EsdbLog(to.connectionString)];
  const { common, total } = await compareLogs(a, b);
  await Promise.all([a.close(), b.close()]);
  expect(common).toBe(total);
}

describe('tenantry copy-events', () => {
  it('moves a deployment to another event store: same rows, same answers, same results of old commands', async () => {
    const first = serve();
    const before = await first.tenancy();
    const token = await before.found('acme');
    const added = await before.addModel('acme', 'a1');
    expect(added.status).toBe(200);
    const told = await before.told('acme', added.token);
    await stop(first.server);

    // A store has events of its own, so that the same event stands elsewhere than in the old log.
    const second = await node();
    await append(second.connectionString, ['$statistics'], 1);
    const moved: Place = { ...here, env: { EVENTSTORE_URL: second.connectionString } };
    const copied = await new CliProcess(
      here,
      ...['copy-events', '--from', join(here.dataDir, 'events'), '--to', second.connectionString],
    ).ended;
    expect(copied).toMatchObject({ code: 0, out: expect.stringContaining('all are equal, in the same order') });

    // The read models still count positions of the old log: nothing may be answered from them.
    const early = serve(moved);
    const unready = await early.tenancy();
    for (;;) {
      const { status, text } = await unready.readiness();
      if (text.includes('LogDiverged')) {
        expect(status).toBe(503);
        break;
      }
      await sleep(20);
    }
    expect(await unready.mayUse('acme')).toMatchObject({ status: 503 });
    await stop(early.server);

    expect(await new CliProcess(moved, 'rebuild').ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('in place'),
    });
    const last = serve(moved);
    const after = await last.tenancy();
    const again = await after.addModel('acme', 'a1');
    expect(again).toMatchObject({ status: 200, body: { ...added.body, position: expect.any(String) } });
    expect(again.body.position).not.toBe(added.body.position);
    expect(await after.told('acme', again.token)).toEqual(told);
    expect(await after.mayUse('acme', again.token)).toMatchObject({ status: 200, body: { decision: true } });
    expect(await after.send('acme-owner', '/v1/me', { token })).toMatchObject({ body: { code: 'foreign_token' } });
    expect((await after.found('later')).length).toBeGreaterThan(0);
  }, 120_000);

  it('goes on after kill -9, wherever it was, and into a folder too', async () => {
    const from = await node(join(folder, 'from'));
    await append(from.connectionString, ['org-a', 'org-b', 'user-c', '$own'], 120);
    const total = await eventsIn(from.connectionString);
    const target = await node();
    const argv = ['copy-events', '--from', from.connectionString, '--to', target.connectionString];
    for (const enough of [50, 500]) {
      const run = new CliProcess(here, ...argv);
      const killedAmid = async () => {
        if ((await eventsIn(target.connectionString)) < enough) return false;
        run.kill();
        return true;
      };
      while (!(await run.frozenWhile(killedAmid))) await sleep(1);
      expect((await run.ended).code).toBeNull();
      expect(await eventsIn(target.connectionString)).toBeLessThan(total);
    }
    const done = await new CliProcess(here, ...argv).ended;
    expect(done.code).toBe(0);
    const [, copied = '', present = ''] = /^Copied ([\d,]+) events .*; ([\d,]+) were there\./.exec(done.out) ?? [];
    const number = (text: string) => Number(text.replaceAll(',', ''));
    expect(number(present)).toBeGreaterThanOrEqual(500);
    expect(number(copied) + number(present)).toBe(total);
    await expectEqual(from, target);

    const into = join(folder, 'into');
    const cut = new CliProcess(here, 'copy-events', '--from', from.connectionString, '--to', into);
    while ((await sizeOf(join(into, 'data.mdb'))) < 100_000) await sleep(1);
    cut.kill();
    await cut.ended;
    const rest = await new CliProcess(here, 'copy-events', '--from', from.connectionString, '--to', into).ended;
    expect(rest).toMatchObject({ code: 0, out: expect.stringContaining('all are equal') });
    await expectEqual(from, await node(into));
  }, 120_000);

  it('refuses a target with other content, a folder that is no log, and the folder of a running server', async () => {
    const from = join(folder, 'from');
    const source = await node(from);
    await append(source.connectionString, ['org-a'], 1);
    const other = await node();
    await append(other.connectionString, ['org-z'], 1);
    const run = (...argv: string[]) => new CliProcess(here, 'copy-events', ...argv).ended;
    const refused = await run('--from', source.connectionString, '--to', other.connectionString);
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('(org-z, revision 0)') });
    expect(await eventsIn(other.connectionString)).toBe(10);

    const busy = await run('--from', from, '--to', join(folder, 'to'));
    expect(busy).toMatchObject({ code: 1, err: expect.stringContaining('is in use by') });
    expect(await run('--from', folder, '--to', join(folder, 'to'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no event log in the folder'),
    });
    expect(await run('--from', source.connectionString, '--to', folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('holds other things than an event log'),
    });
    expect(await run('--from', from, '--to', from)).toMatchObject({ code: 2 });
    expect(await run('--from', from)).toMatchObject({ code: 2 });
    expect(await readdir(folder)).toEqual(['from']);
  }, 60_000);
});

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
