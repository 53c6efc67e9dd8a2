import type { Checkpoint } from '#libs/ledger/checkpoint.js';
import type { NodeId, Nodes } from '#libs/ledger/tree.js';

/** A checkpoint as it was given out. */
export interface SignedCheckpoint extends Checkpoint {
  /** How often the log was replaced by one that did not continue it; part of the origin. */
  readonly epoch: number;
  readonly note: string;
  /** RFC 3339 in UTC. */
  readonly signedAt: string;
}

/** A signed note that admits that a tree does not continue the one of the epoch before. */
export interface SignedDiscontinuity {
  /** That began with it. */
  readonly epoch: number;
  readonly note: string;
  readonly signedAt: string;
}

/** One stream's tree as it is stored. */
export interface StoredTree {
  /** 0 where nothing of it is stored. */
  size(): Promise<bigint>;
  /** What looks these nodes up; throws TreeDamaged for one that is not stored. */
  nodes(ids: readonly NodeId[]): Promise<Nodes>;
  revisionOf(eventId: string): Promise<bigint | undefined>;
  lastSigned(): Promise<SignedCheckpoint | undefined>;
  /** Oldest first. */
  discontinuities(): Promise<SignedDiscontinuity[]>;
}

/** The tree while nobody else signs it; what is added stays only if the task succeeds. */
export interface TreeToSign extends StoredTree {
  add(checkpoint: SignedCheckpoint): Promise<void>;
  /** Exchanges the note of a stored checkpoint for one with more signatures. */
  cosign(checkpoint: SignedCheckpoint): Promise<void>;
  discontinue(record: SignedDiscontinuity): Promise<void>;
}

/** Where trees are stored: the read models' rows, and what was signed of them, which no log can rebuild. */
export abstract class LedgerTrees {
  abstract tree(stream: string): StoredTree;
  /** Trees by stream's name, from the first after `after`; `isSigned` where the last checkpoint is of all their leaves. */
  abstract page(
    after: string,
    limit: number,
  ): Promise<readonly { readonly stream: string; readonly isSigned: boolean }[]>;
  /** Runs the task in one transaction, one signer of this stream at a time. */
  abstract signing<T>(stream: string, task: (tree: TreeToSign) => Promise<T>): Promise<T>;
}

/** The rows have not reached what was signed before: a read model that is being built. Ask again later. */
export class TreeBehind extends Error {
  override readonly name = 'TreeBehind';
}

/** What is stored of a tree, or the log itself, is not what it was: `tenantry verify` tells where. */
export class TreeDamaged extends Error {
  override readonly name = 'TreeDamaged';
}
