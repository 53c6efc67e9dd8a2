import { randomUUID } from 'node:crypto';
import { parsePosition, type Position } from '#libs/application/ports/event-store.js';
import { placeOf } from './digits.js';

/** Longer than anything that is written under it lives. */
const TTL_MS = 24 * 3_600_000;

/** The event at which a log was last seen. */
export interface Seen {
  readonly position: Position;
  readonly id: string;
}

/** The log that a process follows, as far as is needed to tell it from one restored from a backup. */
export interface FollowedLog {
  /** The last event followed; undefined while there was none. */
  seen(): Seen | undefined;
  holds(seen: Seen): Promise<boolean>;
}

interface Commands {
  /** The values of a hash's fields. */
  read(key: string, ...fields: string[]): Promise<(string | null)[] | undefined>;
  /** Sends before it returns, so that what is sent next is done next. */
  run(script: string, key: string, args: readonly (string | number)[]): Promise<unknown>;
}

/**
 * KEYS: the hash. ARGV: the lineage expected ('' for none), the one wanted, the event's place and id, ttl in ms. Answers the
 * lineage that stands there in the end.
 */
const lineageScript = `
local held = redis.call('HMGET', KEYS[1], 'lineage', 'upTo')
if (held[1] or '') ~= ARGV[1] then return held[1] or '' end
if ARGV[1] ~= ARGV[2] or not held[2] or held[2] < ARGV[3] then
  redis.call('HSET', KEYS[1], 'lineage', ARGV[2], 'upTo', ARGV[3], 'id', ARGV[4])
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return ARGV[2]
`;

/**
 * What all processes call the present line of a log's history in a Redis. With it stands an event that is as far as
 * anything written under it. A log that does not hold that event was restored from a backup and goes on differently, so its
 * processes choose another name, and what the old one covers is never read again.
 */
export class Lineage {
  private present: string | undefined;

  constructor(
    private readonly commands: Commands,
    private readonly log: FollowedLog,
    private readonly key: string,
  ) {}

  /** Undefined until agreed. */
  get name(): string | undefined {
    return this.present;
  }

  /** Takes the name that stands in Redis, if it is of the followed log, or gives one. */
  async agree(): Promise<void> {
    const seen = this.log.seen();
    const held = await this.commands.read(this.key, 'lineage', 'upTo', 'id');
    if (held === undefined || seen === undefined) return;
    const [name, place, id] = held;
    const position = parsePosition(place ?? '');
    const known = typeof name === 'string' && typeof id === 'string' && position !== undefined;
    if (known && (await this.log.holds({ position, id }))) this.present = name;
    else await this.set(name ?? '', name ? randomUUID() : (this.present ?? randomUUID()), seen);
  }

  /** To be done before anything is written that is as far as the log was followed. False where it must not be. */
  async reach(): Promise<boolean> {
    const [seen, name] = [this.log.seen(), this.present];
    return seen !== undefined && name !== undefined && this.set(name, name, seen);
  }

  private async set(expected: string, wanted: string, { position, id }: Seen): Promise<boolean> {
    const args = [expected, wanted, placeOf(position), id, TTL_MS];
    const stands = await this.commands.run(lineageScript, this.key, args);
    if (typeof stands !== 'string') return false;
    // Another's name was not compared with the log yet.
    this.present = stands === wanted ? wanted : undefined;
    return stands === wanted;
  }
}
