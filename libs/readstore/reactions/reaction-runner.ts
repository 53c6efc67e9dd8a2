import { type Concern, type Due, type Reaction, ReactionFailed } from '#libs/application/reactions/reaction.js';
import { type EventStore, parsePosition, positionText, type StoredEvent } from '#libs/application/ports/event-store.js';
import type { Database } from '../database.js';
import { Backoff, pause } from '../failures.js';
import { advance, type Changes, claim, cursorOf, done, failed, startOver } from './due.js';

export interface ReactionRunnerOptions {
  readonly store: EventStore;
  readonly db: Database;
  readonly reaction: Reaction;
  /** Told of each thing that was done, or could not be; of a failure of the log or of Postgres without a key. */
  readonly onDone?: (key: string) => void;
  readonly onFailed?: (error: unknown, key: string | undefined) => void;
  /** How often it is looked whether something is due. */
  readonly everyMs?: number;
  /** Between tries of the same thing: the first one, and the most. */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
  /** After which a doing is given up. Others take over what a process that died had begun after twice as long. */
  readonly timeoutMs?: number;
}

const AT_ONCE = 16;

/**
 * Runs one reaction: follows the log from a cursor of its own, writes down what is due in the transaction that moves the
 * cursor, and does what is due, each key by itself. Nothing that fails keeps other keys, other reactions or the projector
 * from going on. Several runners of one reaction do no harm: each thing that is due is taken by one of them at a time.
 */
export class ReactionRunner {
  private readonly everyMs: number;
  private readonly timeoutMs: number;
  private readonly retry: { readonly firstMs: number; readonly maxMs: number };
  private abort = new AbortController();
  private running: Promise<unknown> | undefined;

  constructor(private readonly options: ReactionRunnerOptions) {
    this.everyMs = options.everyMs ?? 1_000;
    this.timeoutMs = options.timeoutMs ?? 15_000;
    this.retry = options.retry ?? { firstMs: 1_000, maxMs: 600_000 };
  }

  start(): void {
    if (this.running !== undefined) return;
    this.abort = new AbortController();
    this.running = Promise.all([this.following(), this.doing()]);
  }

  /** Gives up what is being done: it is done again by whoever runs next. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    this.running = undefined;
  }

  private async following(): Promise<void> {
    const { signal } = this.abort;
    const backoff = new Backoff(100, 10_000);
    while (!signal.aborted) {
      try {
        await this.follow(signal, () => backoff.succeeded());
      } catch (error) {
        if (signal.aborted) return;
        this.options.onFailed?.(error, undefined);
        await backoff.wait(signal);
      }
    }
  }

  /** From the stored cursor until the signal aborts, another runner has moved it, or something fails. */
  private async follow(signal: AbortSignal, onMoved: () => void): Promise<void> {
    const { store, db, reaction } = this.options;
    let from = await cursorOf(db, reaction.name);
    const position = from === undefined ? undefined : parsePosition(from.position);
    if (position !== undefined && (await store.at(position))?.id !== from?.eventId) {
      await startOver(db, reaction.name);
      return;
    }
    for await (const events of store.follow(position, signal)) {
      const last = events.at(-1);
      if (last === undefined) continue;
      const to = { position: positionText(last.position), eventId: last.id };
      if (!(await advance(db, reaction.name, from, to, changesOf(events, reaction)))) return;
      from = to;
      onMoved();
    }
  }

  private async doing(): Promise<void> {
    const { signal } = this.abort;
    const { db, reaction } = this.options;
    const backoff = new Backoff(100, 10_000);
    while (!signal.aborted) {
      let taken = 0;
      try {
        const all = await claim(db, reaction.name, { limit: AT_ONCE, claimMs: 2 * this.timeoutMs });
        taken = all.length;
        await Promise.all(all.map((due) => this.do(due, due.attempts, signal)));
        backoff.succeeded();
      } catch (error) {
        if (signal.aborted) return;
        this.options.onFailed?.(error, undefined);
        await backoff.wait(signal);
      }
      if (taken < AT_ONCE) await pause(this.everyMs, signal);
    }
  }

  private async do(due: Due, attempts: number, signal: AbortSignal): Promise<void> {
    const { db, reaction, onDone, onFailed } = this.options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.timeoutMs)]);
    try {
      const reacted = await reaction.react(due, limit);
      await done(db, reaction.name, due, reacted);
      onDone?.(due.key);
    } catch (error) {
      if (signal.aborted) return;
      onFailed?.(error, due.key);
      const code = error instanceof ReactionFailed ? error.code : 'failed';
      const ceiling = Math.min(this.retry.maxMs, this.retry.firstMs * 2 ** Math.min(attempts - 1, 30));
      await failed(db, reaction.name, due.key, code, ceiling * (0.5 + Math.random() / 2));
    }
  }
}

/** Of each key the last event counts, and what begins or ends also counts where others come after it. */
function changesOf(events: readonly StoredEvent[], reaction: Reaction): Changes {
  const begun = new Map<string, bigint>();
  const touched = new Map<string, bigint>();
  const ended = new Set<string>();
  const take: { readonly [Does in Concern['does']]: (key: string, revision: bigint) => void } = {
    begins: (key, revision) => {
      begun.set(key, revision);
    },
    touches: (key, revision) => {
      (begun.has(key) ? begun : touched).set(key, revision);
    },
    ends: (key) => {
      begun.delete(key);
      touched.delete(key);
      ended.add(key);
    },
  };
  for (const event of events) {
    const concern = reaction.concernOf(event);
    if (concern !== undefined) take[concern.does](concern.key, event.revision);
  }
  return { begun, touched, ended: [...ended] };
}
