import { z } from 'zod';
import { slug } from '#libs/domain/text.js';

export const sessionRequest = z.strictObject({
  org: slug.optional().meta({ description: 'May be left out by who is in exactly one organization' }),
});

export const sessionAnswer = z.object({
  access_token: z.string(),
  issued_token_type: z.literal('urn:ietf:params:oauth:token-type:access_token'),
  token_type: z.literal('Bearer'),
  expires_in: z.int().meta({ description: 'Seconds; no longer than the token that it was exchanged for' }),
  org: z.string(),
});
