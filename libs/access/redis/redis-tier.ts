import { createHash } from 'node:crypto';
import { parsePosition } from '#libs/application/ports/event-store.js';
import type { StreamDocument } from '#libs/application/ports/read-models.js';
import { type CachingTier, fieldOf, type Held, type StreamChange, type TierListener } from '../tier.js';
import { changeScript } from './change-script.js';
import { Circuit } from './circuit.js';
import { connectRedis } from './connection.js';
import { ordinalOf, placeOf, revisionOf } from './digits.js';
import { type FollowedLog, Lineage } from './lineage.js';

/** Counted from the last change or fill: what belongs to nobody any more disappears. */
const TTL_MS = 3_600_000;
/** Of one stream: questions about people who do not exist must not fill a Redis. */
const MAX_FIELDS = 250_000;
const AGREE_EVERY_MS = 2000;

const changeSha = createHash('sha1').update(changeScript).digest('hex');

export interface RedisTierOptions {
  readonly url: string;
  readonly listener?: TierListener;
  /** Told once when Redis stops answering, and with undefined when it answers again. */
  readonly onChange?: (failure: unknown) => void;
  /** A check waits no longer than this, 100 unless given: the tier behind answers about as fast. */
  readonly answerWithinMs?: number;
}

/** The documents that all processes share. Each stream's are one hash, which one script changes as a whole. */
export class RedisTier implements CachingTier {
  readonly name = 'redis';
  private readonly redis;
  private readonly circuit: Circuit;
  private readonly listener: TierListener;
  private scope: { readonly prefix: string; readonly lineage: Lineage } | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor({ url, listener = () => {}, onChange = () => {}, answerWithinMs = 100 }: RedisTierOptions) {
    this.redis = connectRedis(url);
    this.circuit = new Circuit(
      () => this.redis.ping(),
      (failure) => {
        onChange(failure);
        // What answers again may hold something else.
        if (failure === undefined) void this.agree();
      },
      answerWithinMs,
    );
    this.listener = listener;
    this.timer = setInterval(() => void this.agree(), AGREE_EVERY_MS).unref();
  }

  /**
   * Keeps apart what is of another log, of another line of its history, or of another build of the read models. Until
   * called, and with undefined for the contents, nothing is held.
   */
  use(contents: string | undefined, log: FollowedLog): void {
    this.scope = undefined;
    if (contents === undefined) return;
    const prefix = `tenantry:access:${createHash('sha256').update(contents).digest('hex').slice(0, 16)}`;
    const commands = {
      read: (key: string, ...fields: string[]) => this.ask(() => this.redis.hmget(key, ...fields)),
      run: (script: string, key: string, args: readonly (string | number)[]) =>
        this.ask(() => this.redis.eval(script, 1, key, ...args)),
    };
    this.scope = { prefix, lineage: new Lineage(commands, log, `${prefix}:log`) };
    void this.agree();
  }

  async load(keys: readonly StreamDocument[]): Promise<readonly (Held | undefined)[]> {
    const streams = grouped(keys);
    const { contents } = this;
    const keyOf = this.keyOf();
    const found =
      keyOf &&
      (await this.ask(() =>
        Promise.all(
          [...streams].map(async ([stream, wanted]) => {
            const values = await this.redis.hmget(keyOf(stream), '#revision', '#upTo', ...wanted.map(fieldOf));
            return [stream, heldIn(values)] as const;
          }),
        ),
      ));
    if (found === undefined) this.listener('fallback', this.name);
    // Others may have become known as the right ones while these came.
    const held = new Map(contents === this.contents ? found : []);
    return keys.map((key) => held.get(key.stream)?.[streams.get(key.stream)?.indexOf(key) ?? -1]);
  }

  async apply({ stream, from, revision, upTo, touched, documents }: StreamChange): Promise<void> {
    const keyOf = this.keyOf();
    if (keyOf === undefined) return;
    // Sent first and therefore done first: not waited for, so that others find the documents the sooner.
    const reached = this.scope?.lineage.reach();
    const pairs = [...documents].flatMap(([field, document]) => [field, encoded(document)]);
    const state = [ordinalOf(from), ordinalOf(revision), placeOf(upTo)];
    const args = [...state, TTL_MS, MAX_FIELDS, touched.length, ...touched, ...pairs];
    const dropped = await this.ask(() => this.change(keyOf(stream), args));
    if (dropped === 1) this.listener('drop', this.name);
    if ((await reached) !== true) await this.agree();
  }

  async drop(stream: string): Promise<void> {
    const keyOf = this.keyOf();
    if (keyOf === undefined) return;
    if ((await this.ask(() => this.redis.unlink(keyOf(stream)))) === 1) this.listener('drop', this.name);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.circuit.stop();
    this.redis.disconnect();
  }

  private get contents(): string | undefined {
    const name = this.scope?.lineage.name;
    return this.scope && name && `${this.scope.prefix}:${name}`;
  }

  /** The names of hashes, tagged by their stream so that a cluster keeps each in one place. */
  private keyOf(): ((stream: string) => string) | undefined {
    const contents = this.contents;
    return contents === undefined ? undefined : (stream) => `${contents}:{${stream}}`;
  }

  /** The log may not answer either: then the name agreed last holds on. */
  private async agree(): Promise<void> {
    await this.scope?.lineage.agree().catch(() => undefined);
  }

  private ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    // A reply that says no, such as that the memory is full, is none of a server that is away.
    return this.circuit.run(() => question().catch((error: unknown) => refusal(error)));
  }

  private async change(key: string, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.redis.evalsha(changeSha, 1, key, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return this.redis.eval(changeScript, 1, key, ...args);
    }
  }
}

function refusal(error: unknown): undefined {
  if (error instanceof Error && error.name === 'ReplyError') return undefined;
  throw error;
}

function grouped(keys: readonly StreamDocument[]): Map<string, StreamDocument[]> {
  const streams = new Map<string, StreamDocument[]>();
  for (const key of keys) streams.set(key.stream, [...(streams.get(key.stream) ?? []), key]);
  return streams;
}

/** Nothing where it does not read as this class writes it. */
function heldIn([ordinal, place, ...texts]: readonly (string | null)[]): (Held | undefined)[] {
  const upTo = parsePosition(place ?? '');
  const revision = revisionOf(ordinal ?? '');
  if (upTo === undefined || revision === undefined) return [];
  try {
    return texts.map((text) => (text === null ? undefined : { document: decoded(text), revision, upTo }));
  } catch {
    return [];
  }
}

const encoded = (document: unknown): string => (document === undefined ? '' : JSON.stringify(document));
const decoded = (text: string): unknown => (text === '' ? undefined : JSON.parse(text));
