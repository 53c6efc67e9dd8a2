import { z } from 'zod';
import { slug } from './text.js';

/** `NameClaimed`, in the stream of a name: add optional fields, never change these. The name itself is in the organization's stream. */
export const nameClaim = z.strictObject({ orgId: slug, claimId: z.uuid() });
export type NameClaim = z.output<typeof nameClaim>;
