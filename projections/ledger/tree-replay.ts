import { leafOf, originOf } from '#libs/application/ledger/leaf.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { NotCanonical } from '#libs/ledger/canonical.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import { HASH_BYTES, leafHash } from '#libs/ledger/hashes.js';
import { type NoteKey, NoteRejected } from '#libs/ledger/signed-note.js';
import type { LeafRow } from './nodes.js';
import type { SignedRow } from './signed-checkpoints.js';

/**
 * `altered`: another event stands there than the one that was recorded. `missing`: the log does not hold the event.
 * `inserted`: it stands where another one does. `node`: the event is right, its row is not. `unrecorded`: its row is gone.
 * `signed`: the tree is not the one that was signed, and rows do not tell which event differs. `forged`: a checkpoint that
 * this ledger's key has not signed. `witnessed`: the tree is not the one of a checkpoint that somebody outside has kept.
 */
export type FindingKind =
  | 'altered'
  | 'missing'
  | 'inserted'
  | 'node'
  | 'unrecorded'
  | 'signed'
  | 'forged'
  | 'witnessed';

export interface Finding {
  readonly kind: FindingKind;
  readonly stream: string;
  /** The first bad one. */
  readonly revision: bigint;
  /** Of `signed`, `forged` and `witnessed`: the last one that the checkpoint covers. */
  readonly upTo?: bigint;
}

/** What stands in Postgres of trees; the log must bear it out. */
export interface Recorded {
  /** Leaves by stream; none where no read models stand. */
  readonly sizes: ReadonlyMap<string, bigint>;
  /** The last signed checkpoint of each stream. */
  readonly signed: ReadonlyMap<string, SignedRow>;
}

/** A checkpoint that was kept outside, where nobody who can change the log can change it. */
export interface Witnessed {
  readonly stream: string;
  readonly size: bigint;
  readonly root: Buffer;
}

interface ReplayedTree {
  readonly edge: TreeEdge;
  /** How many leaves a signed checkpoint has borne out. */
  borneOut: bigint;
}

/** Trees computed again from events in order, against what was recorded. Of a stream only the first finding is told. */
export class TreeReplay {
  events = 0;
  checkpoints = 0;
  unrecorded = 0;
  private readonly trees = new Map<string, ReplayedTree>();
  private readonly found = new Map<string, Finding>();
  /** Streams that have no tree, because the log did not hold their beginning when trees were built. */
  private readonly treeless = new Set<string>();

  constructor(
    private readonly key: NoteKey,
    private readonly recorded: Recorded,
    private readonly witnessed: readonly Witnessed[] = [],
  ) {}

  get replayed(): number {
    return this.trees.size;
  }

  get findings(): readonly Finding[] {
    return [...this.found.values()];
  }

  /** Takes the next events, with their rows and what was signed of trees that end with one of them. */
  page(events: readonly StoredEvent[], rows: readonly LeafRow[], signed: readonly SignedRow[]): void {
    const leaves = new Map(rows.map(({ stream, revision, hashes }) => [`${stream} ${revision}`, hashes]));
    const checkpoints = new Map<string, SignedRow[]>();
    for (const row of signed) {
      const name = `${row.stream} ${BigInt(row.size) - 1n}`;
      checkpoints.set(name, [...(checkpoints.get(name) ?? []), row]);
    }
    for (const event of events) {
      const name = `${event.stream} ${event.revision}`;
      this.events += 1;
      if (this.found.has(event.stream) || this.treeless.has(event.stream)) continue;
      const finding = this.take(event, leaves.get(name), checkpoints.get(name) ?? []);
      if (finding !== undefined) this.found.set(event.stream, finding);
    }
  }

  /** After the last event: what was recorded or signed beyond it is missing. */
  end(): void {
    const { sizes, signed } = this.recorded;
    for (const stream of new Set([...sizes.keys(), ...signed.keys()])) {
      const size = this.trees.get(stream)?.edge.size ?? 0n;
      if (this.isRecorded(stream, size) && !this.found.has(stream))
        this.found.set(stream, { kind: 'missing', stream, revision: size });
    }
    for (const { stream, size } of this.witnessed) {
      const revision = this.trees.get(stream)?.edge.size ?? 0n;
      if (revision < size && !this.found.has(stream)) this.found.set(stream, { kind: 'missing', stream, revision });
    }
  }

  private take(event: StoredEvent, row: Buffer | undefined, signed: readonly SignedRow[]): Finding | undefined {
    const { stream, revision } = event;
    const tree = this.trees.get(stream) ?? { edge: TreeEdge.empty(), borneOut: 0n };
    const { size } = tree.edge;
    if (revision > size && !this.isRecorded(stream, size)) return void this.treeless.add(stream);
    this.trees.set(stream, tree);
    if (revision !== size)
      return revision > size ? { kind: 'missing', stream, revision: size } : { kind: 'inserted', stream, revision };
    const leaf = hashed(event);
    if (leaf === undefined) return { kind: 'altered', stream, revision };
    const hashes = Buffer.concat(tree.edge.append(leaf).map(({ hash }) => hash));
    return this.compared(event, hashes, row) ?? this.checked(event, tree, signed) ?? this.seen(event, tree);
  }

  private compared({ stream, revision }: StoredEvent, hashes: Buffer, row: Buffer | undefined): Finding | undefined {
    if (row === undefined) {
      if (revision < (this.recorded.sizes.get(stream) ?? 0n)) return { kind: 'unrecorded', stream, revision };
      this.unrecorded += 1;
      return undefined;
    }
    if (row.equals(hashes)) return undefined;
    const isLeaf = row.subarray(0, HASH_BYTES).equals(hashes.subarray(0, HASH_BYTES));
    return { kind: isLeaf ? 'node' : 'altered', stream, revision };
  }

  private checked(
    { stream, revision }: StoredEvent,
    tree: ReplayedTree,
    signed: readonly SignedRow[],
  ): Finding | undefined {
    for (const row of signed) {
      const checkpoint = opened(row, this.key);
      if (checkpoint === undefined) return { kind: 'forged', stream, revision: tree.borneOut, upTo: revision };
      // What was signed before the log was replaced, and the ledger admitted that, need not be of this one.
      if (row.epoch !== this.recorded.signed.get(stream)?.epoch) continue;
      this.checkpoints += 1;
      if (!checkpoint.root.equals(tree.edge.root()))
        return { kind: 'signed', stream, revision: tree.borneOut, upTo: revision };
      tree.borneOut = revision + 1n;
    }
    return undefined;
  }

  private seen({ stream, revision }: StoredEvent, tree: ReplayedTree): Finding | undefined {
    const kept = this.witnessed.filter((each) => each.stream === stream && each.size === revision + 1n);
    const isOther = kept.some(({ root }) => !root.equals(tree.edge.root()));
    return isOther ? { kind: 'witnessed', stream, revision: 0n, upTo: revision } : undefined;
  }

  private isRecorded(stream: string, revision: bigint): boolean {
    const { sizes, signed } = this.recorded;
    return revision < (sizes.get(stream) ?? 0n) || revision < BigInt(signed.get(stream)?.size ?? 0);
  }
}

/** Undefined for what no event of this product can hold. */
function hashed(event: StoredEvent): Buffer | undefined {
  try {
    return leafHash(leafOf(event));
  } catch (error) {
    if (error instanceof NotCanonical) return undefined;
    throw error;
  }
}

/** Undefined unless the key signed just what the row says. */
function opened({ stream, epoch, size, root, note }: SignedRow, key: NoteKey) {
  try {
    const checkpoint = openCheckpoint(note, originOf(key.name, stream, epoch), key);
    return `${checkpoint.size}` === size && checkpoint.root.equals(root) ? checkpoint : undefined;
  } catch (error) {
    if (error instanceof NoteRejected) return undefined;
    throw error;
  }
}
