import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import fc from '../../../test/support/fast-check.js';
import { canonicalBytes, type EventLog, type LogEvent } from '#libs/eventstore/copy/log-event.js';
import { NotCopyable } from '#libs/eventstore/copy/survey.js';
import { LogFile, summaryOf, writeLogFile } from './log-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-log-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const logOf = (...pages: (readonly LogEvent[])[]): EventLog => ({
  async *pages() {
    yield* pages;
  },
});

async function allOf(log: EventLog): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for await (const page of log.pages()) events.push(...page);
  return events;
}

const event = (index: number, given: Partial<LogEvent> = {}): LogEvent => ({
  stream: 'org-a',
  revision: BigInt(index),
  id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
  type: 'Told',
  contentType: 'application/json',
  data: Buffer.from('{}'),
  metadata: new Uint8Array(),
  position: { commit: BigInt(100 + index), prepare: BigInt(100 + index) },
  ...given,
});

it('any bytes, texts and line ends come back as they were, on every page boundary', async () => {
  let run = 0;
  const texts = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('\u2028', '\n', '\r', '"', '\\'));
  const some = fc.record({
    type: texts,
    data: fc.uint8Array(),
    metadata: fc.oneof(fc.uint8Array(), texts.map(Buffer.from)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), async (given, size) => {
      const events = given.map((each, i) => event(i, each));
      const pages = Array.from({ length: Math.ceil(events.length / size) }, (_, i) =>
        events.slice(i * size, (i + 1) * size),
      );
      const path = join(folder, `${(run += 1)}`);
      const { log } = await writeLogFile(path, logOf(...pages));
      const back = await allOf(new LogFile(path));
      expect(back.map((each) => canonicalBytes(each).toString('hex'))).toEqual(
        events.map((each) => canonicalBytes(each).toString('hex')),
      );
      expect(back.map(({ position }) => position)).toEqual(events.map(({ position }) => position));
      expect(await summaryOf(new LogFile(path))).toMatchObject({ events: log.events, sha256: log.sha256 });
    }),
    { numRuns: 50 },
  );
});

it('holds user streams only, and goes on after a position', async () => {
  const path = join(folder, 'log');
  const system = event(0, { stream: '$node', type: '$NodeStarted' });
  const many = Array.from({ length: 2500 }, (_, i) => event(i));
  const { log } = await writeLogFile(path, logOf([system], many));
  expect(log).toMatchObject({ events: 2500, streams: 1, last: many[2499] });
  const after: LogEvent[] = [];
  for await (const page of new LogFile(path).pages(many[1234]?.position)) after.push(...page);
  expect(after.map(({ revision }) => revision)).toEqual(many.slice(1235).map(({ revision }) => revision));
});

it('does not end early where the file was cut off, and is not made of a log with a gap', async () => {
  const path = join(folder, 'log');
  await writeLogFile(path, logOf(Array.from({ length: 3000 }, (_, i) => event(i))));
  await truncate(path, (await stat(path)).size - 20);
  await expect(allOf(new LogFile(path))).rejects.toThrow();
  await expect(writeLogFile(join(folder, 'gap'), logOf([event(0), event(2)]))).rejects.toThrow(NotCopyable);
});
