import { metered } from '#libs/domain/usage/meters.js';
import type { RecordedLine, UsageEvent } from '#libs/domain/usage/usage.js';
import type { BatchHandler, ProjectedEvent, Projection } from '#libs/readstore/projection.js';
import { bigint, nullable, table, text, timestamptz } from '#libs/readstore/table.js';
import type { Write } from '#libs/readstore/write-buffer.js';
import { Sums } from './sums.js';

/** What was used on a day, by whom, where, of which model; an empty text where that was not told. */
export const usageByDay = table(
  'usage_by_day',
  {
    stream: text,
    day: text,
    user_id: text,
    environment_id: text,
    provider: text,
    model: text,
    /** Under whose key: `platform`, or `organization` for its own, whose credits and cost count nowhere. */
    paid_by: text,
    /** Of the cost. */
    currency: text,
    requests: bigint,
    runs: bigint,
    input_tokens: bigint,
    output_tokens: bigint,
    credits: bigint,
    /** In thousandths of the currency's minor unit. */
    cost: bigint,
  },
  {
    key: ['stream', 'day', 'user_id', 'environment_id', 'provider', 'model', 'paid_by', 'currency'],
    // The person first: what one has used is told across organizations, too.
    indexes: [{ columns: ['user_id', 'stream', 'day'] }],
  },
);

/** What caps are compared with, each in one row; see the domain's meters. */
export const usageMeters = table(
  'usage_meters',
  { stream: text, scope: text, period: text, measure: text, value: bigint },
  { key: ['stream', 'scope', 'period', 'measure'] },
);

export const blockedRequests = table(
  'blocked_requests',
  {
    stream: text,
    revision: bigint,
    at: timestamptz,
    user_id: nullable(text),
    environment_id: nullable(text),
    provider: nullable(text),
    model: nullable(text),
    reason: text,
    rule: nullable(text),
  },
  { key: ['stream', 'revision'], appendOnly: true, indexes: [{ columns: ['user_id', 'stream', 'revision'] }] },
);

const measures = ['requests', 'runs', 'input_tokens', 'output_tokens', 'credits', 'cost'] as const;

/** Adds up: the rows that a batch adds to are read once, before its first event. */
export const usageProjection: Projection = {
  name: 'usage',
  version: 2,
  tables: [usageByDay, usageMeters, blockedRequests],
  begin: async (events, db, schema): Promise<BatchHandler> => {
    const days = new Sums(usageByDay, measures);
    const meters = new Sums(usageMeters, ['value']);
    const lines = events.flatMap((event) => linesOf(event).map((line) => [event.stream, line] as const));
    await days.load(
      db,
      schema,
      lines.map(([stream, line]) => dayKey(stream, line)),
    );
    await meters.load(
      db,
      schema,
      lines.flatMap(([stream, line]) => meterRows(stream, [line]).map(({ key }) => key)),
    );
    return {
      each: (event, write) => {
        const { stream } = event;
        for (const line of linesOf(event)) days.add(dayKey(stream, line), amountsOf(line), write);
        for (const { key, adding } of meterRows(stream, linesOf(event))) meters.add(key, { value: adding }, write);
        blocked(event, write);
      },
    };
  },
};

// Stored data was parsed by its type's schema when it was appended.
const usageIn = ({ type, data }: ProjectedEvent): UsageEvent => ({ type, data }) as UsageEvent;

function linesOf(event: ProjectedEvent): readonly RecordedLine[] {
  if (event.category !== 'usage') return [];
  const { type, data } = usageIn(event);
  return type === 'UsageRecorded' ? data.lines : [];
}

const dayKey = (stream: string, line: RecordedLine) => ({
  stream,
  day: line.day,
  user_id: line.userId ?? '',
  environment_id: line.environmentId ?? '',
  provider: line.provider ?? '',
  model: line.model ?? '',
  paid_by: line.byok === true ? 'organization' : 'platform',
  currency: line.cost?.currency ?? '',
});

const amountsOf = (line: RecordedLine) => ({
  requests: line.requests ?? 0,
  runs: line.runs ?? 0,
  input_tokens: line.inputTokens ?? 0,
  output_tokens: line.outputTokens ?? 0,
  credits: line.credits ?? 0,
  cost: line.cost?.thousandths ?? 0,
});

const meterRows = (stream: string, lines: readonly RecordedLine[]) =>
  [...metered(lines).values()].map(({ adding, ...meter }) => ({ key: { stream, ...meter }, adding }));

function blocked(event: ProjectedEvent, write: Write): void {
  if (event.category !== 'usage') return;
  const { type, data } = usageIn(event);
  if (type !== 'RequestBlocked') return;
  write.put(blockedRequests, {
    stream: event.stream,
    revision: event.revision,
    at: data.at,
    user_id: data.userId ?? null,
    environment_id: data.environmentId ?? null,
    provider: data.provider ?? null,
    model: data.model ?? null,
    reason: data.reason,
    rule: data.rule ?? null,
  });
}
