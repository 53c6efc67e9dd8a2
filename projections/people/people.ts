import { required } from '#libs/application/metadata.js';
import { projection } from '#libs/readstore/projection.js';
import { nullable, table, text, timestamptz } from '#libs/readstore/table.js';

/** With `invited_addresses` the only tables with personal data, by subject: erasing a person deletes these rows. */
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

/**
 * Of people who were invited and are not known yet, by the keyed index of the address. Each organization has its own
 * row, as it wrote the address.
 */
export const invitedAddresses = table(
  'invited_addresses',
  { org_id: text, email_index: text, email: text },
  { key: ['org_id', 'email_index'], indexes: [{ columns: ['email_index'] }] },
);

export const peopleProjection = projection({
  name: 'people',
  version: 3,
  tables: [people, invitedAddresses],
  on: {
    org: {
      InvitationCreated: ({ streamId: org_id, data: { emailIndex: email_index, email } }, write) => {
        // Null only after erasure.
        if (email === null) return write.remove(invitedAddresses, { org_id, email_index });
        write.put(invitedAddresses, { org_id, email_index, email });
      },
      InvitedAddressErased: ({ streamId: org_id, data: { emailIndex: email_index } }, write) =>
        write.remove(invitedAddresses, { org_id, email_index }),
      OrgDeleted: ({ streamId }, write) => write.remove(invitedAddresses, { org_id: streamId }),
    },
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
      PersonErased: ({ streamId: user_id }, write) => write.remove(people, { user_id }),
    },
  },
});

/** These fields come from foreign tokens and were sealed as they were; Postgres takes neither NUL nor lone surrogates. */
const storable = (value: string | null) => value?.toWellFormed().replaceAll('\0', '\uFFFD') ?? null;
