import { CompiledQuery } from 'kysely';
import type { Database } from './database.js';
import { lockSchemas } from './read-schema.js';
import { run } from './sql.js';

/** What no log can rebuild. Migrated forwards only, never dropped. */
export const durableSchema = 'durable';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Add at the end; never change one that was released. */
export const durableMigrations: readonly Migration[] = [
  {
    number: 1,
    name: 'subject keys',
    sql: `create table durable.subject_keys (
      subject text primary key,
      kid uuid not null,
      wrapped bytea not null,
      created_at timestamptz not null default now()
    )`,
  },
  {
    number: 2,
    name: 'leases',
    sql: `create table durable.leases (
      name text primary key,
      holder uuid not null,
      expires_at timestamptz not null
    )`,
  },
  {
    number: 3,
    name: 'ledger checkpoints',
    // A row of `ledger_trees` is what signers of one tree lock: each sees what the one before has signed. No foreign keys:
    // a backup is restored table by table, in the order of their names.
    sql: `create table durable.ledger_trees (stream text collate "C" primary key);
    create table durable.ledger_checkpoints (
      stream text collate "C" not null,
      epoch integer not null,
      size bigint not null,
      root bytea not null,
      note text not null,
      signed_at timestamptz not null,
      primary key (stream, epoch, size)
    );
    create table durable.ledger_discontinuities (
      stream text collate "C" not null,
      epoch integer not null,
      note text not null,
      signed_at timestamptz not null,
      primary key (stream, epoch)
    )`,
  },
  {
    number: 4,
    name: 'erased keys',
    sql: `create table durable.erased_keys (
      kid uuid primary key,
      subject text not null,
      person text not null,
      erased_at timestamptz not null default now()
    );
    create index erased_keys_person on durable.erased_keys (person)`,
  },
  {
    number: 5,
    name: 'reactions',
    // Revisions are of the key's stream: something is to be done while `done` is behind `revision`.
    sql: `create table durable.reaction_cursors (
      reaction text primary key,
      position text not null,
      event_id text not null
    );
    create table durable.reactions_due (
      reaction text not null,
      key text collate "C" not null,
      revision bigint not null,
      done bigint not null default -1,
      due_since timestamptz not null default clock_timestamp(),
      not_before timestamptz not null default clock_timestamp(),
      attempts integer not null default 0,
      failure text,
      outcome text,
      done_at timestamptz,
      primary key (reaction, key)
    );
    create index reactions_due_next on durable.reactions_due (reaction, not_before) where done < revision`,
  },
  {
    number: 6,
    name: 'secrets',
    // `onto`: the revision that the event which refers to the secret was about to be appended at.
    sql: `create table durable.secrets (
      secret_id uuid primary key,
      org_id text collate "C" not null,
      kid uuid not null,
      wrapped bytea not null,
      sealed jsonb not null,
      onto bigint not null,
      confirmed boolean not null default false,
      kept_at timestamptz not null default clock_timestamp()
    );
    create index secrets_org on durable.secrets (org_id);
    create index secrets_unconfirmed on durable.secrets (kept_at) where not confirmed`,
  },
  {
    number: 7,
    name: 'environment credentials',
    // `told`: a digest of what whoever accepts the key was told of it last.
    sql: `create table durable.environment_credentials (
      credential_id uuid primary key,
      org_id text collate "C" not null,
      environment_id text collate "C" not null,
      key_hash text not null unique,
      told text,
      issued_at timestamptz not null default clock_timestamp()
    );
    create index environment_credentials_org on durable.environment_credentials (org_id)`,
  },
];

/** The database was migrated by a newer build, or by another history of migrations. */
export class MigrationsDiverged extends Error {
  override readonly name = 'MigrationsDiverged';
}

/** Runs what has not run yet, in order; all of it or nothing. Concurrent runs take turns. Answers the numbers that ran. */
export async function migrate(db: Database, migrations: readonly Migration[] = durableMigrations): Promise<number[]> {
  return db.transaction().execute(async (tx) => {
    await lockSchemas(tx);
    await run(tx, `create schema if not exists ${durableSchema}`);
    await run(
      tx,
      `create table if not exists ${durableSchema}.migrations (
        number integer primary key, name text not null, applied_at timestamptz not null default now())`,
    );
    const applied = await appliedIn(tx);
    for (const [index, { number, name }] of applied.entries()) {
      const expected = migrations[index];
      if (expected?.number !== number || expected.name !== name)
        throw new MigrationsDiverged(`this build does not know migration ${number} (${name}) that the database has`);
    }
    const missing = migrations.slice(applied.length);
    for (const { number, name, sql } of missing) {
      await run(tx, sql);
      await run(tx, `insert into ${durableSchema}.migrations (number, name) values ($1, $2)`, [number, name]);
    }
    return missing.map(({ number }) => number);
  });
}

async function appliedIn(tx: Database): Promise<{ number: number; name: string }[]> {
  const query = CompiledQuery.raw(`select number, name from ${durableSchema}.migrations order by number`);
  return (await tx.executeQuery<{ number: number; name: string }>(query)).rows;
}
