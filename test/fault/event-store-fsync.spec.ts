import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { endNodes, nodeInChild } from './event-store-child.js';
import { findTracer } from './event-store-tracer.js';

/** Microseconds. An answer that does not wait for the disk would often be late enough by luck; a slow disk shows it. */
const SLOW_SYNC = 'inject=fdatasync,fsync:delay_exit=40000';
/** The system calls that write to disk, force to disk, or answer over a socket. */
const CALLS = 'openat,write,writev,pwrite64,pwritev,pwritev2,fdatasync,fsync,sendto,sendmsg';

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'event-store-fsync-')));
});
afterAll(endNodes);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Call {
  readonly started: number;
  readonly ended: number;
  readonly text: string;
}

/** Joins calls that the trace shows in two halves because another thread ran between them. */
function parse(trace: string): Call[] {
  const open = new Map<string, { line: number; text: string }>();
  const calls: Call[] = [];
  for (const [line, raw] of trace.split('\n').entries()) {
    const [, thread = '', text = ''] = /^(\d+)\s+(.*)$/.exec(raw) ?? [];
    if (text.endsWith('<unfinished ...>')) open.set(thread, { line, text });
    else if (text.startsWith('<... ')) {
      const begun = open.get(thread);
      if (begun) calls.push({ started: begun.line, ended: line, text: `${begun.text} ${text}` });
      open.delete(thread);
    } else calls.push({ started: line, ended: line, text });
  }
  return calls;
}

const tracer = await findTracer();

if (tracer === undefined) {
  it('cannot look at the order of system calls here: there is no strace, or it may not trace', () => {
    expect(tracer).toBeUndefined();
  });
} else {
  it('answers an append only after its bytes and the page that commits them were forced to disk', async () => {
    const dataDir = join(folder, 'data');
    const output = join(folder, 'trace');
    const options = ['-f', '-y', '-s', '1000000', '-e', `trace=${CALLS}`, '-e', SLOW_SYNC, '-o', output];
    const node = await nodeInChild(dataDir, [tracer, ...options]);
    const client = EventStoreDBClient.connectionString(node.connectionString);
    const names = Array.from({ length: 12 }, (_, n) => `sync-${n}-${randomUUID()}`);
    const append = (name: string | undefined) =>
      client.appendToStream(name ?? '', jsonEvent({ type: 'Synced', data: {} }));
    // One at a time, then several at once: a group commit keeps the same promise.
    for (const name of names.slice(0, 6)) await append(name);
    await Promise.all(names.slice(6).map(append));
    await client.dispose();
    await node.kill('SIGTERM');

    const calls = parse(await readFile(output, 'utf8'));
    const onData = (call: Call): boolean => call.text.includes(`${dataDir}/data.mdb`);
    const meta = calls.find((call) => call.text.startsWith('openat') && onData(call) && call.text.includes('O_DSYNC'));
    const metaFile = /= (\d+)</.exec(meta?.text ?? '')?.[1];
    expect(metaFile).toBeDefined();
    for (const name of names) {
      const mine = calls.filter((call) => call.text.includes(name));
      const written = mine.filter((call) => /^p?write/.test(call.text) && onData(call)).at(0);
      const answered = mine.find(
        (call) => /^(write|sendto|sendmsg)/.test(call.text) && /(TCP|socket):/.test(call.text),
      );
      if (!written || !answered) throw new Error(`the trace does not show the write and the answer of ${name}`);
      const between = calls.filter((call) => call.started > written.ended && call.ended < answered.started);
      const synced = between.find(
        (call) => /^f(data)?sync/.test(call.text) && onData(call) && / = 0( \(DELAYED\))?$/.test(call.text),
      );
      expect(synced).toBeDefined();
      const committed = between.find(
        (call) => call.started > (synced?.ended ?? 0) && call.text.startsWith(`pwrite64(${metaFile}<`),
      );
      expect(committed).toBeDefined();
    }
  }, 120_000);
}
