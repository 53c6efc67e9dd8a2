import type { Projection } from '#libs/readstore/projection.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { bigint, qualified, type RowOf, table, text } from '#libs/readstore/table.js';

const tallies = table('tallies', { stream: text, applied: bigint }, { key: ['stream'] });

/** Counts how often events were applied, where the read models themselves would forgive a repeat. */
export const tally: Projection = {
  name: 'tally',
  version: 1,
  tables: [tallies],
  begin: async (events, db, schema) => {
    const query = `select * from ${qualified(schema, tallies.name)} where stream = any($1::text[])`;
    const rows = await rowsOf<RowOf<typeof tallies>>(db, query, [events.map(({ stream }) => stream)]);
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
