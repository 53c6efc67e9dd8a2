/** Evidence that does not show what it claims; the message says why. */
export class EvidenceRejected extends Error {
  override readonly name = 'EvidenceRejected';
}
