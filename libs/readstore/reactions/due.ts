import type { Due, Reacted } from '#libs/application/reactions/reaction.js';
import type { Database } from '../database.js';
import { durableSchema } from '../migrations.js';
import { rowsOf, run } from '../sql.js';
import { qualified } from '../table.js';

const cursors = qualified(durableSchema, 'reaction_cursors');
const due = qualified(durableSchema, 'reactions_due');

/** What a page of the log changes about what is due: last revisions by key, in each way. */
export interface Changes {
  readonly begun: ReadonlyMap<string, bigint>;
  readonly touched: ReadonlyMap<string, bigint>;
  readonly ended: readonly string[];
}

/** The last event that was read: where it stands (`commit/prepare`), and its id, by which another log is recognized. */
export interface Cursor {
  readonly position: string;
  readonly eventId: string;
}

/** Undefined where nothing was read yet. */
export async function cursorOf(db: Database, reaction: string): Promise<Cursor | undefined> {
  const query = `select position, event_id as "eventId" from ${cursors} where reaction = $1`;
  const [row] = await rowsOf<Cursor>(db, query, [reaction]);
  return row;
}

/** Moves the cursor with what follows from the events up to it. False, and nothing done, where it is not at `from` any more. */
export async function advance(
  db: Database,
  reaction: string,
  from: Cursor | undefined,
  to: Cursor,
  changes: Changes,
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const statement =
      from === undefined
        ? `insert into ${cursors} (reaction, position, event_id) values ($1, $2, $3) on conflict do nothing returning 1`
        : `update ${cursors} set position = $2, event_id = $3 where reaction = $1 and position = $4 returning 1`;
    const moved = [reaction, to.position, to.eventId];
    const values = from === undefined ? moved : [...moved, from.position];
    if ((await rowsOf(tx, statement, values)).length === 0) return false;
    const { begun, touched, ended } = changes;
    if (ended.length > 0) await run(tx, `delete from ${due} where reaction = $1 and key = any($2)`, [reaction, ended]);
    if (begun.size > 0)
      await run(
        tx,
        `insert into ${due} as present (reaction, key, revision)
          select $1, key, revision from unnest($2::text[], $3::bigint[]) as begun(key, revision)
          on conflict (reaction, key) do update
          set revision = excluded.revision, attempts = 0, failure = null,
            not_before = clock_timestamp(), due_since = clock_timestamp()`,
        [reaction, ...columnsOf(begun)],
      );
    if (touched.size > 0)
      await run(
        tx,
        `update ${due} as present set revision = touched.revision,
            due_since = case when done < present.revision then due_since else clock_timestamp() end
          from unnest($2::text[], $3::bigint[]) as touched(key, revision)
          where present.reaction = $1 and present.key = touched.key and present.revision < touched.revision`,
        [reaction, ...columnsOf(touched)],
      );
    return true;
  });
}

/** After the log was replaced by one that does not hold the cursor: all of it is read again, and all is done again. */
export async function startOver(db: Database, reaction: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await run(tx, `delete from ${cursors} where reaction = $1`, [reaction]);
    await run(tx, `delete from ${due} where reaction = $1`, [reaction]);
  });
}

/** Takes what is due and nobody else has taken. Who does not come back leaves it to others after `claimMs`. */
export async function claim(
  db: Database,
  reaction: string,
  { limit, claimMs }: { readonly limit: number; readonly claimMs: number },
): Promise<readonly (Due & { readonly attempts: number })[]> {
  const rows = await rowsOf<{ key: string; revision: string; attempts: number }>(
    db,
    `update ${due} as claimed
      set attempts = claimed.attempts + 1, not_before = clock_timestamp() + $3 * interval '1 millisecond'
      where reaction = $1 and key in (
        select key from ${due}
        where reaction = $1 and done < revision and not_before <= clock_timestamp()
        order by not_before limit $2 for update skip locked)
      returning key, revision, attempts`,
    [reaction, limit, claimMs],
  );
  return rows.map(({ key, revision, attempts }) => ({ key, revision: BigInt(revision), attempts }));
}

export async function done(
  db: Database,
  reaction: string,
  { key, revision }: Due,
  { outcome, restMs }: Reacted,
): Promise<void> {
  await run(
    db,
    // Whoever was slow, and has lost the claim to somebody who was told of more, changes nothing.
    `update ${due} set done = $3, attempts = 0, failure = null, outcome = $4,
      done_at = clock_timestamp(), not_before = clock_timestamp() + $5 * interval '1 millisecond'
      where reaction = $1 and key = $2 and done <= $3`,
    [reaction, key, `${revision}`, outcome, restMs],
  );
}

export async function failed(
  db: Database,
  reaction: string,
  key: string,
  failure: string,
  againMs: number,
): Promise<void> {
  await run(
    db,
    `update ${due} set failure = $3, not_before = clock_timestamp() + $4 * interval '1 millisecond'
      where reaction = $1 and key = $2`,
    [reaction, key, failure, againMs],
  );
}

/** What became of one key. */
export interface ReactionState {
  /** Of what was done last; null while nothing was. */
  readonly outcome: string | null;
  readonly doneAt: string | null;
  /** Why the last try failed; null after one that did not. */
  readonly failure: string | null;
  readonly waiting: boolean;
}

/** Undefined where the reaction has nothing to do for the key. */
export async function stateOf(db: Database, reaction: string, key: string): Promise<ReactionState | undefined> {
  const [row] = await rowsOf<{
    outcome: string | null;
    done_at: Date | string | null;
    failure: string | null;
    waiting: boolean;
  }>(db, `select outcome, done_at, failure, done < revision as waiting from ${due} where reaction = $1 and key = $2`, [
    reaction,
    key,
  ]);
  if (row === undefined) return undefined;
  const { outcome, failure, waiting } = row;
  return { outcome, failure, waiting, doneAt: row.done_at === null ? null : new Date(row.done_at).toISOString() };
}

/** How many keys wait, and for how long the oldest could have been done, in seconds. */
export async function backlogOf(
  db: Database,
  reaction: string,
): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
  const [row] = await rowsOf<{ waiting: string; oldest: string | null }>(
    db,
    `select count(*) as waiting, extract(epoch from clock_timestamp() - min(due_since)) as oldest
      from ${due} where reaction = $1 and done < revision`,
    [reaction],
  );
  return { waiting: Number(row?.waiting ?? 0), oldestSeconds: Math.max(0, Number(row?.oldest ?? 0)) };
}

const columnsOf = (revisions: ReadonlyMap<string, bigint>) => [
  [...revisions.keys()],
  [...revisions.values()].map((revision) => `${revision}`),
];
