import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { comparePositions } from '#libs/application/ports/event-store.js';
import type { CachingTier, DocumentTier, Held } from '#libs/access/tier.js';
import { History, random } from '../../fault/projector-history.js';
import { MemoryEventStore } from '../../support/memory-event-store.js';
import { Truth } from './truth.js';

export interface TierUnderTest<T extends DocumentTier = DocumentTier> {
  readonly tier: T;
  /** Brings the tier from its revision of the stream to this one. */
  advance(truth: Truth, revision: bigint): Promise<void>;
  stop(): Promise<void>;
}

/** A legal history of one organization, alone in its log. */
export async function truthOf(seed: number, commands = 60): Promise<Truth> {
  const grown = new MemoryEventStore();
  await new History(grown, random(seed), { orgs: 1, users: 5, environments: 3 }).grow(commands);
  const alone = new MemoryEventStore();
  // Readers commit at the ends of commands only: each event is one here.
  for (const { stream, revision, metadata, ...event } of grown.log)
    if (stream.startsWith('org-'))
      await alone.append(stream, revision - 1n, [{ ...event, metadata: { ...metadata, part: '1/1' } }]);
  return new Truth(alone.log);
}

/** All that is held is of one revision, and is what the log yields there. Answers how many documents are held. */
export function expectTrue(truth: Truth, held: readonly (Held | undefined)[]): number {
  const present = held.filter((each) => each !== undefined);
  const revision = present[0]?.revision ?? 0n;
  const wrong = truth.keys.filter((key, index) => {
    const each = held[index];
    if (each === undefined) return false;
    return each.revision !== revision || !isDeepStrictEqual(each.document, truth.document(key, revision));
  });
  expect(wrong).toEqual([]);
  const place = (at: bigint) => truth.events[Number(at)]?.position ?? { commit: 2n ** 62n, prepare: 0n };
  for (const { upTo } of present)
    expect(comparePositions(upTo, place(revision)) >= 0 && comparePositions(upTo, place(revision + 1n)) < 0).toBe(true);
  return present.length;
}

/** What every tier promises to whoever loads from it. */
export function describeTier(start: () => Promise<TierUnderTest>): void {
  let under: TierUnderTest;
  beforeAll(async () => {
    under = await start();
  });
  afterAll(() => under.stop());

  it('holds documents of one revision, at every revision', async () => {
    const truth = await truthOf(1);
    const pick = random(2);
    let held = 0;
    for (let revision = 0n; revision <= truth.last; revision += BigInt(1 + pick(3))) {
      await under.advance(truth, revision);
      const loaded = await under.tier.load(truth.keys);
      expect(loaded[0]?.revision).toBe(revision);
      held += expectTrue(truth, loaded);
    }
    expect(held).toBeGreaterThan(Number(truth.last));
  });

  it('answers in the order asked, of several streams, and holds that something is not there', async () => {
    const truth = await truthOf(1);
    await under.advance(truth, truth.last);
    const [first, ...rest] = truth.keys;
    const nobody = rest.at(-1);
    if (first === undefined || nobody === undefined) throw new Error('an empty history');
    const stranger = { stream: 'user-stranger', kind: 'user', id: '' } as const;
    const [one, other, none, again] = await under.tier.load([nobody, stranger, nobody, first]);
    expect(one).toEqual(none);
    expect(one).toMatchObject({ document: undefined, revision: truth.last });
    expect(other?.document).toBeUndefined();
    expect(again?.document).toEqual(truth.document(first, truth.last));
  });
}

/** What the tiers promise that processes fill, each by what it knows. */
export function describeCachingTier(start: () => Promise<TierUnderTest<CachingTier>>): void {
  describeTier(start);
  let tier: CachingTier;
  let under: TierUnderTest<CachingTier>;
  beforeAll(async () => {
    under = await start();
    tier = under.tier;
  });
  afterAll(() => under.stop());

  it('never mixes revisions, in whatever order processes of different progress write, and whatever is lost', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const truth = await truthOf(seed + 10);
      const pick = random(seed);
      const processes = [0n, 0n, 0n];
      let held = 0;
      let furthest = -1n;
      for (let step = 0; step < 300; step++) {
        const process = pick(processes.length);
        const from = processes[process] ?? 0n;
        const revision = [from + BigInt(pick(4)), truth.last].reduce((a, b) => (a < b ? a : b));
        processes[process] = pick(40) === 0 ? 0n : revision;
        const lost = pick(5) === 0;
        if (lost) continue;
        await tier.apply(
          truth.change(
            from,
            revision,
            truth.keys.filter(() => pick(3) === 0),
          ),
        );
        const loaded = await tier.load(truth.keys);
        held += expectTrue(truth, loaded);
        const seen = loaded.find((each) => each !== undefined)?.revision ?? furthest;
        expect(seen).toBeGreaterThanOrEqual(furthest);
        furthest = seen;
        if (pick(50) !== 0) continue;
        await tier.drop(truth.stream);
        furthest = -1n;
      }
      expect(held).toBeGreaterThan(300);
      await tier.drop(truth.stream);
    }
  });

  it('keeps what a change did not touch, and lets go of what it does not continue', async () => {
    const truth = await truthOf(1);
    const count = async () => expectTrue(truth, await tier.load(truth.keys));
    await tier.apply(truth.change(4n, 4n));
    expect(await count()).toBe(truth.keys.length);
    await tier.apply(truth.change(4n, 5n, []));
    const kept = await count();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(truth.keys.length);
    await tier.apply(truth.change(6n, 7n, truth.keys.slice(0, 1)));
    expect(await count()).toBe(1);
    await tier.apply(truth.change(3n, 5n));
    expect((await tier.load(truth.keys))[0]?.revision).toBe(7n);
    await tier.drop(truth.stream);
    expect(await count()).toBe(0);
  });

  it('tells revisions and positions apart that doubles cannot', async () => {
    const big = 2n ** 53n;
    const key = { stream: 'org-big', kind: 'member', id: 'ann' } as const;
    const apply = (from: bigint, revision: bigint, commit: bigint, document: unknown) =>
      tier.apply({
        stream: key.stream,
        from,
        revision,
        upTo: { commit, prepare: commit },
        touched: revision > from ? ['member|ann'] : [],
        documents: new Map([['member|ann', document]]),
      });
    await apply(big, big, big, { n: 1 });
    await apply(big + 1n, big + 1n, big + 1n, { n: 2 });
    expect((await tier.load([key]))[0]).toEqual({
      document: { n: 2 },
      revision: big + 1n,
      upTo: { commit: big + 1n, prepare: big + 1n },
    });
    await apply(big, big, big, { n: 1 });
    expect((await tier.load([key]))[0]?.document).toEqual({ n: 2 });
    const furthest = 2n ** 63n - 1n;
    await apply(furthest, furthest, furthest, null);
    expect((await tier.load([key]))[0]).toMatchObject({ revision: furthest, upTo: { commit: furthest } });
  });
}
