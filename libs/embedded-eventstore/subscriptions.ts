import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Log } from './log.js';
import type { Outlet } from './outlet.js';
import { PAGE_EVENTS } from './read.js';
import type { ReadQuery } from './read.js';
import type { Found } from './store.js';

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
    const selected = filter?.select(page);
    for (const [index, { at, record }] of page.entries()) {
      cursor = at;
      if (!selected || selected[index]) outlet.write(query.encode(record));
      considered += 1;
      if (filter && considered >= filter.checkpointEvery) sendCheckpoint();
      while (outlet.blocked && !outlet.closed) await outlet.pause();
      if (outlet.closed) return;
    }
    if (filter) await new Promise(setImmediate);
  };

  try {
    const confirmation = new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
    outlet.write(encode(new ReadResp().setConfirmation(confirmation)));
    while (!outlet.closed) {
      appended = false;
      const page = pageAfter(log, query, cursor);
      if (page.length > 0) await sendPage(page);
      else if (!caughtUp) {
        caughtUp = true;
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
  if (source.kind === 'all') return log.head;
  const head = log.stream(source.stream);
  return (head && log.readStream(head.number, head.revision, true, 1)[0]?.at) ?? -1n;
}

function pageAfter(log: Log, { source }: ReadQuery, cursor: bigint): Found[] {
  if (source.kind === 'all') return log.readLog(cursor + 1n, false, PAGE_EVENTS);
  const head = log.stream(source.stream);
  return head ? log.readStream(head.number, cursor + 1n, false, PAGE_EVENTS) : [];
}
