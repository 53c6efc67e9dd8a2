import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { asRefused } from './errors.js';

export type ReadCall = ServerWritableStream<ReadReq, Buffer>;

/** How to end each call that would otherwise last until its client ends it. */
export type OpenCalls = Set<() => void>;

/** The sending side of a read: encoded answers, paced by what the client takes. */
export class Outlet {
  #closed = false;
  #blocked = false;
  readonly #call: ReadCall;
  #resume: (() => void) | undefined;
  readonly #onClosed = (): void => {
    this.#closed = true;
    this.#resume?.();
  };
  readonly #onDrain = (): void => {
    this.#blocked = false;
    this.#resume?.();
  };

  constructor(call: ReadCall) {
    this.#call = call;
    this.#closed = call.cancelled;
    call.on('cancelled', this.#onClosed);
    call.on('close', this.#onClosed);
    call.on('drain', this.#onDrain);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the client has enough for now; then wait for `pause`. */
  get blocked(): boolean {
    return this.#blocked;
  }

  write(answer: Buffer): void {
    if (!this.#closed && !this.#call.write(answer)) this.#blocked = true;
  }

  /** Waits until the client takes more, `wake` is called, or the call is over. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      this.#resume = () => {
        this.#resume = undefined;
        resolve();
      };
    });
  }

  /** Ends a pause. */
  wake(): void {
    this.#resume?.();
  }

  end(): void {
    if (!this.#closed) this.#call.end();
    this.#release();
  }

  fail(error: unknown): void {
    if (!this.#closed) this.#call.emit('error', asRefused(error));
    this.#release();
  }

  #release(): void {
    this.#onClosed();
    this.#call.off('cancelled', this.#onClosed);
    this.#call.off('close', this.#onClosed);
    this.#call.off('drain', this.#onDrain);
  }
}
