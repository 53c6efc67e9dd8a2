import { z } from 'zod';
import type { DestroyedKeys } from '#libs/application/ports/erasures.js';
import type { Database } from './database.js';
import { durableSchema } from './migrations.js';
import { rowsOf } from './sql.js';

interface Destroyed {
  readonly subject: string;
  readonly kid: string;
}

/** What is kept of a destroyed key, as lists of them hold it. */
export const erasedKey = z.strictObject({
  keyId: z.uuid(),
  subject: z.string(),
  person: z.string(),
  erasedAt: z.string(),
});
export type ErasedKey = z.output<typeof erasedKey>;

const PAGE = 1000;

const destroying = (which: string) => `
  with gone as (delete from ${durableSchema}.subject_keys where ${which} returning subject, kid)
  insert into ${durableSchema}.erased_keys (kid, subject, person)
    select kid, subject, $1 from gone on conflict (kid) do nothing`;

/**
 * Destroys subjects' keys, and keeps in mind which: a row of a destroyed key without the key itself. Both in one
 * transaction, so that no crash leaves a key without its mark, or a mark beside its key.
 */
export class PostgresErasedKeys {
  constructor(private readonly db: Database) {}

  /** Of these subjects; answers everything that was ever destroyed of the person. */
  async destroy(person: string, subjects: readonly string[]): Promise<DestroyedKeys> {
    await rowsOf(this.db, destroying('subject = any($2)'), [person, subjects]);
    const rows = await rowsOf<Destroyed>(
      this.db,
      `select subject, kid from ${durableSchema}.erased_keys where person = $1 order by erased_at, kid`,
      [person],
    );
    return { subjects: [...new Set(rows.map(({ subject }) => subject))], keyIds: rows.map(({ kid }) => kid) };
  }

  /** Every key that was ever destroyed, by id. */
  async *all(): AsyncIterable<ErasedKey> {
    for (let after = ''; ; ) {
      const rows: ErasedKey[] = await rowsOf<ErasedKey>(
        this.db,
        `select kid::text as "keyId", subject, person,
            to_char(erased_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "erasedAt"
          from ${durableSchema}.erased_keys where kid::text > $1 order by kid::text limit $2`,
        [after, PAGE],
      );
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.keyId;
    }
  }

  /** Those with these ids, whomever they are of. Answers the subjects whose keys there were. */
  async destroyIds(person: string, keyIds: readonly string[]): Promise<string[]> {
    if (keyIds.length === 0) return [];
    const present = await this.present(keyIds);
    if (present.length > 0) await rowsOf(this.db, destroying('kid = any($2::uuid[])'), [person, keyIds]);
    return present;
  }

  /** Subjects whose keys with these ids are there. */
  async present(keyIds: readonly string[]): Promise<string[]> {
    const rows = await rowsOf<{ subject: string }>(
      this.db,
      `select subject from ${durableSchema}.subject_keys where kid = any($1::uuid[])`,
      [keyIds],
    );
    return rows.map(({ subject }) => subject);
  }
}
