import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { streamDeleted } from './errors.js';
import type { Log } from './log.js';
import type { Outlet } from './outlet.js';
import { PAGE_EVENTS } from './read.js';
import type { ReadQuery } from './read.js';
import type { Found } from './store.js';
import { isTombstoned, larger, visibleStream } from './visible.js';
import { LARGEST_REVISION } from './wire.js';

const { ReadResp } = streams;

/**
 * Answers a subscription with one cursor over the log: history and live events come the same way, and an append only
 * wakes the cursor. There is no buffer of live events, so there is nothing to overflow and no gap between the two.
 */
export async function answerSubscription(log: Log, query: ReadQuery, outlet: Outlet): Promise<void> {
  const { filter, source } = query;
  let cursor = firstCursor(log, query);
  let considered = 0;
  let checkpoint = cursor;
  let caughtUp = false;
  let appended = false;
  const stopListening = log.onAppended((touched) => {
    if (source.kind === 'stream' && !touched.has(source.stream)) return;
    appended = true;
    outlet.wake();
  });

  /** Every event up to the cursor has been sent or filtered out, so resuming after it loses nothing. */
  const sendCheckpoint = (): void => {
    considered = 0;
    if (cursor <= checkpoint) return;
    checkpoint = cursor;
    const position = cursor.toString();
    const notice = new ReadResp.Checkpoint().setCommitPosition(position).setPreparePosition(position);
    outlet.write(encode(new ReadResp().setCheckpoint(notice)));
  };

  const sendPage = async (page: readonly Found[]): Promise<void> => {
    const selected = await filter?.select(page);
    for (const [index, { at, record }] of page.entries()) {
      cursor = at;
      if (!selected || selected[index]) outlet.write(query.encode(record));
      if (source.kind === 'stream' && at === LARGEST_REVISION) throw streamDeleted(source.stream);
      considered += 1;
      if (filter && considered >= filter.checkpointEvery) sendCheckpoint();
      while (outlet.blocked && !outlet.closed) await outlet.pause();
      if (outlet.closed) return;
    }
    if (filter) await new Promise(setImmediate);
  };

  try {
    if (source.kind === 'stream' && isTombstoned(log, source.stream)) throw streamDeleted(source.stream);
    const confirmation = new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
    outlet.write(encode(new ReadResp().setConfirmation(confirmation)));
    while (!outlet.closed) {
      appended = false;
      const page = pageAfter(log, query, cursor, caughtUp);
      if (page.length > 0) await sendPage(page);
      else if (!caughtUp) {
        caughtUp = true;
        // What retention hides of the history is passed over for good.
        if (source.kind === 'stream') cursor = larger(cursor, log.stream(source.stream)?.revision ?? -1n);
        if (filter) sendCheckpoint();
        outlet.write(encode(new ReadResp().setCaughtUp(new ReadResp.CaughtUp())));
      } else if (!appended) await outlet.pause();
    }
    outlet.end();
  } finally {
    stopListening();
  }
}

function encode(message: InstanceType<typeof ReadResp>): Buffer {
  return Buffer.from(message.serializeBinary());
}

/** The place after which the subscription starts: subscriptions are exclusive of their start, reads are not. */
function firstCursor(log: Log, { source, start }: ReadQuery): bigint {
  if (start === 'start') return -1n;
  if (start !== 'end') return start;
  return source.kind === 'all' ? log.head : (log.stream(source.stream)?.revision ?? -1n);
}

/**
 * The events that come next. Retention hides history only: what is appended after the subscription caught up is sent
 * even if it is outside already when its turn comes.
 */
function pageAfter(log: Log, { source }: ReadQuery, cursor: bigint, caughtUp: boolean): Found[] {
  if (source.kind === 'all') return log.readLog(cursor + 1n, false, PAGE_EVENTS);
  const head = log.stream(source.stream);
  if (!head || head.revision <= cursor) return [];
  let from = cursor + 1n;
  if (!caughtUp) {
    const visible = visibleStream(log, source.stream, Date.now());
    if (visible === 'missing') return [];
    if (visible !== 'deleted' && visible.first > from) from = visible.first;
  }
  return log.readStream(head.number, from, false, PAGE_EVENTS);
}
