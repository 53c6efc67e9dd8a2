import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStoreDBClient, START, excludeSystemEvents } from '@eventstore/db-client';
import { openLmdbStore } from '../../dist/libs/embedded-eventstore/lmdb-store.js';
import { Log } from '../../dist/libs/embedded-eventstore/log.js';
import { startNode } from '../../dist/libs/embedded-eventstore/node.js';
import { benchmark } from '../support/benchmark.mjs';
import { startNodeProcess } from '../support/event-store.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const GIGABYTE = 1024 ** 3;
const BIG = 1_000_000;
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 1_000_000);
const PER_APPEND = 500;

const small = Buffer.from(JSON.stringify({ environmentId: 'production', name: 'Production', note: 'x'.repeat(100) }));
const eventOf = (data) => {
  const id = randomUUID().replaceAll('-', '');
  return { id, type: 'EnvironmentCreated', contentType: 'application/json', data, metadata: Buffer.alloc(0) };
};

/** Writes a log without client and protocol: `appends` appends of `size` events each, some at once. */
async function write(dataDir, { appends, size, data }) {
  const log = await Log.start(await openLmdbStore(dataDir));
  for (let i = 0; i < appends; i += 8) {
    const count = Math.min(8, appends - i);
    const append = (n) => {
      const events = Array.from({ length: size }, () => eventOf(data));
      return log.append({ stream: `org-${(i + n) % 1000}`, expected: 'any', events });
    };
    await Promise.all(Array.from({ length: count }, (_, n) => append(n)));
  }
  await log.close();
}

async function secondsToOpen(dataDir, rebuild) {
  const began = performance.now();
  const node = await startNode({ dataDir, rebuild });
  const seconds = (performance.now() - began) / 1000;
  await node.stop();
  return seconds;
}

/** Megabytes that a process holds beside the pages of its files, which the system may take back at any time. */
async function held(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const large = join(folder, 'large');
  await write(large, { appends: Math.ceil(GIGABYTE / BIG), size: 1, data: Buffer.alloc(BIG, 'x') });
  const goal = { of: 'value', atMost: 3 };
  row({ name: 'a log of 1 GB opens', value: await secondsToOpen(large, false), unit: 's', goal });
  row({ name: 'the same, its tables built again', value: await secondsToOpen(large, true), unit: 's' });

  const many = join(folder, 'many');
  await write(many, { appends: EVENTS / PER_APPEND, size: PER_APPEND, data: small });
  row({ name: `a log of ${EVENTS} events opens`, value: await secondsToOpen(many, false), unit: 's', goal });
  row({ name: 'the same, its tables built again', value: await secondsToOpen(many, true), unit: 's' });

  const { connectionString, pid } = await startNodeProcess(many, cleanUp);
  const client = EventStoreDBClient.connectionString(connectionString);
  cleanUp(() => client.dispose());
  /** Reads everything once and answers how fast that was, and what the node held in each half of it. */
  const follow = async (options) => {
    const samples = [];
    const began = performance.now();
    const subscription = client.subscribeToAll({ fromPosition: START, ...options });
    let count = 0;
    for await (const { event } of subscription) {
      if (event.type.startsWith('$')) continue;
      count += 1;
      if (count % (EVENTS / 20) === 0) samples.push(await held(pid));
      if (count === EVENTS) break;
    }
    const perSecond = (EVENTS * 1000) / (performance.now() - began);
    await subscription.unsubscribe();
    const half = samples.length / 2;
    return { perSecond, early: Math.max(...samples.slice(0, half)), late: Math.max(...samples.slice(half)) };
  };
  const everything = await follow({});
  const filtered = await follow({ filter: excludeSystemEvents() });
  row({ name: 'a subscriber from the start', value: everything.perSecond, unit: 'events/s' });
  row({ name: 'a subscriber from the start, filtered by regex', value: filtered.perSecond, unit: 'events/s' });
  row({ name: 'the node holds meanwhile', value: Math.max(everything.late, filtered.late), unit: 'MB' });
  row({
    name: 'and grows from the first half to the second',
    value: Math.max(everything.late - everything.early, filtered.late - filtered.early),
    unit: 'MB',
    goal: { of: 'value', atMost: 32 },
  });
});
