import { required } from '#libs/application/metadata.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';
import { evolve, initialState, type StateByCategory, touches } from '#libs/domain/aggregates.js';
import { fieldOf, type StreamChange } from '#libs/access/tier.js';
import { documentIn } from '#projections/access-documents/partial-state.js';

type OrgState = StateByCategory['org'];

/** What the log yields of one organization, at each of its revisions. */
export class Truth {
  readonly stream: string;
  /** Every document that any event touches, and one that none does. */
  readonly keys: readonly StreamDocument[];
  private readonly documents: ReadonlyMap<string, unknown>[] = [];
  private readonly touched: (readonly string[])[] = [];

  constructor(readonly events: readonly StoredEvent[]) {
    this.stream = events[0]?.stream ?? '';
    const keys = new Map<string, StreamDocument>();
    const states: OrgState[] = [];
    let state = initialState('org');
    for (const { id, type, data, revision, metadata } of events) {
      const event = { type, data, stamp: { id, revision, occurredAt: required(metadata, 'occurredAt') } };
      state = evolve('org', state, event);
      states.push(state);
      const named = touches('org', event);
      this.touched.push(named.map(fieldOf));
      for (const key of named) keys.set(fieldOf(key), { ...key, stream: this.stream });
    }
    this.keys = [...keys.values(), { stream: this.stream, kind: 'member', id: 'nobody' }];
    for (const each of states)
      this.documents.push(new Map(this.keys.map((key) => [fieldOf(key), asJson(documentIn('org', each, key))])));
  }

  get last(): bigint {
    return BigInt(this.events.length) - 1n;
  }

  document(key: StreamDocument, revision: bigint): unknown {
    return this.documents[Number(revision)]?.get(fieldOf(key));
  }

  /** A change as some process would make it that has followed and loaded so much. */
  change(from: bigint, revision: bigint, keys = this.keys): StreamChange {
    const event = this.events[Number(revision)];
    if (event === undefined) throw new Error(`there is no revision ${revision}`);
    return {
      stream: this.stream,
      from,
      revision,
      upTo: event.position,
      touched: this.touched.slice(Number(from) + 1, Number(revision) + 1).flat(),
      documents: new Map(keys.map((key) => [fieldOf(key), this.document(key, revision)])),
    };
  }
}

/** Which leaves out what is undefined. */
const asJson = (document: unknown): unknown =>
  document === undefined ? undefined : JSON.parse(JSON.stringify(document));
