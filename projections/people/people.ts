import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { nullable, table, text, timestamptz } from '#libs/readstore/table.js';

/** The one table with personal data, by subject: erasing a person deletes this row. */
export const people = table(
  'people',
  {
    user_id: text,
    realm: text,
    email: nullable(text),
    name: nullable(text),
    first_seen_at: timestamptz,
    last_changed_at: timestamptz,
  },
  { key: ['user_id'], kept: ['first_seen_at'] },
);

export const peopleProjection = projection({
  name: 'people',
  version: 1,
  tables: [people],
  on: {
    user: {
      ProfileObserved: ({ streamId, data, metadata, occurredAt }, write) => {
        // An identity always has a subject: it is null only after erasure, and then no row may come back.
        if (data.subject === null) return write.remove(people, { user_id: streamId });
        write.put(people, {
          user_id: streamId,
          realm: required(metadata, 'realm'),
          email: storable(data.email),
          name: storable(data.name),
          first_seen_at: occurredAt,
          last_changed_at: occurredAt,
        });
      },
    },
  },
});

/** These fields come from foreign tokens and were sealed as they were; Postgres takes neither NUL nor lone surrogates. */
const storable = (value: string | null) => value?.toWellFormed().replaceAll('\0', '\uFFFD') ?? null;
