import { join } from 'node:path';
import { leafOf } from '../../dist/libs/application/ledger/leaf.js';
import { openEvidence, packEvidence } from '../../dist/libs/application/ledger/evidence/archive.js';
import { gatherEvidence } from '../../dist/libs/application/ledger/evidence/gather.js';
import { Ledger } from '../../dist/libs/application/ledger/ledger.js';
import { TreeEdge } from '../../dist/libs/ledger/edge.js';
import { leafHash } from '../../dist/libs/ledger/hashes.js';
import { decodeKey } from '../../dist/libs/ledger/signed-note.js';
import { SystemClock } from '../../dist/libs/platform/clock.js';
import { loadKeys } from '../../dist/libs/platform/keys.js';
import { PostgresLedgerTrees } from '../../dist/projections/ledger/postgres-trees.js';
import { benchmark, inTurns } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { eventsOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const SIZES = (process.env.BENCH_BUNDLE_EVENTS ?? '1000,10000').split(',').map(Number);

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const { store, db, caughtUp } = await startCluster(folder, cleanUp);
  const keys = await loadKeys(join(folder, 'keys'));
  const ledger = new Ledger(new PostgresLedgerTrees(db), store, keys.ledger, new SystemClock());
  for (const size of SIZES) {
    const orgId = `org-${size}`;
    await fill(store, orgId, eventsOf(orgId, Math.floor(size / 2.8)).slice(0, size));
    await caughtUp();
    const question = {
      subject: `${orgId}-p2`,
      action: 'environment:use',
      resource: `${orgId}/env-2`,
      at: new Date().toISOString(),
    };
    const archive = packEvidence(await gatherEvidence(store, ledger, question), new Map(), keys.ledger);
    const pinned = decodeKey(ledger.key);
    const { events } = openEvidence(archive, pinned);
    const leaves = [];
    for await (const page of store.read(`org-${orgId}`, 0n)) leaves.push(...page);
    const timed = (work) => {
      const began = performance.now();
      work();
      return ((performance.now() - began) * 1000) / events;
    };
    const seen = await inTurns(
      {
        verified: () => timed(() => openEvidence(archive, pinned)),
        hashed: () =>
          timed(() => {
            const edge = TreeEdge.empty();
            for (const event of leaves) edge.append(leafHash(leafOf(event)));
          }),
      },
      { rounds: 7 },
    );
    row({
      name: `a bundle of ${events} events, ${Math.round(archive.length / 1024)} KiB: verified and asked again`,
      value: seen.verified,
      unit: 'µs/event',
      baseline: seen.hashed,
      against: 'hashing their leaves alone',
      goal: { of: 'value', atMost: 100 },
    });
  }
});
