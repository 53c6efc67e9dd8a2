import { type Generated, type Kysely, sql } from 'kysely';
import { type SubjectKey, SubjectKeyStore } from '#libs/vault/subject-keys.js';
import type { Database } from './database.js';
import { durableSchema } from './migrations.js';

type Tables = {
  subject_keys: { subject: string; kid: string; wrapped: Uint8Array; created_at: Generated<string> };
};

/** Subjects' keys in Postgres, in the schema that no log can rebuild. */
export class PostgresSubjectKeys extends SubjectKeyStore {
  private readonly db: Kysely<Tables>;

  constructor(db: Database) {
    super();
    this.db = db.withSchema(durableSchema).withTables<Tables>();
  }

  async getOrCreate(subject: string, make: () => SubjectKey): Promise<SubjectKey> {
    const present = await this.find(subject);
    if (present !== undefined) return present;
    await this.db
      .insertInto('subject_keys')
      .values({ subject, ...make() })
      .onConflict((conflict) => conflict.column('subject').doNothing())
      .execute();
    const stored = await this.find(subject);
    if (stored === undefined) throw new Error(`the key of ${subject} was destroyed while it was made`);
    return stored;
  }

  async get(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKey>> {
    const rows = await this.db
      .selectFrom('subject_keys')
      .select(['subject', 'kid', 'wrapped'])
      .where('subject', '=', sql<string>`any(${subjects})`)
      .execute();
    return new Map(rows.map(({ subject, kid, wrapped }) => [subject, { kid, wrapped }]));
  }

  async page(after: string, limit: number): Promise<ReadonlyMap<string, SubjectKey>> {
    const rows = await this.db
      .selectFrom('subject_keys')
      .select(['subject', 'kid', 'wrapped'])
      .where('subject', '>', after)
      .orderBy('subject')
      .limit(limit)
      .execute();
    return new Map(rows.map(({ subject, kid, wrapped }) => [subject, { kid, wrapped }]));
  }

  async rewrap(subject: string, from: SubjectKey, wrapped: Uint8Array): Promise<void> {
    const row = this.db.updateTable('subject_keys').set({ wrapped }).where('subject', '=', subject);
    await row.where('kid', '=', from.kid).where('wrapped', '=', from.wrapped).execute();
  }

  private async find(subject: string): Promise<SubjectKey | undefined> {
    return (await this.get([subject])).get(subject);
  }
}
