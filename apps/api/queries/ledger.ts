import { z } from 'zod';
import type { SignedCheckpoint } from '#libs/application/ledger/trees.js';
import { TreeBehind } from '#libs/application/ledger/trees.js';
import { streamOf } from '#libs/application/streams.js';
import type { Checkpoint } from '#libs/ledger/checkpoint.js';
import { text } from '#libs/domain/text.js';
import { invalid } from '../problems/problem.js';
import { ofOrg, onOrg, query, stale } from './query-row.js';

const tree = z.enum(['org', 'activity']).default('org').meta({
  description: 'org: the events of the organization; activity: what was refused, and reads of the audit trail',
});
const size = z.string().regex(/^[1-9]\d{0,17}$/, 'must be a number of leaves, at least 1');
const revision = /^\d{1,18}$/;

const head = { origin: z.string(), size: z.string(), root: z.string().meta({ description: 'base64' }) };

const described = (what: string) => `${what}; by the same right as the audit trail`;
const textToo = (what: string) => described(`${what}; as it is signed for who accepts text/plain`);

export const ledgerQueries = {
  LedgerCheckpoint: query({
    path: '/v1/orgs/{orgId}/ledger/checkpoint',
    summary: textToo("How many events an organization's stream holds and the root of their tree, signed"),
    params: ofOrg,
    filter: z.strictObject({ tree }),
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      ...head,
      signedAt: z.string(),
      note: z.string().meta({ description: 'c2sp.org/tlog-checkpoint' }),
      discontinuities: z
        .array(z.object({ note: z.string(), signedAt: z.string() }))
        .meta({ description: 'Signed notes: where the log was replaced by one that did not continue it' }),
    }),
    page: { type: 'text/plain', write: ({ note }) => note },
    ask: ({ orgId }, filter, { services: { ledger } }) =>
      unlessBehind(async () => {
        const stream = streamOf(filter.tree, orgId);
        const checkpoint = await ledger.checkpoint(stream);
        if (checkpoint === undefined) return undefined;
        const { note, signedAt } = checkpoint;
        const discontinuities = await ledger.discontinuities(stream);
        return { ...shown(checkpoint), signedAt, note, discontinuities };
      }),
  }),

  LedgerProof: query({
    path: '/v1/orgs/{orgId}/ledger/proof',
    summary: textToo('That an event stands in the log where it does'),
    params: ofOrg,
    filter: z.strictObject({
      event: text(128).meta({ description: "The event's id, or its revision", examples: ['0'] }),
      tree,
    }),
    example: { event: '0' },
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      event: z.string(),
      revision: z.string(),
      leaf: z.string().meta({ description: 'The text whose UTF-8 bytes are proved: the event in RFC 8785 form' }),
      proof: z.string().meta({ description: 'c2sp.org/tlog-proof@v1, with the signed checkpoint' }),
    }),
    page: { type: 'text/plain', write: ({ proof }) => proof },
    ask: ({ orgId }, { event, tree: which }, { services: { ledger } }) =>
      unlessBehind(async () => {
        const found = await ledger.proof(streamOf(which, orgId), revision.test(event) ? BigInt(event) : event);
        if (found === undefined) return undefined;
        const { event: stored, leaf, proof } = found;
        return { event: stored.id, revision: `${stored.revision}`, leaf: leaf.toString('utf8'), proof };
      }),
  }),

  LedgerConsistency: query({
    path: '/v1/orgs/{orgId}/ledger/consistency',
    summary: described('That a later state of the tree begins with an earlier one'),
    params: ofOrg,
    filter: z.strictObject({
      from: size.meta({ description: "An earlier checkpoint's size" }),
      to: size.optional().meta({ description: "A later checkpoint's size; all there is where it is absent" }),
      tree,
    }),
    example: { from: '1' },
    needs: (params) => [onOrg('audit:read', params)],
    answer: z.object({
      origin: z.string(),
      from: z.object(head),
      to: z.object(head),
      hashes: z.array(z.string()).meta({ description: 'base64; RFC 9162, section 2.1.4' }),
    }),
    ask: ({ orgId }, { from, to, tree: which }, { services: { ledger } }) =>
      unlessBehind(async () => {
        const [first, last] = [BigInt(from), to === undefined ? undefined : BigInt(to)];
        if (last !== undefined && last < first) throw invalid([{ path: 'to', message: 'must not be less than from' }]);
        const stream = streamOf(which, orgId);
        const found = await ledger.consistency(stream, first, last);
        if (found === undefined) {
          if ((await ledger.checkpoint(stream)) === undefined) return undefined;
          throw invalid([{ path: to === undefined ? 'from' : 'to', message: 'is more than the tree has leaves' }]);
        }
        const hashes = found.hashes.map((hash) => hash.toString('base64'));
        return { origin: found.origin, from: shown(found.from), to: shown(found.to), hashes };
      }),
  }),
} as const;

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
