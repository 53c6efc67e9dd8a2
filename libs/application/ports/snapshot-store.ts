import type { UpTo } from '../up-to.js';

/** A folded organization as it is kept: disposable, and nothing that is answered rests on it alone. */
export interface StoredSnapshot {
  readonly orgId: string;
  /** Of the last event that is folded in; the end of a command. */
  readonly revision: bigint;
  /** When that event occurred. Milliseconds. */
  readonly instant: number;
  readonly body: string;
  /** SHA-256 of organization, revision and body, in hex. */
  readonly digest: string;
}

export interface SnapshotPlace {
  readonly revision: bigint;
  /** Of the body. */
  readonly bytes: number;
}

/** Where snapshots are kept, those of one fold code apart from another's. Any of them may be missing at any time. */
export abstract class SnapshotStore {
  /** The youngest one of the organization that is not beyond the revision, or the instant. */
  abstract latest(orgId: string, upTo: UpTo): Promise<StoredSnapshot | undefined>;
  /** Of that one, revision and length alone. */
  abstract place(orgId: string, upTo: UpTo): Promise<SnapshotPlace | undefined>;
  /** Leaves one that is there already as it is. */
  abstract save(snapshot: StoredSnapshot): Promise<void>;
  /** Takes away those of the organization from the revision on. */
  abstract discard(orgId: string, from: bigint): Promise<void>;
}
