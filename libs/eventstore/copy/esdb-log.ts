import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendResp, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import {
  comparePositions,
  EventStoreUnavailable,
  type Position,
  positionText,
} from '#libs/application/ports/event-store.js';
import { appendRequests, batchRequest, indexOf, WRONG_EXPECTED_VERSION } from './append-requests.js';
import { AppendConflict, type LogEvent, type Run, type WritableLog } from './log-event.js';

const PAGE_EVENTS = 2000;
/** A page may hold events of up to 16 MiB each: it ends after the one that goes beyond this. */
const PAGE_BYTES = 8 * 1024 * 1024;
const TRIES = 6;
const FIRST_RETRY_MS = 200;
/** Within what the embedded node waits at most. */
const TOGETHER_MS = 20_000;

/** From the end backwards, or forwards from behind a position, or from the start. */
interface Wanted {
  readonly after?: Position | undefined;
  readonly backwards?: boolean;
  readonly count: number;
}

/**
 * A store's log without any interpretation. The client parses JSON and writes it anew; here its connection is used (hosts,
 * TLS, credentials, leader), and the bytes are left as they are.
 */
export class EsdbLog implements WritableLog {
  private readonly client: EventStoreDBClient;

  /**
   * @param url of an EventStoreDB or an embedded node, `esdb://` or `esdb+discover://`
   * @param options `decidesInOrder`: whether appends of one call are decided in the order in which they were sent. The
   *   embedded node has one queue for all of them; no other store promises it, and there each append waits for the one
   *   before it.
   */
  constructor(
    url: string,
    private readonly options: { readonly decidesInOrder: boolean } = { decidesInOrder: false },
  ) {
    this.client = EventStoreDBClient.connectionString(url);
  }

  async *pages(after?: Position): AsyncIterable<readonly LogEvent[]> {
    let empty = 0;
    for (let from = after; ; ) {
      const page = await persistently(() => this.read({ after: from, count: PAGE_EVENTS }));
      const last = page.at(-1);
      if (last !== undefined) {
        yield page;
        from = last.position;
        empty = 0;
        continue;
      }
      // A server may hide events of its own and count them: an empty page alone does not say that this is the end.
      const end = await persistently(() => this.end());
      if (end === undefined || (from !== undefined && comparePositions(end, from) <= 0)) return;
      empty += 1;
      if (empty === TRIES) throw new Error(`the event store gives no event after ${from && positionText(from)}`);
    }
  }

  async append(runs: readonly Run[]): Promise<void> {
    // With the same ids at the same revisions a repeat finds what an unanswered try has written.
    if (this.options.decidesInOrder) await persistently(() => this.appendTogether(runs));
    else for (const run of runs) await persistently(() => this.appendOnce(run));
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }

  private async end(): Promise<Position | undefined> {
    const [last] = await this.read({ backwards: true, count: 32 });
    return last?.position;
  }

  /** Fewer events than asked for where they are large. */
  private async read(wanted: Wanted): Promise<LogEvent[]> {
    const { after } = wanted;
    const events: LogEvent[] = [];
    let bytes = 0;
    const call = await this.client['GRPCStreamCreator'](streamsGrpc.StreamsClient, 'copy', (client) =>
      client.read(
        readRequest(wanted),
        ...this.client['callArguments']({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY }),
      ),
    )();
    // A page that was cut short reports its own cancelling to nobody else.
    call.on('error', () => {});
    for await (const answer of call as AsyncIterable<ReadResp>) {
      const event = eventOf(answer);
      if (event === undefined) continue;
      // Reads include their start; what was asked for begins behind it.
      if (after !== undefined && comparePositions(event.position, after) <= 0) continue;
      events.push(event);
      bytes += event.data.length + event.metadata.length;
      if (bytes < PAGE_BYTES) continue;
      call.cancel();
      break;
    }
    return events;
  }

  private appendOnce(events: Run): Promise<void> {
    return this.client['execute'](
      streamsGrpc.StreamsClient,
      'copy',
      (client) =>
        new Promise<void>((resolve, reject) => {
          const call = client.append(
            ...this.client['callArguments']({ requiresLeader: true }),
            (error: Error | null, answer: AppendResp) => {
              if (error !== null) reject(error);
              else if (answer.hasSuccess()) resolve();
              else reject(conflictOf(events));
            },
          );
          call.on('error', reject);
          for (const message of appendRequests(events)) call.write(message);
          call.end();
        }),
    );
  }

  /** One call, which the node takes message by message. */
  private async appendTogether(runs: readonly Run[]): Promise<void> {
    const call = await this.client['GRPCStreamCreator'](streamsGrpc.StreamsClient, 'copy', (client) =>
      client.batchAppend(...this.client['callArguments']({}, { deadline: Number.POSITIVE_INFINITY })),
    )();
    // One instant for all: where it has passed for one, it has passed for those behind it too, and nothing is left out.
    const deadline = new Date(Date.now() + TOGETHER_MS);
    for (const [index, run] of runs.entries()) call.write(batchRequest(run, index, deadline));
    call.end();
    const left = new Set(runs.keys());
    for await (const answer of call as AsyncIterable<BatchAppendResp>) {
      const index = indexOf(answer);
      left.delete(index);
      const run = runs[index];
      const code = answer.getError()?.getCode();
      if (code === undefined || run === undefined) continue;
      call.cancel();
      if (code === WRONG_EXPECTED_VERSION) throw conflictOf(run);
      throw Object.assign(new Error(`an append was answered ${answer.getError()?.getMessage()}`), { code });
    }
    if (left.size > 0) throw Object.assign(new Error('not every append was answered'), { code: status.UNAVAILABLE });
  }
}

/** Tries again while the store is away. Throws EventStoreUnavailable when it stays away; other faults at once. */
async function persistently<T>(task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (attempt === TRIES) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new EventStoreUnavailable(`the event store does not answer: ${reason}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** (attempt - 1)));
    }
  }
}

const passing = [status.CANCELLED, status.DEADLINE_EXCEEDED, status.ABORTED, status.UNAVAILABLE];

/** By the client's names of errors, or gRPC's numbers where it passes them on. */
function isPassing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { type, code } = error as { type?: unknown; code?: unknown };
  return (
    ['unavailable', 'deadline-exceeded', 'timeout', 'cancelled', 'not-leader'].includes(String(type)) ||
    passing.includes(Number(code))
  );
}

function readRequest({ after, backwards = false, count }: Wanted): ReadReq {
  const all = new streams.ReadReq.Options.AllOptions();
  const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;
  if (backwards) all.setEnd(new shared.Empty());
  else if (after === undefined) all.setStart(new shared.Empty());
  else
    all.setPosition(
      new streams.ReadReq.Options.Position()
        .setCommitPosition(`${after.commit}`)
        .setPreparePosition(`${after.prepare}`),
    );
  const options = new streams.ReadReq.Options()
    .setAll(all)
    .setReadDirection(backwards ? BACKWARDS : FORWARDS)
    .setResolveLinks(false)
    .setCount(`${count}`)
    .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()))
    .setNoFilter(new shared.Empty());
  return new streams.ReadReq().setOptions(options);
}

function eventOf(answer: ReadResp): LogEvent | undefined {
  // A link is an event of its own in $all: unresolved, it stands where an event would.
  const recorded = answer.getEvent()?.getEvent();
  if (recorded === undefined) return undefined;
  const properties = recorded.getMetadataMap();
  return {
    stream: Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8'),
    revision: BigInt(recorded.getStreamRevision()),
    id: recorded.getId()?.getString().toLowerCase() ?? '',
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? 'application/octet-stream',
    data: recorded.getData_asU8(),
    metadata: recorded.getCustomMetadata_asU8(),
    position: { commit: BigInt(recorded.getCommitPosition()), prepare: BigInt(recorded.getPreparePosition()) },
  };
}

function conflictOf([{ stream, revision }]: Run): AppendConflict {
  const place = revision === 0n ? 'is not empty' : `does not end at revision ${revision - 1n}`;
  return new AppendConflict(`the stream ${stream} of the target ${place}: something else writes to it`);
}
