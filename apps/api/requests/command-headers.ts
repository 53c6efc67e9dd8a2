import type { IncomingHttpHeaders } from 'node:http';
import { type FieldError, invalid } from '../problems/problem.js';

export interface CommandHeaders {
  readonly idempotencyKey: string | undefined;
  readonly dryRun: boolean;
  readonly ifMatch: bigint | undefined;
}

const quoted = /^"((?:[^"\\]|\\["\\])*)"$/;
const key = /^[\x21-\x7e]{1,255}$/;
const revision = /^"(-1|\d{1,19})"$/;
const flags: Readonly<Record<string, boolean>> = { true: true, false: false };

/** Throws a problem that names every header that cannot be understood. */
export function commandHeaders(headers: IncomingHttpHeaders): CommandHeaders {
  const idempotencyKey = single(headers['idempotency-key']);
  const dryRun = single(headers['dry-run']);
  const ifMatch = single(headers['if-match']);
  const keyValue = idempotencyKey === undefined ? undefined : parseIdempotencyKey(idempotencyKey);
  const dry = dryRun === undefined ? false : flags[dryRun.toLowerCase()];
  const match = ifMatch === undefined ? undefined : revision.exec(ifMatch)?.[1];
  const errors: FieldError[] = [];
  if (idempotencyKey !== undefined && keyValue === undefined)
    errors.push({
      path: 'Idempotency-Key',
      message: 'must be 1 to 255 visible ASCII characters, best as a quoted string',
    });
  if (dry === undefined) errors.push({ path: 'Dry-Run', message: 'must be true or false' });
  if (ifMatch !== undefined && match === undefined)
    errors.push({ path: 'If-Match', message: 'must be one quoted revision, as in ETag' });
  if (errors.length > 0) throw invalid(errors);
  return { idempotencyKey: keyValue, dryRun: dry ?? false, ifMatch: match === undefined ? undefined : BigInt(match) };
}

/** The value of a structured-field string or of a bare token: both forms of one key are the same key. */
export function parseIdempotencyKey(header: string): string | undefined {
  const value = header.startsWith('"') ? quoted.exec(header)?.[1]?.replace(/\\(["\\])/g, '$1') : header;
  return value !== undefined && key.test(value) ? value : undefined;
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;
