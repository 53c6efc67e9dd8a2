import { z } from 'zod';

/** Control characters, surrogates without their other half, and code points that are no characters. */
const forbidden = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/**
 * A string that every store takes: well-formed Unicode, NFC, trimmed, no control characters, at most `max` characters.
 * Postgres rejects NUL and lone surrogates, so one accepted here would stop a projection for ever.
 */
export function text(max: number, min = 1) {
  return z
    .string()
    .max(max * 2)
    .refine((value) => !forbidden.test(value), 'must be well-formed text without control characters')
    .transform((value) => value.normalize('NFC').trim())
    .pipe(z.string().min(min).max(max));
}

/** What is written into a line, as of a mail's header, must not end it. */
export const oneLine = (value: string): string => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

const slugShape = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** An identifier chosen by a client: safe in URLs, stream names and keys. */
export const slug = z
  .string()
  .regex(slugShape, 'must be 1 to 63 lower-case letters, digits or dashes, starting with a letter or digit');

/** The same for where every question of a batch asks it: a schema costs as much there as deciding. */
export const isSlug = (value: string): boolean => slugShape.test(value);

/** An address as people write it, NFC; not proven to exist. */
export const emailAddress = z
  .string()
  .regex(/^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,189}$/u, 'must be an e-mail address')
  .refine((value) => value.normalize('NFC') === value && !forbidden.test(value), 'must be an e-mail address');

const principalShape = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/** A principal's opaque id. Never holds a subject or an address, except with an issuer marked as giving opaque ids already. */
export const principalId = z.string().regex(principalShape, 'must be 1 to 128 letters, digits or . _ @ -');

/** As `isSlug`. */
export const isPrincipalId = (value: string): boolean => principalShape.test(value);

/** A person's id, or that of a machine, which names what it belongs to as well. */
export const anyPrincipalId = z
  .string()
  .regex(
    /^([A-Za-z0-9][A-Za-z0-9._@-]{0,127}|(service:@?|workflow:)[a-z0-9][a-z0-9-]{0,62}\/[a-z0-9][a-z0-9-]{0,62})$/,
    'must be the id of a person, service:<organization>/<id>, service:@<realm>/<id> or workflow:<organization>/<id>',
  );

/** An instant as RFC 3339 in UTC with milliseconds; answers the canonical form. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((value) => !Number.isNaN(Date.parse(value)), 'must be an instant that exists')
  .transform((value) => new Date(value).toISOString())
  .pipe(z.string().length(24, 'must lie in the years 0000 to 9999'));
