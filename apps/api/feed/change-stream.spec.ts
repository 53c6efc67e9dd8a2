import { afterEach, describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { Drain } from '../../drain.js';
import type { Changes } from './changes.js';
import { changeStream, type ChangeStreamOptions } from './change-stream.js';

const changeAt = (revision: number) => ({ revision: `${revision}` }) as Changes['changes'][number];
const pageOf = (...revisions: number[]): Changes => ({
  changes: revisions.map(changeAt),
  after: `${revisions.at(-1) ?? -1}`,
  more: false,
});
const token = { issuer: 'i', subject: 's', email: null, name: null, groups: [], issuedAt: 1, expiresAtMs: 1e15 };
const gone = new AbortController();
let closed = 0;

const options = (page: ChangeStreamOptions['page'], more: Partial<ChangeStreamOptions> = {}): ChangeStreamOptions => ({
  first: pageOf(0),
  page,
  // Nobody ever says that anything has moved.
  feed: {
    ready: () => {},
    moved: (ms) => new Promise((resolve) => setTimeout(() => resolve(false), ms)),
    close: () => void closed++,
  },
  caller: { token },
  clock: { now: () => 0 },
  drain: new Drain(),
  gone: gone.signal,
  cut: () => {},
  heartbeatMs: 1,
  ...more,
});

async function take(stream: AsyncGenerator<string, void, void>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await stream.next();
    if (done === true) return taken;
    if (!value.startsWith('retry:')) taken.push(value);
  }
  await stream.return();
  return taken;
}

afterEach(() => {
  expect(closed).toBe(1);
  closed = 0;
});

describe('a stream of changes', () => {
  it('shows that it lives, and finds by itself what nobody told it of', async () => {
    const pages = [pageOf(), pageOf(1), pageOf()];
    const taken = await take(changeStream(options(async () => pages.shift() ?? pageOf())), 4);
    expect(taken.map((each) => each.split('\n')[0])).toEqual(['id: 0', ':', 'id: 1', ':']);
  });

  it.each([
    ['the event store is away', new EventStoreUnavailable('away'), 'unavailable'],
    ['something is broken', new TypeError('x is not a function'), 'internal'],
  ])('ends, and says so, where %s', async (_, error, code) => {
    const taken = await take(changeStream(options(() => Promise.reject(error))), 9);
    expect(taken).toEqual([expect.stringMatching(/^id: 0/), `event: end\ndata: {"code":"${code}"}\n\n`]);
  });

  it('is cut off where nothing of it is taken', async () => {
    const cut = new Promise<void>((resolve) => {
      const stream = changeStream(options(async () => pageOf(), { stalledMs: 5, cut: resolve }));
      void stream.next();
      afterCut = () => stream.return();
    });
    await cut;
    await afterCut();
  });
});

let afterCut: () => Promise<unknown> = async () => {};
