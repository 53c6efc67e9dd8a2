import type { Database } from '#libs/readstore/database.js';
import type { ProjectedEvent, Projection } from '#libs/readstore/projection.js';
import type { ParkedStream } from '#libs/readstore/parked-streams.js';
import { query } from './projector-support.js';

/** A projection without rows that fails as long as a test says so. */
export class Faulty {
  /** Which events it cannot take now. */
  fails: (event: ProjectedEvent) => boolean = () => false;
  /** How many events came at once. */
  readonly batches: number[] = [];
  /** What a test wants to happen in the middle of a transaction. */
  within: (events: readonly ProjectedEvent[]) => Promise<void> = async () => {};
  readonly projection: Projection = {
    name: 'faulty',
    version: 1,
    tables: [],
    begin: async (events) => {
      this.batches.push(events.length);
      await this.within(events);
      return {
        each: (event) => {
          if (this.fails(event)) throw new Error(`cannot take ${event.stream} ${event.revision}`);
        },
      };
    },
  };
}

/** The first row of every stream that is parked, by name. */
export const parkedIn = (db: Database): Promise<ParkedStream[]> =>
  query(db, 'select * from read_v1.parked_streams order by stream');

export const parkedStreamsIn = async (db: Database): Promise<string[]> =>
  (await parkedIn(db)).map(({ stream }) => stream);

/** Rows by whose they are: of one organization, or of all others. */
export function rowsOfOrg(rows: Record<string, unknown[]>, org: string): { of: string[]; others: string[] } {
  const all = Object.entries(rows).flatMap(([table, each]) => each.map((row) => `${table} ${JSON.stringify(row)}`));
  const mine = (row: string) => row.includes(`"org_id":"${org}"`) || row.includes(`"stream":"org-${org}"`);
  return { of: all.filter(mine), others: all.filter((row) => !mine(row)) };
}

/** Every schema of read models, whatever generation. */
export async function dropReadModels(db: Database): Promise<void> {
  const named = `select nspname from pg_namespace where nspname ~ '^(read_v1|reference|shorter)'`;
  for (const { nspname } of await query<{ nspname: string }>(db, named))
    await query(db, `drop schema "${nspname}" cascade`);
}
