import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { v7 } from 'uuid';
import { ActivityLog } from '#libs/application/activity/activity-log.js';
import { packEvidence } from '#libs/application/ledger/evidence/archive.js';
import type { Evidence } from '#libs/application/ledger/evidence/check.js';
import type { EvidenceQuestion } from '#libs/application/ledger/evidence/decision.js';
import { gatherEvidence } from '#libs/application/ledger/evidence/gather.js';
import { EvidenceRejected } from '#libs/application/ledger/evidence/rejected.js';
import { Ledger } from '#libs/application/ledger/ledger.js';
import { TreeBehind } from '#libs/application/ledger/trees.js';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import { isPermission } from '#libs/domain/schemes/actions.js';
import { anyPrincipalId, instant, isSlug } from '#libs/domain/text.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { SystemClock } from '#libs/platform/clock.js';
import { loadConfig } from '#libs/platform/config.js';
import { openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { PostgresLedgerTrees } from '#projections/ledger/postgres-trees.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';
import { verifierPage } from './verifier-page.js';

const help = `Usage: npx tenantry evidence --org <id> --question '<subject> <action> <resource>' --to <file> [--at <instant>]

Writes one archive that shows whether somebody could do something, and lets others check that without this server: the
question, its answer, every event of the organization and of its realm up to signed checkpoints, and of the person. The
server may run meanwhile. Reads the same variables as the server: DATA_DIR, KEY_DIR, EVENTSTORE_URL, POSTGRES_URL …

  --org <id>       the organization
  --question <q>   as in 'bob environment:use production', or 'bob org:view acme' for the organization itself
  --at <instant>   RFC 3339, such as 2026-03-01T12:00:00Z; now where it is absent
  --to <file>      a tar archive; must not be there yet
  --help           this text

That it was created is an entry of the organization's audit log, by the actor "operator".

The archive also holds verify.html, a page that does the same in a browser, without any network. Who receives it checks it with \`npx tenantry verify bundle <file> --key <key>\`, under a key that they got beforehand.

Exit code: 0 written, 1 refused or failed, 2 wrongly called.
`;

export const evidence: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        org: { type: 'string' },
        question: { type: 'string' },
        at: { type: 'string' },
        to: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const question = questionOf(values.org, values.question, values.at);
    if (values.to === undefined) throw new UsageError('--to is needed: where shall the archive stand?');
    try {
      await write(question, values.to, io);
      return exitCodes.ok;
    } catch (error) {
      const reason = reasonOf(error, values.to);
      if (reason === undefined) throw error;
      io.err(`No evidence was written: ${reason}.\n`);
      return exitCodes.failure;
    }
  },
};

/** In words; undefined for what nobody expects. */
function reasonOf(error: unknown, to: string): string | undefined {
  if (error instanceof StoresOutOfReach || error instanceof EvidenceRejected) return error.message;
  if (error instanceof TreeBehind)
    return `the read models are behind the log (${error.message}); try again while a server or projector runs`;
  const isTaken = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
  return isTaken ? `the file ${to} is there already` : undefined;
}

function questionOf(org: string | undefined, asked: string | undefined, at: string | undefined): EvidenceQuestion {
  if (org === undefined || asked === undefined) throw new UsageError('--org and --question are needed');
  if (!isSlug(org)) throw new UsageError('--org must be the id of an organization');
  const [subject = '', action = '', resource = '', ...more] = asked.trim().split(/\s+/);
  if (more.length > 0 || !anyPrincipalId.safeParse(subject).success || !isSlug(resource))
    throw new UsageError("--question must be '<subject> <action> <resource>'");
  if (!isPermission(action)) throw new UsageError(`--question: there is no action ${action}`);
  const parsed = instant.safeParse(at ?? new Date().toISOString());
  if (!parsed.success || Date.parse(parsed.data) > Date.now())
    throw new UsageError('--at must be an instant of the past, as in 2026-03-01T12:00:00Z');
  // Permissions of the organization itself are asked of it; all others of what it holds.
  const name = resource === org ? org : `${org}/${resource}`;
  return { subject, action, resource: name, at: parsed.data };
}

async function write(question: EvidenceQuestion, to: string, io: Io): Promise<void> {
  const { keys, eventStoreUrl, postgresUrl, stop } = await reachStores(loadConfig(io.environment));
  try {
    const store = await EsdbEventStore.connect(eventStoreUrl);
    const db = openDatabase(postgresUrl);
    try {
      await migrate(db);
      const ledger = new Ledger(new PostgresLedgerTrees(db), store, keys.ledger, new SystemClock());
      const gathered = await gatherEvidence(store, ledger, question);
      const archive = packEvidence(gathered, await pages(), keys.ledger);
      await writeNew(to, archive, () => record(new ActivityLog(store, new SystemClock()), gathered, archive, io));
      io.out(told(gathered, to, ledger.key));
    } finally {
      await db.destroy();
      await store.close();
    }
  } finally {
    await stop();
  }
}

/** For readers who would rather look than type. */
const pages = async () => new Map([['verify.html', Buffer.from(await verifierPage())]]);

/** In the organization's audit log, before the archive is there; with a warning where the event store takes nothing. */
async function record(log: ActivityLog, { question, answer, org, realm }: Evidence, archive: Buffer, io: Io) {
  const commandId = v7();
  const caller = { id: 'operator', realm: parseStream(realm.stream).id, credential: 'tenantry evidence' };
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const data = { ...question, decision: answer.decision, size: `${org.leaves.length}`, sha256 };
  const activity = { caller, orgId: parseStream(org.stream).id, command: 'CreateEvidence', commandId };
  try {
    await log.record({ ...activity, event: { type: 'EvidenceCreated', data }, correlation: commandId });
  } catch (error) {
    if (!(error instanceof EventStoreUnavailable)) throw error;
    io.err('The event store takes no events: that this evidence was created is not in the audit log.\n');
  }
}

/** `first` runs once it is certain that the file was not there. */
async function writeNew(path: string, content: Buffer, first: () => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await first();
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

function told({ question, answer, org, realm }: Evidence, to: string, key: string): string {
  const { subject, action, resource, at } = question;
  const verdict = answer.decision ? `yes, as ${answer.role}` : `no, ${answer.reason}`;
  return `Could ${subject} ${action} ${resource} at ${at}? ${verdict}.
Written to ${to}, with ${org.leaves.length + realm.leaves.length} events. To check it elsewhere, under a key that was handed over before:
  npx tenantry verify bundle ${to} --key '${key}'
`;
}
