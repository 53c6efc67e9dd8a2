import { comparePositions, type StoredEvent } from '#libs/application/ports/event-store.js';
import { EsdbEventStore } from '#libs/eventstore/esdb-event-store.js';

/** Every event that the store holds when this is called. */
export async function wholeLog(url: string): Promise<StoredEvent[]> {
  const store = await EsdbEventStore.connect(url);
  const stop = new AbortController();
  try {
    const head = await store.head();
    const log: StoredEvent[] = [];
    for await (const page of store.follow(undefined, stop.signal)) {
      log.push(...page);
      const last = log.at(-1);
      if (head !== undefined && last !== undefined && comparePositions(last.position, head) >= 0) break;
    }
    return log;
  } finally {
    stop.abort();
    await store.close();
  }
}
