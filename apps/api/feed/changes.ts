import { z } from 'zod';
import { endsCommand, meta, required } from '#libs/application/metadata.js';
import { type EventStore, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import { streamOf } from '#libs/application/streams.js';
import { eventSchemas } from '#libs/domain/aggregates.js';
import { targetsOf } from '#libs/domain/org/events.js';
import { personalFieldsOf, replaceAt } from '#libs/vault/personal-fields.js';
import { Problem, unavailable } from '../problems/problem.js';
import { MAX_LIMIT, NotAllowed, ofOrg, onOrg, query } from '../queries/query-row.js';

/** Seconds that an answer may wait for the first change. Shorter than the time that proxies give an answer. */
const MAX_WAIT = 30;
const PERMISSION = 'audit:read';

const revision = z.string().regex(/^(-1|\d{1,18})$/, 'must be a revision, or -1 for the beginning');
const wholeNumber = (max: number, min: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

const change = z.object({
  revision: z.string().meta({ description: 'One more than that of the change before: there are no gaps' }),
  eventId: z.string(),
  position: z.string(),
  occurredAt: z.string(),
  event: z.string(),
  data: z.unknown().meta({ description: 'As in the audit log: what is personal is null' }),
  targets: z.array(z.string()),
  actor: z.string(),
  action: z.string(),
  commandId: z.string(),
  part: z.string().meta({ description: 'Of its command, as in 1/2. The parts of a command are never divided' }),
  correlation: z.string().nullable(),
});
export type Change = z.output<typeof change>;

const answer = z.object({
  changes: z.array(change),
  after: z.string().meta({ description: 'The revision of the last change: `after` of the next request' }),
  more: z.boolean().meta({ description: 'Whether there are more already' }),
});
export type Changes = z.output<typeof answer>;

export const changesFilter = z.strictObject({
  after: revision.default('-1').meta({ description: 'Changes after this revision of the organization' }),
  limit: wholeNumber(MAX_LIMIT, 1).default(50),
  wait: wholeNumber(MAX_WAIT, 0)
    .default(0)
    .meta({ description: 'Seconds to wait for the first change where there is none yet' }),
});

export const changeQueries = {
  Changes: query({
    path: '/v1/orgs/{orgId}/events',
    summary:
      'Every change of an organization after a revision, in order, for other services; as `text/event-stream` for as long as the caller stays, from `Last-Event-ID` on',
    params: ofOrg,
    filter: changesFilter,
    needs: (params) => [onOrg(PERMISSION, params)],
    answer,
    exports: ['text/event-stream'],
    ask: async ({ orgId }, filter, { caller, correlation, services }) => {
      const after = BigInt(filter.after);
      const { events, more } = await changesAfter(services.store, orgId, after, filter.limit);
      const last = events.at(-1);
      if (last === undefined) {
        await refuseBeyondEnd(services.store, orgId, after);
        return { changes: [], after: filter.after, more };
      }
      // The right may have ended by one of these very events.
      const access = await services.reading.access(caller, PERMISSION, { kind: 'org', orgId }, last.position);
      if (access.kind !== 'allowed') return new NotAllowed(access);
      await services.recordedReads.auditRead({ caller, orgId, correlation }, { feed: 'changes' }, true);
      return { changes: events.map(shown), after: `${last.revision}`, more };
    },
  }),
} as const;

/** Whole commands: up to `limit` events, and the rest of the command that these end in. */
async function changesAfter(store: EventStore, orgId: string, after: bigint, limit: number) {
  const stream = streamOf('org', orgId);
  const events = await read(store, stream, after + 1n, limit);
  const more = events.length === limit;
  const last = events.at(-1);
  if (last !== undefined && !endsCommand(last.metadata)) {
    const [index, count] = required(last.metadata, 'part').split('/').map(Number);
    events.push(...(await read(store, stream, last.revision + 1n, (count ?? 0) - (index ?? 0))));
  }
  return { events, more };
}

async function read(store: EventStore, stream: string, from: bigint, count: number): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const page of store.read(stream, from, count)) events.push(...page);
  return events;
}

async function refuseBeyondEnd(store: EventStore, orgId: string, after: bigint): Promise<void> {
  if (after < 0n) return;
  const last = await store.last(streamOf('org', orgId));
  if (last === undefined || last.revision < after) throw new Problem('revision_unknown');
}

function shown({ id, type, revision: at, position, data, metadata }: StoredEvent): Change {
  // Of an event of a newer build nobody here knows what is personal.
  if (!Object.hasOwn(eventSchemas.org, type)) throw unavailable();
  return {
    revision: `${at}`,
    eventId: id,
    position: positionText(position),
    occurredAt: required(metadata, 'occurredAt'),
    event: type,
    data: replaceAt(data, personalFieldsOf('org', type), () => null),
    targets: [...targetsOf(type, data)],
    actor: required(metadata, 'actor'),
    action: required(metadata, 'command'),
    commandId: required(metadata, 'commandId'),
    part: metadata[meta.part] ?? '1/1',
    correlation: metadata[meta.correlation] ?? null,
  };
}
