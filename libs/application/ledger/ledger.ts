import { type Checkpoint, openCheckpoint, signCheckpoint } from '#libs/ledger/checkpoint.js';
import { signDiscontinuity } from '#libs/ledger/discontinuity.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import { encodeProof } from '#libs/ledger/inclusion-proof.js';
import { cosignNote, encodeKey, isSignedBy, type NoteSigner } from '#libs/ledger/signed-note.js';
import { consistencyRanges, subtreesOf, wholeTree } from '#libs/ledger/tree.js';
import { verifyConsistency } from '#libs/ledger/verify.js';
import type { Clock } from '../ports/clock.js';
import type { EventStore, StoredEvent } from '../ports/event-store.js';
import { leafOf, originOf } from './leaf.js';
import { rootsInLog } from './roots-in-log.js';
import { hashesOf, isRoot, proofOf } from './stored-hashes.js';
import {
  type LedgerTrees,
  type SignedCheckpoint,
  type SignedDiscontinuity,
  type StoredTree,
  TreeBehind,
  TreeDamaged,
  type TreeToSign,
} from './trees.js';

export interface ProvenEvent {
  readonly event: StoredEvent;
  /** The bytes that the proof is about. */
  readonly leaf: Buffer;
  /** c2sp.org/tlog-proof@v1, the checkpoint included. */
  readonly proof: string;
  readonly checkpoint: SignedCheckpoint;
}

export interface Consistency {
  readonly origin: string;
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly hashes: readonly Buffer[];
}

/**
 * Checkpoints and proofs of streams' trees. Nothing is answered that a verifier would refuse: each proof is verified here
 * first. Every method throws TreeBehind and TreeDamaged.
 */
export class Ledger {
  constructor(
    private readonly trees: LedgerTrees,
    private readonly store: EventStore,
    private readonly signer: NoteSigner,
    private readonly clock: Clock,
  ) {}

  /** The public key, to be pinned by verifiers: `name+id+key`. */
  get key(): string {
    return encodeKey(this.signer);
  }

  /** Of all that is stored now, signed now unless it was before. Undefined where the stream has no tree. */
  async checkpoint(stream: string): Promise<SignedCheckpoint | undefined> {
    const tree = this.trees.tree(stream);
    const last = await this.lastSigned(stream, tree);
    if (last !== undefined && (await tree.size()) === last.size && (await isRoot(tree, last))) return last;
    return this.trees.signing(stream, (locked) => this.signed(stream, locked));
  }

  /** Where the log was replaced by one that did not continue it; oldest first. */
  discontinuities(stream: string): Promise<SignedDiscontinuity[]> {
    return this.trees.tree(stream).discontinuities();
  }

  /** The event with this id or revision, and that it stands in the log. Undefined where the stream holds no such event. */
  async proof(stream: string, event: string | bigint): Promise<ProvenEvent | undefined> {
    const tree = this.trees.tree(stream);
    const revision = typeof event === 'bigint' ? event : await tree.revisionOf(event);
    if (revision === undefined || revision >= (await tree.size())) return undefined;
    const found = await this.eventAt(stream, revision);
    const leaf = leafOf(found);
    const last = await this.lastSigned(stream, tree);
    if (last !== undefined && last.size > revision) {
      const hashes = await proofOf(tree, revision, leaf, last);
      if (hashes !== undefined) return proven(found, leaf, hashes, last);
    }
    const checkpoint = await this.checkpoint(stream);
    if (checkpoint === undefined || checkpoint.size <= revision) throw new TreeBehind(stream);
    const hashes = await proofOf(tree, revision, leaf, checkpoint);
    if (hashes === undefined) throw new TreeDamaged(`${stream} at ${revision} is not the event that was recorded`);
    return proven(found, leaf, hashes, checkpoint);
  }

  /**
   * That the tree of `to` leaves (all of them unless given) begins with the one of `from`. Undefined where the stream has
   * no tree of that many leaves. Throws RangeError unless 0 < from <= to.
   */
  async consistency(stream: string, from: bigint, to?: bigint): Promise<Consistency | undefined> {
    const checkpoint = await this.checkpoint(stream);
    const size = to ?? checkpoint?.size ?? 0n;
    if (checkpoint === undefined || size > checkpoint.size || from > size) return undefined;
    const { origin } = checkpoint;
    const tree = this.trees.tree(stream);
    const [fromRoot, toRoot, ...hashes] = await hashesOf(tree, [
      wholeTree(from),
      wholeTree(size),
      ...consistencyRanges(from, size),
    ]);
    if (fromRoot === undefined || toRoot === undefined) throw new TreeDamaged(stream);
    if (!verifyConsistency({ from, fromRoot, to: size, toRoot }, hashes)) throw new TreeDamaged(stream);
    return { origin, from: { origin, size: from, root: fromRoot }, to: { origin, size, root: toRoot }, hashes };
  }

  /** By the present key too, where only a former one has signed it: who pins the present one knows no other. */
  private async lastSigned(stream: string, tree: StoredTree): Promise<SignedCheckpoint | undefined> {
    const last = await tree.lastSigned();
    if (last === undefined || isSignedBy(last.note, this.signer)) return last;
    return this.trees.signing(stream, async (locked) => {
      const present = await locked.lastSigned();
      if (present === undefined || isSignedBy(present.note, this.signer)) return present;
      openCheckpoint(present.note, present.origin, this.signer);
      const cosigned = { ...present, note: cosignNote(present.note, this.signer) };
      await locked.cosign(cosigned);
      return cosigned;
    });
  }

  private async signed(stream: string, tree: TreeToSign): Promise<SignedCheckpoint | undefined> {
    const size = await tree.size();
    const last = await tree.lastSigned();
    if (last === undefined) return size === 0n ? undefined : this.continued(stream, tree, { epoch: 0, size: 0n }, size);
    const origin = originOf(this.signer.name, stream, last.epoch);
    // Under another key, what was signed before could not be continued; that key must come back from its backup.
    openCheckpoint(last.note, origin, this.signer);
    if (size >= last.size && (await isRoot(tree, last)))
      return size === last.size ? last : this.continued(stream, tree, last, size);
    return this.discontinued(stream, tree, { ...last, origin }, size);
  }

  /** Nothing is signed that the log does not say: what came after the last checkpoint is read again, each event once. */
  private async continued(
    stream: string,
    tree: TreeToSign,
    last: Pick<SignedCheckpoint, 'epoch' | 'size'>,
    size: bigint,
  ): Promise<SignedCheckpoint> {
    const nodes = await tree.nodes(subtreesOf(wholeTree(last.size)));
    const inLog = await rootsInLog(this.store, stream, [size], TreeEdge.of(last.size, nodes));
    const [root] = await hashesOf(tree, [wholeTree(size)]);
    if (root === undefined || inLog.get(size)?.equals(root) !== true)
      throw new TreeDamaged(`the stored tree of ${stream} is not what the log says from ${last.size} on`);
    return this.add(stream, tree, last.epoch, { size, root });
  }

  /** Only the log itself can say that it is another one; rows can be behind, or damaged. */
  private async discontinued(
    stream: string,
    tree: TreeToSign,
    last: SignedCheckpoint,
    size: bigint,
  ): Promise<SignedCheckpoint> {
    const inLog = await rootsInLog(this.store, stream, [last.size, size]);
    const [root] = await hashesOf(tree, [wholeTree(size)]);
    const isBorneOut = inLog.get(last.size)?.equals(last.root) === true;
    const isCurrent = root !== undefined && inLog.get(size)?.equals(root) === true;
    if (isBorneOut && !isCurrent) throw new TreeDamaged(`the stored tree of ${stream} is not what the log says`);
    // A tree whose log came back empty has nothing to sign yet.
    if (isBorneOut || !isCurrent || size === 0n) throw new TreeBehind(stream);
    const epoch = last.epoch + 1;
    const noticedAt = new Date(this.clock.now()).toISOString();
    const after = { origin: originOf(this.signer.name, stream, epoch), size, root };
    const note = signDiscontinuity({ before: last, after, noticedAt }, this.signer);
    await tree.discontinue({ epoch, note, signedAt: noticedAt });
    return this.add(stream, tree, epoch, { size, root });
  }

  private async add(
    stream: string,
    tree: TreeToSign,
    epoch: number,
    { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  ): Promise<SignedCheckpoint> {
    const checkpoint = { origin: originOf(this.signer.name, stream, epoch), size, root };
    const signedAt = new Date(this.clock.now()).toISOString();
    const signed = { ...checkpoint, epoch, signedAt, note: signCheckpoint(checkpoint, this.signer) };
    await tree.add(signed);
    return signed;
  }

  private async eventAt(stream: string, revision: bigint): Promise<StoredEvent> {
    for await (const page of this.store.read(stream, revision, 1))
      for (const event of page) if (event.revision === revision) return event;
    throw new TreeDamaged(`the log does not hold ${stream} at ${revision} any more`);
  }
}

const proven = (
  event: StoredEvent,
  leaf: Buffer,
  hashes: readonly Buffer[],
  checkpoint: SignedCheckpoint,
): ProvenEvent => ({
  event,
  leaf,
  proof: encodeProof({ index: event.revision, hashes, checkpoint: checkpoint.note }),
  checkpoint,
});
