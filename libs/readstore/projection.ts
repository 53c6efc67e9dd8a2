import type { Category, eventSchemas } from '#libs/domain/aggregates.js';
import type { EventOf } from '#libs/domain/event.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { Database } from './database.js';
import type { Table } from './table.js';
import type { Write } from './write-buffer.js';

/** A stored event of one of this product's streams, with personal fields opened (null once erased). */
export interface ProjectedEvent<Data = unknown> extends Omit<StoredEvent, 'data'> {
  readonly data: Data;
  /** As the log holds them, personal fields encrypted. */
  readonly storedData: unknown;
  readonly category: Category;
  /** What the stream is about: the organization's, person's or realm's id. */
  readonly streamId: string;
  readonly occurredAt: string;
}

/** What a projection does with the events of one batch, in order. Pure: it reads nothing but its arguments. */
export interface BatchHandler {
  each(event: ProjectedEvent, write: Write): void;
  /** Once, after the last event. */
  end?(write: Write): void;
}

export interface Projection {
  readonly name: string;
  /** Raised whenever the same log would now give other rows: the read models must then be rebuilt. */
  readonly version: number;
  readonly tables: readonly Table[];
  /** Called per batch inside its transaction, to load what the handlers need from this projection's own tables. */
  begin(events: readonly ProjectedEvent[], db: Database, schema: string): BatchHandler | Promise<BatchHandler>;
  /** After a rebuild: what its rows contradict of what was promised outside, a sentence for each; none as a rule. */
  contradictions?(db: Database, schema: string): Promise<readonly string[]>;
}

type EventsOf<C extends Category> = EventOf<(typeof eventSchemas)[C]>;

/** Handlers by category and event type; types that are left out do not concern the projection. */
export type Handlers = {
  readonly [C in Category]?: {
    readonly [Type in EventsOf<C>['type']]?: (
      event: ProjectedEvent<Extract<EventsOf<C>, { type: Type }>['data']>,
      write: Write,
    ) => void;
  };
};

export interface ProjectionDefinition {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly Table[];
}

/** A projection that names the event types it handles. */
export function projection({ on, ...definition }: ProjectionDefinition & { readonly on: Handlers }): Projection {
  const each = (event: ProjectedEvent, write: Write) => handlerOf(on, event)?.(event, write);
  return { ...definition, begin: () => ({ each }) };
}

/** A projection of every event, whatever its type. */
export function projectionOfEach(definition: ProjectionDefinition & Pick<BatchHandler, 'each'>): Projection {
  const { each, ...rest } = definition;
  return { ...rest, begin: () => ({ each }) };
}

type AnyHandler = (event: ProjectedEvent, write: Write) => void;

/** Data was parsed by its type's schema when it was appended, so the pairing of type and data holds. */
function handlerOf(on: Handlers, { category, type }: ProjectedEvent): AnyHandler | undefined {
  const handlers: object = on[category] ?? {};
  return Object.hasOwn(handlers, type) ? (handlers as Record<string, AnyHandler>)[type] : undefined;
}
