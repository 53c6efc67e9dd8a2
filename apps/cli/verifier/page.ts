import './buffer.js';
import { openEvidence } from '#libs/application/ledger/evidence/archive.js';
import type { CheckedEvidence } from '#libs/application/ledger/evidence/check.js';
import { decodeKey } from '#libs/ledger/signed-note.js';
import { PageBuffer } from './buffer.js';
import { areAllSigned } from './crypto.js';

/** What this page uses of the browser's. */
interface Field {
  readonly value: string;
  readonly files: ArrayLike<{ arrayBuffer(): Promise<ArrayBuffer> }> | null;
  textContent: string;
  className: string;
  onsubmit: (event: { preventDefault(): void }) => void;
}
declare const document: { getElementById(id: string): Field };

/** Checks an archive under the key that its reader has pinned; a sentence, and whether all of it holds. */
async function checked(archive: ArrayBuffer, key: string): Promise<{ ok: boolean; text: string }> {
  try {
    const found = openEvidence(PageBuffer.from(new Uint8Array(archive)) as unknown as Buffer, decodeKey(key.trim()));
    if (await areAllSigned()) return { ok: true, text: told(found) };
    return { ok: false, text: 'NOT VERIFIED: a signature does not fit the key.' };
  } catch (error) {
    await areAllSigned().catch(() => false);
    return { ok: false, text: `NOT VERIFIED: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

function told({ question, answer, events, upTo, restsOnPerson }: CheckedEvidence): string {
  const { subject, action, resource, at } = question;
  return [
    `VERIFIED: ${events} events, none of them changed or missing.`,
    `Could ${subject} ${action} ${resource} at ${at}? ${answer.decision ? `Yes, as ${answer.role}` : `No, ${answer.reason}`}.`,
    `Revision ${answer.revision}, role scheme ${answer.scheme === null ? 'none' : `${answer.scheme.id} ${answer.scheme.version}`}.`,
    answer.evidence.length > 0 ? `It rests on ${answer.evidence.join(', ')}.` : 'Nothing allowed it.',
    ...(restsOnPerson ? [`It rests on what ${subject}'s own tokens said, too, which is in no tree.`] : []),
    `Of what came after ${upTo} it says nothing.`,
  ].join('\n');
}

document.getElementById('check').onsubmit = (event) => {
  event.preventDefault();
  const verdict = document.getElementById('verdict');
  const file = document.getElementById('file').files?.[0];
  verdict.className = '';
  verdict.textContent = file === undefined ? 'Choose an archive.' : 'Checking …';
  void file?.arrayBuffer().then(async (archive) => {
    const { ok, text } = await checked(archive, document.getElementById('key').value);
    verdict.className = ok ? 'good' : 'bad';
    verdict.textContent = text;
  });
};
