import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresDialect,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import { withCopyIn } from '#libs/readstore/copy-in.js';
import type { Database } from '#libs/readstore/database.js';
import type { ProjectorOptions, ProjectorState } from '#libs/readstore/projector.js';
import { Projector } from '#libs/readstore/projector.js';
import { CheckpointPosition } from '#libs/readstore/read-position.js';
import type { Projection } from '#libs/readstore/projection.js';
import { bigint, type RowOf, readSchema, table, text } from '#libs/readstore/table.js';
import { allProjections } from '#projections/all.js';
import type { MemoryEventStore } from '../support/memory-event-store.js';
import { type History, PlainPersonalData } from './projector-history.js';

export const BUDGET_MS = 20_000;

export const query = async <Row>(db: Database, sql: string, values: unknown[] = []): Promise<Row[]> =>
  (await db.executeQuery<Row>(CompiledQuery.raw(sql, values))).rows;

/** Every row of every read model, in key order. */
export async function rowsIn(db: Database, schema = readSchema): Promise<Record<string, unknown[]>> {
  const dump: Record<string, unknown[]> = {};
  for (const { name, key } of allProjections.flatMap(({ tables }) => tables))
    dump[name] = await query(db, `select * from "${schema}".${name} order by ${key.join()}`);
  return dump;
}

/** For loops: what is equal, Jest's own comparison looks at for far longer than rows take to be made. */
export async function expectRows(
  db: Database,
  expected: Record<string, unknown[]>,
  schema = readSchema,
): Promise<void> {
  const rows = await rowsIn(db, schema);
  if (!isDeepStrictEqual(rows, expected)) expect(rows).toEqual(expected);
}

export function projectorOf(db: Database, store: MemoryEventStore, options: Partial<ProjectorOptions> = {}): Projector {
  const defaults = { db, store, personalData: new PlainPersonalData(), projections: allProjections };
  return new Projector({ ...defaults, batchSize: 10, retry: { firstMs: 1, maxMs: 5 }, waitMs: 10, ...options });
}

/** Runs a projector until it holds the whole history, and gives the rows. */
export async function project(
  db: Database,
  store: MemoryEventStore,
  history: Pick<History, 'position'>,
  options: Partial<ProjectorOptions> = {},
) {
  const projector = projectorOf(db, store, options);
  projector.start();
  await holds(projector, history);
  await projector.stop();
  return rowsIn(options.db ?? db, options.schema);
}

export async function holds(projector: Projector, { position }: Pick<History, 'position'>): Promise<void> {
  const wanted = position && `${position.commit}/${position.prepare}`;
  await until(() => {
    const status = projector.status();
    if (status.state === 'halted') throw new Error(JSON.stringify(status));
    return status.state !== 'starting' && status.position === wanted;
  });
}

export const entersState = (projector: Projector, state: ProjectorState) =>
  until(() => projector.status().state === state);

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + BUDGET_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const positionOfReads = (db: Database, projector?: Projector) => new CheckpointPosition(db, projector);

export const tallies = table('tallies', { stream: text, applied: bigint }, { key: ['stream'] });

/** Counts how often events were applied, where the read models themselves would forgive a repeat. */
export const tally: Projection = {
  name: 'tally',
  version: 1,
  tables: [tallies],
  begin: async (_, db, schema) => {
    const rows = await query<RowOf<typeof tallies>>(db, `select * from "${schema}".tallies`);
    const counts = new Map(rows.map(({ stream, applied }) => [stream, BigInt(applied)]));
    return {
      each: ({ stream }, write) => {
        const applied = (counts.get(stream) ?? 0n) + 1n;
        counts.set(stream, applied);
        write.put(tallies, { stream, applied });
      },
    };
  },
};

/** What the tally must be after every event was applied once. */
export function once({ log }: MemoryEventStore): RowOf<typeof tallies>[] {
  const counts = new Map<string, number>();
  for (const { stream } of log) counts.set(stream, (counts.get(stream) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([stream, count]) => ({ stream, applied: `${count}` }));
}

export const applied = (db: Database) => query(db, 'select * from read_v1.tallies order by stream');

/** Called before and after each step towards Postgres; whatever it throws is as if the process had died there. */
export type Step = (name: string) => void;

export function interruptibleDatabase(url: string, step: Step): Kysely<object> {
  const inner = new PostgresDialect({ pool: withCopyIn(new pg.Pool({ connectionString: url, max: 4 })) });
  const dialect: Dialect = {
    createAdapter: () => inner.createAdapter(),
    createQueryCompiler: () => inner.createQueryCompiler(),
    createIntrospector: (db) => inner.createIntrospector(db),
    createDriver: () => new InterruptibleDriver(inner.createDriver(), step),
  };
  return new Kysely<object>({ dialect });
}

class InterruptibleConnection implements DatabaseConnection {
  constructor(
    readonly inner: DatabaseConnection,
    private readonly step: Step,
  ) {}

  async executeQuery<Row>(compiled: CompiledQuery): Promise<QueryResult<Row>> {
    const name = compiled.sql.slice(0, 40);
    this.step(`before ${name}`);
    const result = await this.inner.executeQuery<Row>(compiled);
    this.step(`after ${name}`);
    return result;
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('not used');
  }
}

class InterruptibleDriver implements Driver {
  constructor(
    private readonly inner: Driver,
    private readonly step: Step,
  ) {}

  init = () => this.inner.init();
  destroy = () => this.inner.destroy();
  acquireConnection = async () => new InterruptibleConnection(await this.inner.acquireConnection(), this.step);
  releaseConnection = (connection: DatabaseConnection) => this.inner.releaseConnection(innerOf(connection));
  rollbackTransaction = (connection: DatabaseConnection) => this.inner.rollbackTransaction(innerOf(connection));

  beginTransaction: Driver['beginTransaction'] = async (connection, settings) => {
    this.step('before begin');
    await this.inner.beginTransaction(innerOf(connection), settings);
  };

  commitTransaction: Driver['commitTransaction'] = async (connection) => {
    this.step('before commit');
    await this.inner.commitTransaction(innerOf(connection));
    this.step('after commit');
  };
}

const innerOf = (connection: DatabaseConnection): DatabaseConnection =>
  connection instanceof InterruptibleConnection ? connection.inner : connection;
