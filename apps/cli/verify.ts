import { parseArgs } from 'node:util';
import { isSlug } from '#libs/domain/text.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { encodeKey } from '#libs/ledger/signed-note.js';
import { loadConfig } from '#libs/platform/config.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import type { Finding, Witnessed } from '#projections/ledger/tree-replay.js';
import { type VerificationReport, verifyLog } from '#projections/ledger/verification.js';
import type { Stores } from '../standalone/stores.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { count, counted, Progress } from './progress.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';
import { witnessedIn, WitnessUnusable } from './witnessed.js';
import { verifyBundle } from './verify-bundle.js';

const help = `Usage: npx tenantry verify [--org <id>] [--witnessed <file>]
       npx tenantry verify bundle <file> --key <key>

Reads the log of events from its start, computes every Merkle tree anew, and compares each event with what was recorded of
it and each root with every checkpoint that was ever signed. Names the first revision of a stream at which an event was
altered, dropped, swapped or put in. The server may run meanwhile; without one, the embedded stores are started for the
command. Reads the same variables as the server: DATA_DIR, KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  --org <id>          only this organization's trees: of its events, its activity and its usage
  --witnessed <file>  checkpoints that somebody outside has kept, one or more signed notes: the log must bear them out
  --help              this text

Whoever can change the log, Postgres and the keys can change all three so that they fit. What this finds for certain is what
differs from a checkpoint that left their hands.

With "bundle", checks an archive of \`tenantry evidence\` instead, anywhere, without a server: all that it holds against the
key, and the answer by asking the question again. The key must have come another way than the archive.

Exit code: 0 everything is as it was recorded and signed, 1 it is not or something failed, 2 wrongly called.
`;

export const verify: Command = {
  async run(argv, io) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        org: { type: 'string' },
        key: { type: 'string' },
        witnessed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const { org, key, witnessed } = values;
    const [what, file, ...more] = positionals;
    if (what !== undefined) {
      if (
        what !== 'bundle' ||
        file === undefined ||
        key === undefined ||
        org !== undefined ||
        witnessed !== undefined ||
        more.length > 0
      )
        throw new UsageError('A bundle is verified by: verify bundle <file> --key <key>');
      return verifyBundle(file, key, io);
    }
    if (key !== undefined) throw new UsageError("--key is for bundles; the log is verified under this ledger's own");
    if (org !== undefined && !isSlug(org)) throw new UsageError('--org must be the id of an organization');
    try {
      const stores = await reachStores(loadConfig(io.environment));
      try {
        const kept = witnessed === undefined ? [] : await witnessedIn(witnessed, stores.keys.ledger);
        return await overStores(stores, { orgId: org, witnessed: kept }, io);
      } finally {
        await stores.stop();
      }
    } catch (error) {
      if (!(error instanceof StoresOutOfReach) && !(error instanceof WitnessUnusable)) throw error;
      io.err(`${error.message}\n`);
      return exitCodes.failure;
    }
  },
};

async function overStores(
  { keys, eventStoreUrl, postgresUrl }: Stores,
  { orgId, witnessed }: { readonly orgId: string | undefined; readonly witnessed: readonly Witnessed[] },
  io: Io,
): Promise<number> {
  const store = await EsdbEventStore.connect(eventStoreUrl);
  const db = openDatabase(postgresUrl);
  try {
    await migrate(db);
    const progress = new Progress(io);
    const onProgress = (events: number) => progress.tell('verifying', events);
    const report = await verifyLog({ db, store, key: keys.ledger, orgId, witnessed, onProgress });
    if (orgId !== undefined && report.trees === 0 && report.findings.length === 0) {
      io.err(`The log holds nothing of an organization ${orgId}.\n`);
      return exitCodes.failure;
    }
    if (witnessed.length > 0 && report.findings.length === 0)
      io.out(`The log bears out ${counted(witnessed.length, 'witnessed checkpoint')}.\n`);
    io.out(`${told(report)}key  ${encodeKey(keys.ledger)}\n`);
    return report.findings.length === 0 ? exitCodes.ok : exitCodes.failure;
  } finally {
    await db.destroy();
    await store.close();
  }
}

function told({ events, trees, checkpoints, unrecorded, findings, discontinuities }: VerificationReport): string {
  const lines = findings.map(sentence);
  for (const { stream, signedAt } of discontinuities)
    lines.push(
      `${stream}: the log was replaced by one that does not continue it; the ledger admitted that on ${signedAt}`,
    );
  if (unrecorded > 0)
    lines.push(`newer than the read models, and compared with nothing: ${counted(unrecorded, 'event')}`);
  const looked = `${counted(events, 'event')} in ${counted(trees, 'tree')}, and ${counted(checkpoints, 'signed checkpoint')}`;
  lines.push(
    findings.length === 0
      ? `Verified ${looked}: all is as it was recorded and signed.`
      : `NOT VERIFIED: ${count(findings.length)} of ${counted(trees, 'tree')} ${findings.length === 1 ? 'is' : 'are'} not as recorded and signed. Looked at ${looked}.`,
  );
  return `${lines.join('\n')}\n`;
}

function sentence({ kind, stream, revision, upTo }: Finding): string {
  const place = `${stream}, revision ${revision}`;
  switch (kind) {
    case 'altered':
      return `${place}: the event is not the one that was recorded there`;
    case 'missing':
      return `${place}: the log does not hold the event any more`;
    case 'inserted':
      return `${place}: the log holds another event there as well`;
    case 'node':
      return `${place}: the event is as it was, its stored tree nodes are not; \`tenantry rebuild ledger\` mends them`;
    case 'unrecorded':
      return `${place}: what was recorded of the event is gone; \`tenantry rebuild ledger\` mends that`;
    case 'signed':
      return `${stream}, between revisions ${revision} and ${upTo}: the events are not those of the checkpoint that was signed there`;
    case 'witnessed':
      return `${stream}, up to revision ${upTo}: the events are not those of the checkpoint that was witnessed; the log was rewritten after it`;
    case 'forged':
      return `${place}: a stored checkpoint of revisions up to ${upTo} was not signed by this ledger's key`;
  }
}
