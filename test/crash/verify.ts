import { comparePositions, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';
import { meta } from '#libs/application/metadata.js';
import { type AskedDocuments, type Crew, type Ran, tokenOf } from './crew.js';
import { EventKinds, oracle, oracleCheckpoint, type Told } from './oracle.js';
import { checkpointsAgainst } from './oracle-ledger.js';
import { canonical, differences, type Row, Rows } from './rows.js';
import { StoredRows } from './stored-rows.js';
import type { World } from './world.js';

/** Compares everything that is kept of a world's log with what the oracle makes of it. */
export class Verifier {
  private readonly kinds = new EventKinds();

  private constructor(
    private readonly world: World,
    private readonly crew: Crew,
    private readonly stored: StoredRows,
  ) {}

  static async of(world: World, crew: Crew): Promise<Verifier> {
    return new Verifier(world, crew, await StoredRows.in(world.db));
  }

  /** What is wrong after a sequence; empty where every row, document and answer is what the log says. */
  async after(ran: Ran): Promise<string[]> {
    try {
      return await this.compared(ran);
    } catch (error) {
      return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
  }

  private async compared({ name, answers, documents, from }: Ran): Promise<string[]> {
    const log = await this.world.log();
    const events = log.slice(from);
    const expected = withTallies(oracle(events, tokenOf));
    const wrong = [
      ...answersAgainst(events, answers),
      ...documents.flatMap((each) => staleOrWrong(log, each)),
      ...(await this.documentsAgainst(expected, log.at(-1))),
    ];
    const rows = await this.stored.of(name);
    wrong.push(...lostSecrets(events, rows));
    return [...differences(withCheckpoint(expected, log, this.kinds), plain(rows)), ...wrong];
  }

  /** Every row of every sequence against the whole log: nothing stands there that no event put there. */
  async whole(): Promise<string[]> {
    const log = await this.world.log();
    return differences(withCheckpoint(withTallies(oracle(log, tokenOf)), log), plain(await this.stored.all()));
  }

  /** Every document and revision, as each api process answers it: first from where it lies, then from its own memory. */
  private async documentsAgainst(expected: Rows, last: StoredEvent | undefined): Promise<string[]> {
    const documents = expected.tables.get('access_documents') ?? [];
    const revisions = (expected.tables.get('access_streams') ?? []).map(
      ({ stream, revision }) => `${String(stream)}@${String(revision)}`,
    );
    const keys = [...documents, ...strangers(documents)].map(
      ({ stream, kind, id }) => ({ stream, kind, id }) as StreamDocument,
    );
    const asked = new Set(keys.map(({ stream }) => stream));
    const wanted = canonical({
      documents: keys.map((_, i) => documents[i]?.doc ?? null),
      revisions: revisions.filter((each) => asked.has(each.slice(0, each.lastIndexOf('@')))).sort(),
    });
    const wrong: string[] = [];
    for (const api of this.crew.apis)
      for (const time of ['first', 'then']) {
        const loaded = await this.crew.asked(api.load(keys, last?.position));
        const found = canonical(
          loaded && {
            documents: loaded.documents.map((doc) => doc ?? null),
            revisions: [...loaded.revisions].map(([stream, revision]) => `${stream}@${revision}`).sort(),
          },
        );
        if (found !== wanted) wrong.push(`${api.process.name} ${time} answers ${found} instead of ${wanted}`);
      }
    return wrong;
  }
}

/** Whatever an event refers to was kept before the event was appended. Nothing destroys secrets here. */
function lostSecrets(events: readonly StoredEvent[], rows: Rows): string[] {
  const kept = new Set((rows.tables.get('secrets') ?? []).map(({ secret_id: id }) => id));
  return events.flatMap(({ type, stream, data }) => {
    const { credential } = data as { readonly credential?: { readonly secretId: string } };
    if (credential === undefined || kept.has(credential.secretId)) return [];
    return [`${type} of ${stream} refers to a secret that is lost`];
  });
}

/** Every row of a database against the whole log. */
export async function rowsAgainst(stored: StoredRows, log: readonly StoredEvent[], told: Told): Promise<string[]> {
  const found = await stored.all();
  return [
    ...differences(withCheckpoint(oracle(log, told), log), plain(found)),
    ...checkpointsAgainst(log, found.tables.get('ledger_checkpoints') ?? []),
  ];
}

/** Of every organization: a member that it never had. */
const strangers = (documents: readonly Row[]): Row[] =>
  documents.filter(({ kind }) => kind === 'org').map(({ stream }) => ({ stream, kind: 'member', id: 'nobody' }));

/** Every event was applied once. */
function withTallies(rows: Rows): Rows {
  for (const { stream, revision } of rows.tables.get('access_streams') ?? [])
    rows.add('tallies', { stream, applied: `${BigInt(String(revision)) + 1n}` });
  return rows;
}

function withCheckpoint(rows: Rows, log: readonly StoredEvent[], kinds?: EventKinds): Rows {
  rows.add('checkpoint', oracleCheckpoint(log, kinds));
  return rows;
}

const noLogTells = new Set([
  'generations',
  'leases',
  'migrations',
  'ledger_trees',
  'ledger_checkpoints',
  'reaction_cursors',
  'reactions_due',
  'secrets',
]);

/**
 * Without migrations, generations, leases and what was signed when, which no log tells of, and without what the checkpoint
 * says of the build. Discontinuities stay: no log here has any.
 */
function plain(rows: Rows): Rows {
  const kept = new Rows();
  for (const [table, list] of rows.tables)
    for (const row of noLogTells.has(table) ? [] : list) {
      const { name: _, epoch: __, projections: ___, ...place } = row;
      kept.add(table, table === 'checkpoint' ? place : row);
    }
  return kept;
}

/** An acknowledged command stands in the log once, with the ids that were answered; any other does not. */
export function answersAgainst(events: readonly StoredEvent[], answers: Ran['answers']): string[] {
  const stored = new Map<string, StoredEvent[]>();
  for (const event of events) {
    if (event.metadata[meta.keyed] !== 'true') continue;
    const id = String(event.metadata[meta.commandId]);
    stored.set(id, [...(stored.get(id) ?? []), event]);
  }
  const acknowledged = new Map<string, unknown>();
  for (const outcome of answers) {
    if (outcome.kind !== 'done') continue;
    const { commandId, events: ids, stream, revision } = outcome.answer;
    acknowledged.set(commandId, { ids, stream, revision });
  }
  const wrong: string[] = [];
  for (const [id, answer] of acknowledged) {
    const found = stored.get(id) ?? [];
    const last = found.at(-1);
    const ids = found.map(({ id: eventId, type }) => ({ id: eventId, type }));
    const is = { ids, stream: last?.stream, revision: `${last?.revision}` };
    if (canonical(is) !== canonical(answer))
      wrong.push(`answered ${canonical(answer)} for the command ${id}, but the log holds ${canonical(is)}`);
  }
  for (const id of stored.keys())
    if (!acknowledged.has(id)) wrong.push(`the command ${id} stands in the log and was not acknowledged`);
  return wrong;
}

/** Each document is the one of some revision of its stream, the same for all of a stream, and not from before `after`. */
function staleOrWrong(log: readonly StoredEvent[], { keys, after, found }: AskedDocuments): string[] {
  const streams = new Set(keys.map(({ stream }) => stream));
  const events = log.filter(({ stream }) => streams.has(stream));
  const seen = events.filter(({ stream, revision }) => revision <= (found.revisions.get(stream) ?? -1n));
  const late = events.find(
    ({ stream, revision, position }) =>
      after !== undefined && comparePositions(position, after) <= 0 && revision > (found.revisions.get(stream) ?? -1n),
  );
  if (late !== undefined)
    return [`a question after ${positionText(late.position)} was answered without ${late.stream}@${late.revision}`];
  const expected = new Map(
    oracle(seen, tokenOf)
      .tables.get('access_documents')
      ?.map(({ stream, kind, id, doc }) => [`${String(stream)} ${String(kind)} ${String(id)}`, doc]),
  );
  return keys.flatMap(({ stream, kind, id }, index) => {
    const wanted = canonical(expected.get(`${stream} ${kind} ${id}`) ?? null);
    const is = canonical(found.documents[index] ?? null);
    return is === wanted ? [] : [`${kind} ${id} of ${stream} was answered as ${is} instead of ${wanted}`];
  });
}
