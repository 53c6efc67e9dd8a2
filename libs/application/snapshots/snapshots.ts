import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';
import type { Folded } from '../fold.js';
import type { SnapshotPlace, SnapshotStore } from '../ports/snapshot-store.js';
import type { UpTo } from '../up-to.js';
import { decoded, encoded } from './snapshot.js';
import type { SnapshotCheck } from './snapshot-check.js';

/** Fewer events than these are folded faster than a snapshot is fetched. */
const SPACING = 2_000;
/** Each snapshot is as many events away from the one before as pay for its size: so all together stay within this. */
const BYTES_PER_EVENT = 4_000;
/** Longer than this no question waits for a snapshot: the log answers as well. */
const PATIENCE_MS = 500;
/** Folds that wait to be written; beyond that they are left out, and a later question offers them again. */
const MAX_WAITING = 100;

export interface SnapshotEvents {
  /** One was not what the log says, and was discarded. */
  readonly onDamaged: (orgId: string, revision: bigint, how: string) => void;
  /** They cannot be read or written at the moment: questions are answered from the log alone. */
  readonly onUnavailable: (error: unknown) => void;
}

export interface FoundSnapshot {
  readonly folded: Folded<'org'>;
  readonly bytes: number;
}

/**
 * Folds of organizations at some of their revisions, so that a question about the past does not fold a long stream from
 * its start. Best effort: any may be missing, and whoever uses one checks that its last event stands in the log.
 */
export class Snapshots {
  /** By organization: the revision from which on the present is worth another one. */
  private readonly due = new LRUCache<string, bigint>(atMost(100_000));
  private readonly waiting: { readonly orgId: string; readonly folded: Folded<'org'> }[] = [];
  private writing: Promise<void> | undefined;

  constructor(
    private readonly store: SnapshotStore,
    private readonly events: SnapshotEvents,
    private readonly check: SnapshotCheck,
    readonly spacing = SPACING,
  ) {}

  /** The youngest one up to there, and how large it is; undefined where there is none, or not soon enough. */
  async find(orgId: string, upTo: UpTo): Promise<FoundSnapshot | undefined> {
    const stored = await inTime(this.store.latest(orgId, upTo)).catch(this.events.onUnavailable);
    if (stored === undefined) return undefined;
    const folded = decoded(stored);
    if (folded !== undefined) return { folded, bytes: stored.body.length };
    await this.damaged(orgId, stored.revision, 'its content is not what was stored');
    return undefined;
  }

  /** From the revision on they are not of this log: discarded, and told. */
  async damaged(orgId: string, revision: bigint, how: string): Promise<void> {
    this.events.onDamaged(orgId, revision, how);
    this.due.delete(orgId);
    await this.store.discard(orgId, revision).catch(this.events.onUnavailable);
  }

  /** It was answered from, and its last event stands in the log: what came before that is looked at later, now and then. */
  used(orgId: string, { folded }: FoundSnapshot): void {
    this.check.consider(orgId, folded, () => this.damaged(orgId, 0n, 'its fold is not what the log says'));
  }

  /** The present of an organization, which is kept now and then. */
  present(orgId: string, folded: Folded<'org'>): void {
    if (folded.revision < (this.due.get(orgId) ?? BigInt(this.spacing - 1))) return;
    this.due.set(orgId, folded.revision + BigInt(this.spacing));
    this.offer(orgId, folded);
  }

  /** A fold at the end of a command. It is written later, one after the other, unless there is one shortly before it. */
  offer(orgId: string, folded: Folded<'org'>): void {
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ orgId, folded });
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  /** Once everything that was offered is written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      try {
        await this.keep(next.orgId, next.folded);
      } catch (error) {
        this.events.onUnavailable(error);
      }
    }
  }

  private async keep(orgId: string, folded: Folded<'org'>): Promise<void> {
    const before = await this.store.place(orgId, { revision: folded.revision });
    if (before !== undefined && folded.revision < before.revision + this.distance(before)) return;
    // Encoding takes the processor for a while: whoever waits comes first.
    await new Promise((resolve) => setImmediate(resolve));
    const snapshot = encoded(orgId, folded);
    if (snapshot !== undefined) await this.store.save(snapshot);
  }

  private distance({ bytes }: SnapshotPlace): bigint {
    return BigInt(Math.max(this.spacing, Math.ceil(bytes / BYTES_PER_EVENT)));
  }
}

async function inTime<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  // A failure after that time is nobody's any more.
  finding.catch(() => {});
  return Promise.race([finding, late]).finally(() => clearTimeout(timer));
}
