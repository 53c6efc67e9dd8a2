import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Metadata, ServerInterceptingCall, status } from '@grpc/grpc-js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { Intercept } from '../../libs/embedded-eventstore/node.js';
import { wrongNotices } from './event-store-notices.js';
import type { WrongNotice } from './event-store-notices.js';

type Interceptor = ReturnType<Intercept>[number];
type Call = Parameters<Interceptor>[1];
type Listener = Parameters<Call['start']>[0];
type Status = Parameters<Call['sendStatus']>[0];

/**
 * What a node does wrong on purpose. All switches are off at first, may be changed at any time and act on the next
 * message. Each acts between a node that works as ever and its clients, so the log itself is never wrong.
 */
export class Faults {
  /** A connection is dropped when one of its reads or subscriptions has sent so many events and checkpoint notices. */
  dropAfter: number | undefined;
  /** So many next appends (deletes, tombstones) are written durably and never answered. */
  loseAnswers: { count: number; readonly drop: boolean } | undefined;
  /** Every message leaves so many milliseconds later. */
  delayMs = 0;
  /** Every event is delivered twice. */
  duplicate = false;
  /** New calls, and appends on open ones, are refused; subscriptions that run go on, as on the real server. */
  refuse: NotLeader | { readonly as: 'overloaded' } | undefined;
  /** Filtered subscriptions get these wrong notices beside or instead of the right ones. */
  notices: WrongNotice | undefined;

  /** Everything off. */
  clear(): void {
    Object.assign(this, new Faults());
  }
}

export interface NotLeader {
  readonly as: 'not_leader';
  /** Where the client is sent; it goes there and drops this connection. */
  readonly host: string;
  readonly port: number;
}

/** The connections of this process's servers, by the client's port: gRPC does not tell them. */
const sockets = new Map<number, Socket>();
diagnostics.subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket };
  const port = socket.remotePort;
  if (port === undefined) return;
  sockets.set(port, socket);
  socket.once('close', () => sockets.delete(port));
});

/** The faults as interceptors for `startNode`. */
export function interceptWith(faults: Faults): Intercept {
  return (log) => [
    ({ path }, call) => {
      const method = path.replace('/event_store.client.streams.Streams/', '');
      if (method === 'Read') return new FaultyRead(call, faults, log);
      return method.startsWith('/') ? new ServerInterceptingCall(call) : new FaultyWrite(call, faults);
    },
  ];
}

class FaultyCall extends ServerInterceptingCall {
  protected request: unknown;

  constructor(
    private readonly next: Call,
    protected readonly faults: Faults,
  ) {
    super(next);
  }

  override start(listener: Listener): void {
    super.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => {
        const { refuse } = this.faults;
        if (refuse) return this.next.sendStatus(refusal(refuse));
        this.request ??= message;
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => listener.onCancel(),
    });
  }

  protected sendLater(message: unknown, sent: () => void): void {
    const send = (): void => super.sendMessage(message, sent);
    if (this.faults.delayMs > 0) setTimeout(send, this.faults.delayMs);
    else send();
  }

  /** What has been sent gets out before: the bytes are the kernel's by then. */
  protected drop(): void {
    const { remotePort } = this.getConnectionInfo();
    setImmediate(() => sockets.get(remotePort ?? 0)?.destroy());
  }
}

class FaultyWrite extends FaultyCall {
  private answerLost = false;

  override sendMessage(message: unknown, sent: () => void): void {
    const lose = this.faults.loseAnswers;
    if (!lose || lose.count <= 0) return this.sendLater(message, sent);
    lose.count -= 1;
    this.answerLost = true;
    if (lose.drop) this.drop();
    // A batch call goes on with its next answers; the status of the others is held back with the answer.
    sent();
  }

  override sendStatus(answer: Status): void {
    if (!this.answerLost || answer.code !== status.OK) super.sendStatus(answer);
  }
}

class FaultyRead extends FaultyCall {
  private left: number | undefined;
  private readonly notices;

  constructor(next: Call, faults: Faults, log: { readonly nextPosition: bigint }) {
    super(next, faults);
    this.notices = wrongNotices(() => log.nextPosition);
  }

  override sendMessage(message: Buffer, sent: () => void): void {
    const { dropAfter, delayMs, duplicate, notices } = this.faults;
    if (delayMs === 0 && !duplicate && (dropAfter ?? notices ?? this.left) === undefined)
      return super.sendMessage(message, sent);
    const answer = streams.ReadResp.deserializeBinary(message);
    const kind = this.faults.notices;
    const filtered = (this.request as ReadReq).getOptions()?.getFilter() !== undefined;
    const all = kind && filtered ? this.notices(kind, answer, message) : [message];
    if (this.faults.duplicate && answer.hasEvent()) all.push(message);
    this.sendAll(all, answer.hasEvent() || answer.hasCheckpoint(), sent);
  }

  private sendAll([first, ...rest]: readonly Buffer[], counts: boolean, sent: () => void): void {
    if (first === undefined) return sent();
    if (counts) {
      this.left ??= this.faults.dropAfter;
      if (this.left !== undefined && this.left <= 0) return;
    }
    this.sendLater(first, () => {
      if (counts && this.left !== undefined && --this.left <= 0) this.drop();
      this.sendAll(rest, counts, sent);
    });
  }
}

function refusal(refuse: NonNullable<Faults['refuse']>): Status {
  const metadata = new Metadata();
  if (refuse.as === 'overloaded') return { code: status.UNAVAILABLE, details: 'server is too busy', metadata };
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', refuse.host);
  metadata.set('leader-endpoint-port', String(refuse.port));
  return { code: status.NOT_FOUND, details: 'leader info available', metadata };
}
