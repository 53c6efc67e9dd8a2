import { required } from '#libs/application/metadata.js';
import { type ProjectedEvent, projection } from '#libs/readstore/projection.js';
import { bigint, nullable, table, text, texts, timestamptz } from '#libs/readstore/table.js';
import type { Write } from '#libs/readstore/write-buffer.js';

/** The last time that somebody of an organization or realm asked for a person to be erased. */
export const erasureRequests = table(
  'erasure_requests',
  {
    stream: text,
    user_id: text,
    /** Id of the event that asked for it. */
    request_id: text,
    commit: bigint,
    realm: text,
    requested_by: text,
    command: text,
    correlation: text,
    requested_at: timestamptz,
  },
  { key: ['stream', 'user_id'], indexes: [{ columns: ['user_id'] }] },
);

/** Who was erased, the last time of each; a request before it is done with. */
export const erasedPeople = table(
  'erased_people',
  {
    user_id: text,
    commit: bigint,
    key_ids: texts,
    erased_at: timestamptz,
    /** Null until it was looked for everywhere, and nothing was left. */
    verified_at: nullable(timestamptz),
  },
  { key: ['user_id'] },
);

export const erasuresProjection = projection({
  name: 'erasures',
  version: 1,
  tables: [erasureRequests, erasedPeople],
  on: {
    org: { MemberErasureRequested: requested },
    realm: { PersonErasureRequested: requested },
    user: {
      PersonErased: ({ streamId: user_id, data, position, occurredAt }, write) =>
        write.put(erasedPeople, {
          user_id,
          commit: position.commit,
          key_ids: data.keyIds,
          erased_at: occurredAt,
          verified_at: null,
        }),
      PersonErasureVerified: ({ streamId: user_id, occurredAt }, write) =>
        write.patch(erasedPeople, { user_id }, { verified_at: occurredAt }),
    },
  },
});

function requested(
  { stream, id, data: { userId }, metadata, position, occurredAt }: ProjectedEvent<{ readonly userId: string }>,
  write: Write,
): void {
  write.put(erasureRequests, {
    stream,
    user_id: userId,
    request_id: id,
    commit: position.commit,
    realm: required(metadata, 'realm'),
    requested_by: required(metadata, 'actor'),
    command: required(metadata, 'command'),
    correlation: required(metadata, 'correlation'),
    requested_at: occurredAt,
  });
}
