import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { emptyFold, type Folded, step } from '#libs/application/fold.js';
import { Folds } from '#libs/application/folds.js';
import { endsCommand } from '#libs/application/metadata.js';
import { SnapshotCheck } from '#libs/application/snapshots/snapshot-check.js';
import { decoded, encoded } from '#libs/application/snapshots/snapshot.js';
import { Snapshots } from '#libs/application/snapshots/snapshots.js';
import { accepts, type UpTo } from '#libs/application/up-to.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import type { Database } from '#libs/readstore/database.js';
import { PostgresSnapshots } from '#libs/readstore/snapshots.js';
import { useDatabase } from '../support/use-database.js';
import { happeningsOf, HistoryWorld, orgId } from './history-world.js';

let db: Database;
useDatabase((opened) => {
  db = opened;
});

/** The plainest fold: up to the last command that ends within what is asked for. */
function foldOf(world: HistoryWorld, upTo: UpTo): Folded<'org'> {
  let folded = emptyFold('org');
  let whole = folded;
  for (const event of world.events(`org-${orgId}`)) {
    if (!accepts(upTo, event)) break;
    folded = step('org', folded, event);
    if (endsCommand(event.metadata)) whole = folded;
  }
  return whole;
}

/** Maps as they are iterated, and nothing of members that are absent or undefined. */
const plain = ({ state, ...rest }: Folded<'org'>) => ({
  ...rest,
  state: Object.entries(state).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'object' && value !== null && 'entries' in value && typeof value.entries === 'function'
      ? [...value.entries()]
      : value,
  ]),
});

let round = 0;
const noDamage = {
  onDamaged: (...told: unknown[]) => {
    throw new Error(`damaged: ${told.join(' ')}`);
  },
  onUnavailable: (error: unknown) => {
    throw error;
  },
};

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))(
  'any history under %s',
  (_, scheme) => {
    const happenings = happeningsOf(scheme);

    it('comes out of a snapshot as it went in, at every revision, and goes on the same way', async () => {
      await fc.assert(
        fc.asyncProperty(happenings, async (given) => {
          const world = await HistoryWorld.of(scheme, given);
          const events = world.events(`org-${orgId}`);
          let folded = emptyFold('org');
          // One that is taken up again after every event, and never folded from the start.
          let again = folded;
          for (const event of events) {
            folded = step('org', folded, event);
            again = step('org', again, event);
            const snapshot = encoded(orgId, again);
            const back = snapshot && decoded(snapshot);
            if (back === undefined) throw new Error('nothing came back');
            again = back;
            expect(plain(again)).toEqual(plain(folded));
          }
        }),
        { numRuns: 15, endOnFailure: true },
      );
    });

    it('is folded to any moment as without snapshots, by processes that share them', async () => {
      const store = await PostgresSnapshots.open(db, 'this code');
      const moments = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 });
      let used = 0;
      const run = async (given: Parameters<typeof HistoryWorld.of>[1], places: readonly number[]) => {
        const world = await HistoryWorld.of(scheme, given);
        const id = `${orgId}-${scheme.document.id}-${++round}`;
        const source = renamed(world, id);
        const check = new SnapshotCheck(source, 0);
        const process = () => {
          const snapshots = new Snapshots(store, noDamage, check, 3);
          return { snapshots, folds: new Folds(source, undefined, snapshots) };
        };
        const count = BigInt(world.events(`org-${orgId}`).length);
        for (const [i, where] of places.entries()) {
          const { snapshots, folds } = process();
          const instants = world.instants;
          const upTo: UpTo =
            i % 2 === 0
              ? { instant: instants[Math.floor(where * (instants.length - 1))] ?? 0 }
              : { revision: BigInt(Math.floor(where * Number(count))) };
          const { folded, accepted } = await folds.past('org', id, upTo);
          expect(plain(folded)).toEqual(plain(foldOf(world, upTo)));
          if ('revision' in upTo) expect(accepted).toBe(upTo.revision < count ? upTo.revision : count - 1n);
          // Asked again, it is the one that was kept; after the present was folded, too.
          expect(plain((await folds.past('org', id, upTo)).folded)).toEqual(plain(folded));
          await snapshots.settled();
          await check.settled();
          if ((await store.latest(id, upTo)) !== undefined) used += 1;
          if (i === 6) await folds.current('org', id);
        }
      };
      await fc.assert(fc.asyncProperty(happenings, moments, run), { numRuns: 6, endOnFailure: true });
      expect(used).toBeGreaterThan(5);
    });
  },
);

/** The same log, read under another organization's id: rows of one run are no other one's. */
function renamed({ store }: HistoryWorld, id: string): HistoryWorld['store'] {
  return new Proxy(store, {
    get: (target, name) =>
      name === 'read'
        ? (stream: string, from: bigint) => target.read(stream === `org-${id}` ? `org-${orgId}` : stream, from)
        : Reflect.get(target, name, target),
  });
}
