import { parseArgs } from 'node:util';
import type { EventStore } from '#libs/application/ports/event-store.js';
import { instant, isSlug } from '#libs/domain/text.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';
import { SystemClock } from '#libs/platform/clock.js';
import { loadConfig } from '#libs/platform/config.js';
import type { BuildProgress } from '#libs/readstore/build.js';
import { LogDiverged } from '#libs/readstore/checkpoints.js';
import { rowCounts } from '#libs/readstore/compare-schemas.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { RebuildRunning } from '#libs/readstore/rebuild-lock.js';
import { dropReplay, refuseName, replay as replayInto, ReplayRefused } from '#libs/readstore/replay.js';
import { type ReplayedUntil, type ReplayScope, scopeOfOrg, scopeOfRealm } from '#libs/readstore/replay-scope.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { Vault } from '#libs/vault/vault.js';
import { allProjections } from '#projections/all.js';
import type { Stores } from '../standalone/stores.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { count, Progress } from './progress.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';
import { explained, stoppable } from './stoppable.js';

const help = `Usage: npx tenantry replay --org <id> --until <instant | revision> --schema <name>
       npx tenantry replay --realm <id> --until <instant> --schema <name>
       npx tenantry replay --drop --schema <name>

Builds the read models as they were at a moment, in a Postgres schema of their own, to be asked in SQL. The live ones are
neither read nor touched. The server may run meanwhile; without one, the embedded stores are started for the command.
Stopped or killed, the same command goes on from there. Reads the same variables as the server: DATA_DIR, KEY_DIR,
EVENTSTORE_URL, POSTGRES_URL …

  --org <id>       of one organization: its events and activity, its realm, and the people who were ever in it by then
  --realm <id>     of a whole realm
  --until <when>   an instant (2026-03-01T12:00:00Z) or, with --org, a revision of the organization (17)
  --schema <name>  made by this command; one that exists otherwise is refused
  --drop           takes away a schema that a replay made
  --help           this text

It needs the stores themselves, and asks nobody's permission: what it makes is for whoever may read this Postgres.

Exit code: 0 the rows are there, 1 they are not, or not all of them, 2 wrongly called.
`;

type Wanted = { readonly schema: string } & (
  | { readonly drop: true }
  | { readonly org: string; readonly until: ReplayedUntil }
  | { readonly realm: string; readonly until: { readonly instant: number } }
);

export const replay: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        org: { type: 'string' },
        realm: { type: 'string' },
        until: { type: 'string' },
        schema: { type: 'string' },
        drop: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const wanted = wantedFrom(values);
    return explained(io, [StoresOutOfReach, RebuildRunning, LogDiverged, ReplayRefused], async () => {
      refuseName(wanted.schema);
      const stores = await reachStores(loadConfig(io.environment));
      try {
        return await stoppable(io, (signal) => overStores(stores, wanted, signal, io));
      } finally {
        await stores.stop();
      }
    });
  },
};

interface Values {
  readonly org?: string | undefined;
  readonly realm?: string | undefined;
  readonly until?: string | undefined;
  readonly schema?: string | undefined;
  readonly drop: boolean;
}

function wantedFrom({ org, realm, until, schema, drop }: Values): Wanted {
  if (schema === undefined) throw new UsageError('Name the schema: --schema <name>.');
  if (drop) {
    if ((org ?? realm ?? until) !== undefined) throw new UsageError('--drop takes a schema alone.');
    return { schema, drop };
  }
  if (until === undefined) throw new UsageError('Say until when: --until <instant>.');
  const revision = /^\d{1,18}$/.test(until) ? BigInt(until) : undefined;
  const parsed = revision === undefined ? instant.safeParse(until) : undefined;
  if (parsed?.success === false) throw new UsageError(`${until} is neither an instant nor a revision.`);
  const at = parsed && { instant: Date.parse(parsed.data) };
  if (org !== undefined && realm === undefined) {
    if (!isSlug(org)) throw new UsageError(`No organization has the id ${org}.`);
    return { schema, org, until: at ?? { revision: revision ?? 0n } };
  }
  if (realm === undefined || org !== undefined) throw new UsageError('Name one organization or one realm.');
  if (at === undefined) throw new UsageError('A realm has no revision: give an instant.');
  return { schema, realm, until: at };
}

async function overStores(
  { keys, eventStoreUrl, postgresUrl }: Stores,
  wanted: Wanted,
  signal: AbortSignal,
  io: Io,
): Promise<number> {
  const store = await EsdbEventStore.connect(eventStoreUrl);
  const db = openDatabase(postgresUrl);
  try {
    await migrate(db);
    const { schema } = wanted;
    if ('drop' in wanted) {
      await dropReplay(db, schema);
      io.out(`The schema ${schema} is gone.\n`);
      return exitCodes.ok;
    }
    const scope = await scopeOf(store, wanted);
    const progress = new Progress(io);
    const onProgress = ({ events, share }: BuildProgress) => progress.tell('replaying', events, events / share);
    const personalData = new Vault(keys, new PostgresSubjectKeys(db), new MasterKeys(keys));
    const { events, parked } = await replayInto({
      ...{ db, store, personalData, projections: allProjections, schema, scope, signal, onProgress },
    });
    io.out(await told(db, schema, scope, events));
    for (const { stream, revision, error } of parked)
      io.out(`${stream} could not be projected from revision ${revision} on: ${error}\n`);
    return parked.length === 0 ? exitCodes.ok : exitCodes.failure;
  } finally {
    await db.destroy();
    await store.close();
  }
}

async function scopeOf(store: EventStore, wanted: Exclude<Wanted, { drop: true }>): Promise<ReplayScope> {
  const now = new SystemClock().now();
  const [what, scope] =
    'org' in wanted
      ? [`organization ${wanted.org}`, await scopeOfOrg(store, wanted.org, wanted.until, now)]
      : [`realm ${wanted.realm}`, await scopeOfRealm(store, wanted.realm, wanted.until.instant, now)];
  if (scope === 'future') throw new ReplayRefused('--until lies in the future');
  if (scope === 'unknown') throw new ReplayRefused(`there was no ${what} then`);
  return scope;
}

async function told(db: Database, schema: string, scope: ReplayScope, events: number): Promise<string> {
  const rows = [...(await rowCounts(db, schema, allProjections))];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, rowCount]) => `${name.padEnd(width)}  ${rowCount}\n`).join('');
  const revision = scope.revision === undefined ? '' : `, revision ${scope.revision}`;
  const until = `${new Date(scope.instant).toISOString()}${revision}`;
  return `${lines}${scope.org ?? scope.realm} as of ${until} stands in ${schema}, after ${count(events)} events.\n`;
}
