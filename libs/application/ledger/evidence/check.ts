import { canonicalBytes } from '#libs/ledger/canonical.js';
import type { NoteKey } from '#libs/ledger/signed-note.js';
import { meta } from '../../metadata.js';
import { streamOf } from '../../streams.js';
import { decided, type EvidenceAnswer, type EvidenceQuestion } from './decision.js';
import { openLeaves, openTree, type WholeTree } from './leaves.js';
import { EvidenceRejected } from './rejected.js';

/** A question, its answer, and every event that bears on it. Stored format: a change is another format's number. */
export interface Evidence {
  readonly format: typeof FORMAT;
  readonly question: EvidenceQuestion;
  readonly answer: EvidenceAnswer;
  readonly org: WholeTree;
  readonly realm: WholeTree;
  /** The person's own stream, in the same form. It has no tree: nothing but the signature below the archive vouches for it. */
  readonly person: readonly string[];
}

export const FORMAT = 'tenantry-evidence/1';

export interface CheckedEvidence {
  readonly question: EvidenceQuestion;
  readonly answer: EvidenceAnswer;
  /** Events that were proved. */
  readonly events: number;
  /** When the last one of the organization happened: of later ones nothing is said. */
  readonly upTo: string;
  /** Whether the answer is another one without the person's own events, which are not proved. */
  readonly restsOnPerson: boolean;
}

/**
 * Checks both trees against the key, and asks the question again. Throws EvidenceRejected and NoteRejected unless the
 * events are those that were signed, none is missing, and the answer is the one that is given.
 */
export function checkEvidence({ question, answer, org, realm, person }: Evidence, key: NoteKey): CheckedEvidence {
  const orgId = question.resource.split('/')[0] ?? '';
  if (org.stream !== streamOf('org', orgId)) throw new EvidenceRejected(`the events are not of ${orgId}`);
  const events = { org: openTree(org, key), realm: openTree(realm, key) };
  const realmId = events.org[0]?.metadata[meta.realm] ?? '';
  if (realm.stream !== streamOf('realm', realmId)) throw new EvidenceRejected(`the realm of ${orgId} is ${realmId}`);
  const own = openLeaves(streamOf('user', question.subject), person);
  const found = decided({ ...events, person: own }, question);
  if (!isSame(found, answer)) throw new EvidenceRejected(`the events give another answer: ${JSON.stringify(found)}`);
  const without = decided({ ...events, person: [] }, question);
  return {
    question,
    answer: found,
    events: events.org.length + events.realm.length,
    upTo: events.org.at(-1)?.metadata[meta.occurredAt] ?? '',
    restsOnPerson: !isSame(without, found),
  };
}

const isSame = (one: EvidenceAnswer, other: EvidenceAnswer) => canonicalBytes(one).equals(canonicalBytes(other));
