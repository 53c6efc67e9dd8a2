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

  async getOrCreate(
    subjects: readonly string[],
    make: (subject: string) => Promise<SubjectKey>,
  ): Promise<ReadonlyMap<string, SubjectKey>> {
    const present = await this.get(subjects);
    // In one order, so that two who make the same keys wait for each other, and not in a circle.
    const missing = subjects.filter((subject) => !present.has(subject)).sort();
    if (missing.length === 0) return present;
    const made = await Promise.all(missing.map(make));
    const [kids, wrapped] = [made.map(({ kid }) => kid), made.map((key) => key.wrapped)];
    await sql`insert into ${sql.table(`${durableSchema}.subject_keys`)} (subject, kid, wrapped)
      select * from unnest(${missing}::text[], ${kids}::uuid[], ${wrapped}::bytea[])
      on conflict (subject) do nothing`.execute(this.db);
    const stored = await this.get(missing);
    const destroyed = missing.find((subject) => !stored.has(subject));
    if (destroyed !== undefined) throw new Error(`the key of ${destroyed} was destroyed while it was made`);
    return new Map([...present, ...stored]);
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
}
