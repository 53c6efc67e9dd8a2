import { z } from 'zod';
import type { Ledger } from '#libs/application/ledger/ledger.js';
import { type SignedCheckpoint, TreeBehind } from '#libs/application/ledger/trees.js';
import { CHECKPOINT_WITNESS } from '#libs/application/reactions/checkpoint-witness.js';
import type { Database } from '#libs/readstore/database.js';
import { stateOf } from '#libs/readstore/reactions/due.js';
import { text } from '#libs/domain/text.js';
import type { Checkpoint } from '#libs/ledger/checkpoint.js';
import { leafHash } from '#libs/ledger/hashes.js';
import { invalid } from '../problems/problem.js';
import { stale } from './query-row.js';

const size = z.string().regex(/^[1-9]\d{0,17}$/, 'must be a number of leaves, at least 1');
const revision = /^\d{1,18}$/;

/** What names an event of a tree. */
export const ofEvent = {
  event: text(128).meta({ description: "The event's id, or its revision", examples: ['0'] }),
};

/** What names two states of a tree. */
export const ofSizes = {
  from: size.meta({ description: "An earlier checkpoint's size" }),
  to: size.optional().meta({ description: "A later checkpoint's size; all there is where it is absent" }),
};
interface Sizes {
  readonly from: string;
  readonly to?: string | undefined;
}

const head = { origin: z.string(), size: z.string(), root: z.string().meta({ description: 'base64' }) };

export const checkpointShape = z.object({
  ...head,
  signedAt: z.string(),
  note: z.string().meta({ description: 'c2sp.org/tlog-checkpoint' }),
  discontinuities: z
    .array(z.object({ note: z.string(), signedAt: z.string() }))
    .meta({ description: 'Signed notes: where the log was replaced by one that did not continue it' }),
});

/** What became of the deliveries to who witnesses the tree from outside. */
const witnessShape = z
  .object({
    size: z.string().nullable().meta({ description: 'Of the checkpoint that was delivered last; null for none yet' }),
    deliveredAt: z.string().nullable(),
    failure: z.string().nullable().meta({ description: 'Why the last try failed; it is tried again' }),
    waiting: z.boolean().meta({ description: 'Events came that no delivered checkpoint covers yet' }),
  })
  .optional()
  .meta({ description: 'Absent where the organization has named no witness, and of other trees' });

export const orgCheckpointShape = checkpointShape.extend({ witness: witnessShape });

/** Undefined where nobody witnesses. */
export async function witnessOf(reads: Database, orgId: string): Promise<z.input<typeof witnessShape>> {
  const state = await stateOf(reads, CHECKPOINT_WITNESS, orgId);
  if (state === undefined) return undefined;
  const { outcome: size, doneAt: deliveredAt, failure, waiting } = state;
  return { size, deliveredAt, failure, waiting };
}

export const proofShape = z.object({
  event: z.string(),
  revision: z.string(),
  leaf: z.string().optional().meta({
    description:
      'The text whose UTF-8 bytes are proved: the event in RFC 8785 form. Absent of usage for who may not read usage',
  }),
  hash: z.string().meta({ description: "The leaf's, as RFC 9162 has it; base64" }),
  proof: z.string().meta({ description: 'c2sp.org/tlog-proof@v1, with the signed checkpoint' }),
});

export const consistencyShape = z.object({
  origin: z.string(),
  from: z.object(head),
  to: z.object(head),
  hashes: z.array(z.string()).meta({ description: 'base64; RFC 9162, section 2.1.4' }),
});

/** Undefined where the stream has no tree; as are the answers below. */
export const checkpointIn = (ledger: Ledger, stream: string) =>
  unlessBehind(async (): Promise<z.input<typeof checkpointShape> | undefined> => {
    const checkpoint = await ledger.checkpoint(stream);
    if (checkpoint === undefined) return undefined;
    const { note, signedAt } = checkpoint;
    const discontinuities = await ledger.discontinuities(stream);
    return { ...shown(checkpoint), signedAt, note, discontinuities };
  });

/** `isTold`: the event's bytes are part of the answer. */
export const proofIn = (ledger: Ledger, stream: string, event: string, isTold = true) =>
  unlessBehind(async (): Promise<z.input<typeof proofShape> | undefined> => {
    const found = await ledger.proof(stream, revision.test(event) ? BigInt(event) : event);
    if (found === undefined) return undefined;
    const { event: stored, leaf, proof } = found;
    const told = isTold ? { leaf: leaf.toString('utf8') } : {};
    const hash = leafHash(leaf).toString('base64');
    return { event: stored.id, revision: `${stored.revision}`, ...told, hash, proof };
  });

/** Throws a problem for sizes that the tree does not have. */
export const consistencyIn = (ledger: Ledger, stream: string, { from, to }: Sizes) =>
  unlessBehind(async (): Promise<z.input<typeof consistencyShape> | undefined> => {
    const [first, last] = [BigInt(from), to === undefined ? undefined : BigInt(to)];
    if (last !== undefined && last < first) throw invalid([{ path: 'to', message: 'must not be less than from' }]);
    const found = await ledger.consistency(stream, first, last);
    if (found === undefined) {
      if ((await ledger.checkpoint(stream)) === undefined) return undefined;
      throw invalid([{ path: to === undefined ? 'from' : 'to', message: 'is more than the tree has leaves' }]);
    }
    const hashes = found.hashes.map((hash) => hash.toString('base64'));
    return { origin: found.origin, from: shown(found.from), to: shown(found.to), hashes };
  });

const shown = ({ origin, size: leaves, root }: Checkpoint | SignedCheckpoint) => ({
  origin,
  size: `${leaves}`,
  root: root.toString('base64'),
});

async function unlessBehind<T>(ask: () => Promise<T>): Promise<T | typeof stale> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TreeBehind) return stale;
    throw error;
  }
}
