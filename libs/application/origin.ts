import { z } from 'zod';
import { text } from '#libs/domain/text.js';

/** From where a request came and why it was sent, as the request says. Tells auditors; decides nothing. */
export const origin = z.strictObject({
  /** The client's IP address. */
  address: text(100).nullable(),
  /** The client's User-Agent. */
  agent: text(500).nullable(),
  /** In the caller's words, such as the number of a ticket. */
  justification: text(500).nullable(),
});
export type Origin = z.output<typeof origin>;

/** An origin where it is stored: whose it is, and the request that it was of. */
export interface SealedOrigin {
  readonly actor: string;
  readonly correlation: string;
  readonly sealed: string;
}
