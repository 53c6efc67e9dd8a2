import { z } from 'zod';
import type { Caller } from '#libs/application/caller.js';
import type { Access } from '#libs/application/reading.js';
import type { Need } from '#libs/application/command-table.js';
import type { Position } from '#libs/application/ports/event-store.js';
import { principalId, slug } from '#libs/domain/text.js';
import type { ApiServices } from '../services.js';

/** Who asks, and what the answer must have seen. */
export interface Asking {
  readonly caller: Caller;
  readonly after: Position | undefined;
  readonly correlation: string;
  readonly services: Pick<
    ApiServices,
    | 'reads'
    | 'checks'
    | 'reading'
    | 'usage'
    | 'history'
    | 'ledger'
    | 'projections'
    | 'clock'
    | 'emailIndexes'
    | 'recordedReads'
    | 'storeId'
    | 'store'
    | 'personalData'
    | 'hosted'
  >;
}

/** What was read came after the right to it had ended: in place of an answer. */
export class NotAllowed {
  constructor(readonly access: Exclude<Access, { readonly kind: 'allowed' }>) {}
}

/** The read models cannot answer as of what was asked for. */
export const stale = Symbol('stale');

/**
 * A query as a row of a table: where it is, what it takes, what it needs, what it answers. A row without `needs` does not
 * compile; an empty list is for what everyone may ask about themselves.
 */
export interface QueryRow<Params extends z.ZodType, Filter extends z.ZodType, Answer extends z.ZodType> {
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly summary: string;
  /** Of the path. What does not parse cannot exist. */
  readonly params: Params;
  readonly filter: Filter;
  /** What the filter cannot do without, as an example of it. */
  readonly example?: Readonly<Record<string, string>>;
  /** One of them is enough. */
  readonly needs: (params: z.output<Params>, callerId: string) => readonly Need[];
  /** Streams beside the organization's own whose read models the answer rests on. */
  readonly restsOn?: (params: z.output<Params>, filter: z.output<Filter>) => readonly string[];
  readonly answer: Answer;
  /** The answer as a page for people, for who accepts that type. */
  readonly page?: { readonly type: string; readonly write: (answer: z.input<Answer>) => string };
  /** Types of which it also answers exports. */
  readonly exports?: readonly string[];
  /** How the answer is written while it is read, by the type that is asked for; the first where none of them is named. */
  readonly writers?: readonly ReportWriter[];
  /** Undefined where there is no such thing. */
  readonly ask: (
    params: z.output<Params>,
    filter: z.output<Filter>,
    asking: Asking,
  ) => Promise<z.input<Answer> | undefined | typeof stale | NotAllowed>;
}

/** One of the forms of an answer that is too long to be held at once. */
export interface ReportWriter {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes what `ask` gave. */
  readonly write: (answer: never) => AsyncIterable<string>;
}

/** Any row, with its schemas' types closed over: what runs rows needs none of them. */
export type AnyQueryRow = QueryRow<z.ZodType, z.ZodType, z.ZodType>;

export function query<Params extends z.ZodType, Filter extends z.ZodType, Answer extends z.ZodType>(
  row: QueryRow<Params, Filter, Answer>,
): AnyQueryRow {
  // Rows are given only what their own schemas have parsed.
  return row as unknown as AnyQueryRow;
}

/** A query of which `ask` answers what its writers take, in place of the answer that these make of it. */
export function report<Params extends z.ZodType, Filter extends z.ZodType, Answer extends z.ZodType, Report>(
  row: Omit<QueryRow<Params, Filter, Answer>, 'ask' | 'page' | 'exports' | 'writers'> & {
    readonly writers: readonly (Omit<ReportWriter, 'write'> & {
      readonly write: (answer: Report) => AsyncIterable<string>;
    })[];
    readonly ask: (
      params: z.output<Params>,
      filter: z.output<Filter>,
      asking: Asking,
    ) => Promise<Report | undefined | typeof stale>;
  },
): AnyQueryRow {
  // As above; and writers are given only what the row's own `ask` has answered.
  return row as unknown as AnyQueryRow;
}

export const nothing = z.strictObject({});
export const ofOrg = z.strictObject({ orgId: slug });
export const ofEnvironment = z.strictObject({ orgId: slug, environmentId: slug });

export const MAX_LIMIT = 200;
const limit = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1).max(MAX_LIMIT));

export const page = z.strictObject({ limit: limit.default(50), cursor: z.string().max(1000).optional() });

export const onOrg = (permission: Need['permission'], { orgId }: { orgId: string }): Need => ({
  permission,
  resource: { kind: 'org', orgId },
});

export const onEnvironment = (permission: Need['permission'], params: z.output<typeof ofEnvironment>): Need => ({
  permission,
  resource: { kind: 'environment', ...params },
});

export const userKey = principalId;
export const slugKey = slug;
export const next = z.string().optional().meta({ description: 'Cursor of the next page; absent on the last one' });
