import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { orgCommands } from '#libs/domain/org/decisions.js';
import { credentialField } from '#libs/domain/org/fields.js';
import { virtualKeyText } from '../key-text.js';

const MAX_FIELDS = 8;
/** Shorter values are no secrets, or their end would be most of them. */
const SHOWN_FROM = 16;

/** A secret on its way in: it does not print, through templates, JSON or a logger. */
export class Credential {
  #fields: Readonly<Record<string, string>>;
  #kept = false;

  constructor(
    fields: Readonly<Record<string, string>>,
    /** Made here and not brought: nothing of it may decide what a repeated command is. */
    readonly generated = false,
  ) {
    this.#fields = fields;
  }

  /** A new virtual key of 256 random bits. */
  static newKey(): Credential {
    return new Credential({ key: virtualKeyText(randomBytes(32)) }, true);
  }

  /** What was kept under its reference: of two that came under the same key at once, the first one's. */
  keptAs(fields: Readonly<Record<string, string>> | undefined): void {
    if (fields === undefined) return;
    this.#fields = fields;
    this.#kept = true;
  }

  /** A generated key, once it was kept for an append. */
  get shownOnce(): string | undefined {
    return this.generated && this.#kept ? this.#fields.key : undefined;
  }

  reveal(): Readonly<Record<string, string>> {
    return this.#fields;
  }

  /** The last four characters of each field that is long enough. */
  lastFour(): Record<string, string> {
    if (this.generated) return {};
    return Object.fromEntries(Object.entries(this.#fields).map(([field, value]) => [field, endOf(value)]));
  }

  toJSON(): string {
    return '[secret]';
  }
}

function endOf(value: string): string {
  const end = value.slice(-4);
  return value.length >= SHOWN_FROM && /^[\x21-\x7e]{4}$/.test(end) ? end : '';
}

const secretText = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[\t\n\r\x20-\x7e]*$/, 'must be written in ASCII');

/** One field or several, as the provider has them: `apiKey`; or `accessKeyId`, `secretAccessKey` and `region` (C24). */
const credential = z
  .record(credentialField, secretText)
  .refine((fields) => Object.keys(fields).length > 0, 'must have a field')
  .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, `must have at most ${MAX_FIELDS} fields`)
  .transform((fields) => new Credential(fields));

/** What clients send of commands whose rules see a reference in place of the secret. */
export const secretInputs = {
  AddProviderKey: orgCommands.AddProviderKey.extend({ credential }),
  RotateProviderKey: orgCommands.RotateProviderKey.extend({ credential }),
  IssueEnvironmentCredential: generating(orgCommands.IssueEnvironmentCredential.omit({ credential: true })),
  RotateEnvironmentCredential: generating(orgCommands.RotateEnvironmentCredential.omit({ credential: true })),
};

/** Commands whose answer holds what is shown once: each is sent by itself. */
export const isIssuing = (name: string): boolean =>
  name === 'IssueEnvironmentCredential' || name === 'RotateEnvironmentCredential';

function generating<Schema extends z.ZodObject>(schema: Schema) {
  return schema.transform((input) => ({ ...input, credential: Credential.newKey() }));
}
