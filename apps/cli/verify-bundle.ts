import { readFile } from 'node:fs/promises';
import { isRejection, openEvidence } from '#libs/application/ledger/evidence/archive.js';
import type { CheckedEvidence } from '#libs/application/ledger/evidence/check.js';
import { decodeKey } from '#libs/ledger/signed-note.js';
import { exitCodes, type Io, UsageError } from './command.js';

/** Checks an archive of `tenantry evidence`, with nothing but the file and the key. Answers the exit code. */
export async function verifyBundle(path: string, key: string, io: Io): Promise<number> {
  const pinned = keyOf(key);
  const archive = await readFile(path).catch(() => {
    throw new UsageError(`the file ${path} cannot be read`);
  });
  try {
    io.out(told(openEvidence(archive, pinned)));
    return exitCodes.ok;
  } catch (error) {
    if (!isRejection(error)) throw error;
    io.out(`NOT VERIFIED: ${error.message}.\n`);
    return exitCodes.failure;
  }
}

function keyOf(text: string) {
  try {
    return decodeKey(text.trim());
  } catch {
    throw new UsageError('--key must be a key in the form name+id+key, as GET /v1/ledger/key answers it');
  }
}

function told({ question, answer, events, upTo, restsOnPerson }: CheckedEvidence): string {
  const { subject, action, resource, at } = question;
  const verdict = answer.decision ? `yes, as ${answer.role}` : `no, ${answer.reason}`;
  const scheme = answer.scheme === null ? 'none' : `${answer.scheme.id} ${answer.scheme.version}`;
  const person = restsOnPerson
    ? `The answer rests on what ${subject}'s own tokens said, too. These events are in no tree: the signer vouches for them.\n`
    : '';
  return `Verified ${events} events, none of them changed or missing, and asked again.
Could ${subject} ${action} ${resource} at ${at}? ${verdict}.
  revision     ${answer.revision}
  role scheme  ${scheme}
  rests on     ${answer.evidence.join(', ') || 'no event: nothing allowed it'}
${person}Of what came after ${upTo} it says nothing.
`;
}
