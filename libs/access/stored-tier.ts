import { type Position, start } from '#libs/application/ports/event-store.js';
import type { AccessDocuments, StreamDocument } from '#libs/application/ports/read-models.js';
import type { DocumentTier, Held } from './tier.js';

/** Everything held is of one moment: `upTo` is the same for all streams. */
export interface Snapshot {
  readonly held: readonly Held[];
  readonly upTo: Position;
  /** A stream among those asked for that must not be answered for. */
  readonly parked: string | undefined;
}

/** The last tier: what the projector keeps. It holds every document, current to its checkpoint. */
export class StoredTier implements DocumentTier {
  readonly name = 'postgres';

  constructor(private readonly stored: AccessDocuments) {}

  /** Nothing of any stream while one of them is parked. */
  async load(keys: readonly StreamDocument[]): Promise<readonly (Held | undefined)[]> {
    const { held, parked } = await this.snapshot(keys);
    return parked === undefined ? held : keys.map(() => undefined);
  }

  async snapshot(keys: readonly StreamDocument[]): Promise<Snapshot> {
    const { documents, revisions, upTo = start, parked } = await this.stored.load(keys);
    const held = keys.map(({ stream }, index) => ({
      document: documents[index],
      revision: revisions.get(stream) ?? -1n,
      upTo,
    }));
    return { held, upTo, parked: keys.find(({ stream }) => parked.has(stream))?.stream };
  }
}
