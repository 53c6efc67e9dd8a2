import { createHash } from 'node:crypto';
import { Circuit } from './circuit.js';
import { connectRedis } from './connection.js';

/**
 * A bucket of tokens that all processes take from. It is one number: when it is full again, in milliseconds since the epoch.
 *
 * KEYS: the bucket. ARGV: now, window in ms, tokens of the window, least and most to take, 1 to take them even where they are
 * not there. Answers how many were taken, and when the bucket is full again, as text.
 */
const script = `
local now, window, quota = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local least, most, forced = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local interval = window / quota
local from = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now), now + 2 * window)
local tokens = math.min(most, math.floor((window - (from - now) + 0.001) / interval))
if forced then tokens = most end
if tokens < least then return {0, string.format('%.6f', from)} end
local full = math.min(from + tokens * interval, now + 2 * window)
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.max(1, math.ceil(full - now)))
return {tokens, string.format('%.6f', full)}
`;
const sha = createHash('sha1').update(script).digest('hex');

export interface TokensWanted {
  /** Tokens of a full bucket, which come back over the window. */
  readonly tokens: number;
  readonly windowMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly least: number;
  readonly most: number;
  /** Whether they are taken even where they are not there. */
  readonly forced?: boolean;
}

export interface SharedQuotasOptions {
  readonly url: string;
  /** What the buckets are of: deployments over one Redis keep theirs apart. */
  readonly scope: string;
  /** Nobody waits longer than this; 100 unless given. */
  readonly answerWithinMs?: number;
}

/** Rate limits that processes share. One that is away costs nobody more than a moment: whoever asks goes by its own count then. */
export class SharedQuotas {
  private readonly redis;
  private readonly circuit: Circuit;
  private readonly prefix: string;

  constructor({ url, scope, answerWithinMs = 100 }: SharedQuotasOptions) {
    this.redis = connectRedis(url);
    this.prefix = `tenantry:quota:${digest(scope)}`;
    this.circuit = new Circuit(
      () => this.redis.ping(),
      () => {},
      answerWithinMs,
    );
  }

  /** How many tokens were taken, and when the bucket is full again; undefined where Redis does not answer. */
  async take(bucket: string, wanted: TokensWanted): Promise<{ tokens: number; fullAt: number } | undefined> {
    const { now, windowMs, tokens, least, most, forced = false } = wanted;
    const answer = await this.circuit.run(() =>
      this.run(`${this.prefix}:{${digest(bucket)}}`, [now, windowMs, tokens, least, most, forced ? 1 : 0]),
    );
    if (!Array.isArray(answer)) return undefined;
    const [taken, fullAt] = answer.map(Number);
    return taken === undefined || fullAt === undefined || Number.isNaN(taken + fullAt)
      ? undefined
      : { tokens: taken, fullAt };
  }

  stop(): void {
    this.circuit.stop();
    this.redis.disconnect();
  }

  /** Undefined where Redis refuses: its memory is full, or it only reads. */
  private async run(key: string, args: readonly number[]): Promise<unknown> {
    try {
      return await this.redis.evalsha(sha, 1, key, ...args).catch((error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return this.redis.eval(script, 1, key, ...args);
      });
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') return undefined;
      throw error;
    }
  }
}

/** Names of callers and organizations stay out of Redis, and keys stay short. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);
