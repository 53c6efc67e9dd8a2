import { decodeKey } from '#libs/ledger/signed-note.js';
import { meta } from '../../metadata.js';
import type { EventStore } from '../../ports/event-store.js';
import { streamOf } from '../../streams.js';
import { leafOf } from '../leaf.js';
import type { Ledger } from '../ledger.js';
import { TreeBehind } from '../trees.js';
import { checkEvidence, type Evidence, FORMAT } from './check.js';
import { decided, type EvidenceQuestion } from './decision.js';
import { openLeaves, type WholeTree } from './leaves.js';
import { EvidenceRejected } from './rejected.js';

/**
 * The answer to a question with all that bears on it, as far as the log goes now; checked as its reader will check it.
 * Throws TreeBehind where the read models have not seen all of it, and EvidenceRejected where there is no such organization.
 */
export async function gatherEvidence(store: EventStore, ledger: Ledger, question: EvidenceQuestion): Promise<Evidence> {
  const orgId = question.resource.split('/')[0] ?? '';
  const org = await wholeTree(store, ledger, streamOf('org', orgId));
  if (org === undefined) throw new EvidenceRejected(`the log holds nothing of an organization ${orgId}`);
  const events = openLeaves(org.stream, org.leaves);
  const realmId = events[0]?.metadata[meta.realm] ?? '';
  const realm = await wholeTree(store, ledger, streamOf('realm', realmId));
  if (realm === undefined) throw new EvidenceRejected(`the log holds nothing of the realm ${realmId}`);
  const person = await leavesOf(store, streamOf('user', question.subject), undefined);
  const answer = decided(
    {
      org: events,
      realm: openLeaves(realm.stream, realm.leaves),
      person: openLeaves(streamOf('user', question.subject), person),
    },
    question,
  );
  const evidence = { format: FORMAT, question, answer, org, realm, person } as const;
  checkEvidence(evidence, decodeKey(ledger.key));
  return evidence;
}

async function wholeTree(store: EventStore, ledger: Ledger, stream: string): Promise<WholeTree | undefined> {
  const last = await store.last(stream);
  const checkpoint = await ledger.checkpoint(stream);
  if (last !== undefined && checkpoint !== undefined && checkpoint.size <= last.revision) throw new TreeBehind(stream);
  if (checkpoint === undefined) return undefined;
  return { stream, checkpoint: checkpoint.note, leaves: await leavesOf(store, stream, checkpoint.size) };
}

async function leavesOf(store: EventStore, stream: string, size: bigint | undefined): Promise<string[]> {
  const leaves: string[] = [];
  for await (const page of store.read(stream, 0n, size === undefined ? undefined : Number(size)))
    for (const event of page)
      if (size === undefined || event.revision < size) leaves.push(leafOf(event).toString('utf8'));
  return leaves;
}
