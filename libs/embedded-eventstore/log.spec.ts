import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Log } from './log.js';
import { openMemoryStore } from './memory-store.js';
import type { Group } from './store.js';

const empty = Buffer.alloc(0);
const request = (stream: string) => ({
  stream,
  expected: 'any' as const,
  events: [
    { id: randomUUID().replaceAll('-', ''), type: 'T', contentType: 'application/json', data: empty, metadata: empty },
  ],
});
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise(setImmediate);
};

/** A store whose disk waits until it is told to go on, or to fail. */
function slowStore() {
  const memory = openMemoryStore();
  const groups: { events: number; go: () => void; fail: () => void }[] = [];
  const write = (group: Group): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => resolve(memory.write(group));
      groups.push({ events: group.events.length, go, fail: () => reject(new Error('disk full')) });
    });
  return { store: { ...memory, write }, groups };
}

async function started() {
  const { store, groups } = slowStore();
  const starting = Log.start(store);
  await turns(3);
  groups[0]?.go();
  return { log: await starting, groups };
}

describe('the log', () => {
  it('answers an append, shows it and wakes its readers only when the store has it', async () => {
    const { log, groups } = await started();
    const said: string[] = [];
    log.onAppended(() => said.push('woken'));
    const head = log.head;
    void log.append(request('a')).then(() => said.push('answered'));
    await turns(5);
    expect(said).toEqual([]);
    expect(log.head).toBe(head);
    groups[1]?.go();
    await turns(3);
    expect(said.sort()).toEqual(['answered', 'woken']);
    expect(log.head).toBeGreaterThan(head);
  });

  it('commits all appends that wait in one group, while reads go on', async () => {
    const { log, groups } = await started();
    const first = log.append(request('a'));
    await turns(3);
    const rest = Array.from({ length: 40 }, (_, n) => log.append(request(`s-${n}`)));
    await turns(3);
    expect(log.readLog(0n, false, 10)).toHaveLength(1);
    groups[1]?.go();
    await first;
    await turns(3);
    groups[2]?.go();
    await Promise.all(rest);
    expect(groups.map(({ events }) => events)).toEqual([1, 1, 40]);
  });

  it('takes no further append once a write has failed: what is on disk is unknown', async () => {
    const { log, groups } = await started();
    const failing = log.append(request('a'));
    await turns(3);
    groups[1]?.fail();
    await expect(failing).rejects.toThrow('cannot be written');
    await expect(log.append(request('b'))).rejects.toThrow('cannot be written');
    expect(log.stream('a')).toBeUndefined();
  });
});
