import type { Folds } from '../folds.js';
import type { Ledger } from '../ledger/ledger.js';
import { TreeBehind } from '../ledger/trees.js';
import type { StoredEvent } from '../ports/event-store.js';
import { parseStream, streamOf } from '../streams.js';
import { type Concern, type Due, type Reacted, Reaction, ReactionFailed } from './reaction.js';

/** Sends text to somebody outside. Throws ReactionFailed unless they took it. */
export abstract class Outlet {
  abstract post(
    url: string,
    text: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;
}

export const CHECKPOINT_WITNESS = 'checkpoint-witness';

/**
 * Delivers signed checkpoints of organizations' trees to whom they have named: only what left the operator's hands shows
 * that the operator did not write another history. The last one covers everything, so that those in between may be left out.
 */
export class CheckpointWitness extends Reaction {
  override readonly name = CHECKPOINT_WITNESS;

  /** `restMs`: between two deliveries of one organization. */
  constructor(
    private readonly folds: Folds,
    private readonly ledger: Ledger,
    private readonly outlet: Outlet,
    private readonly restMs: number,
  ) {
    super();
  }

  override concernOf({ stream, type }: StoredEvent): Concern | undefined {
    const { category, id } = parseStream(stream);
    if (category !== 'org') return undefined;
    if (type === 'CheckpointWitnessSet') return { key: id, does: 'begins' };
    return { key: id, does: type === 'CheckpointWitnessRemoved' ? 'ends' : 'touches' };
  }

  override async react({ key, revision }: Due, signal: AbortSignal): Promise<Reacted> {
    const { state } = await this.folds.current('org', key);
    const url = state.settings?.checkpointWitness?.url;
    if (url === undefined) return { outcome: 'nobody', restMs: 0 };
    const note = await this.noteOf(key, revision);
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'tenantry-organization': key };
    await this.outlet.post(url, note.text, headers, signal);
    return { outcome: `${note.size}`, restMs: this.restMs };
  }

  private async noteOf(orgId: string, revision: bigint) {
    const stream = streamOf('org', orgId);
    try {
      const checkpoint = await this.ledger.checkpoint(stream);
      if (checkpoint === undefined || checkpoint.size <= revision) throw new TreeBehind(stream);
      return { text: checkpoint.note, size: checkpoint.size };
    } catch (error) {
      throw new ReactionFailed(error instanceof TreeBehind ? 'tree_behind' : 'not_signed', error);
    }
  }
}
