import { LARGEST_REVISION } from './wire.js';

/** What a stream's metadata says about what its readers see (eventstore protocol: `$tb`, `$maxCount`, `$maxAge`). */
export interface StreamMetadata {
  readonly truncateBefore?: bigint;
  readonly maxCount?: bigint;
  readonly maxAgeMs?: number;
}

const EMPTY: StreamMetadata = {};
/** `$tb` that says: deleted, until somebody writes to the stream again. */
export const SOFT_DELETED = LARGEST_REVISION;

/** The stream that holds a stream's metadata. */
export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

/** The stream whose metadata a stream holds, if it is such a one. */
export function originalOf(stream: string): string | undefined {
  return stream.startsWith('$$') ? stream.slice(2) : undefined;
}

/** Reads stored metadata. What cannot be read, or has a known key of another type, counts as empty, as on the server. */
export function parseMetadata(data: Buffer, isJson: boolean): StreamMetadata {
  const found = isJson ? members(data.toString('utf8')) : undefined;
  const [tb, count, age] = ['$tb', '$maxCount', '$maxAge'].map((key) => found?.get(key));
  if ([tb, count, age].some((literal) => literal && !isInt64(literal.text))) return EMPTY;
  const positive = (literal: Literal | undefined): bigint | undefined =>
    literal && BigInt(literal.text) > 0n ? BigInt(literal.text) : undefined;
  const [truncateBefore, maxCount, maxAge] = [positive(tb), positive(count), positive(age)];
  return {
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAgeMs: Number(maxAge) * 1000 }),
  };
}

/** The same metadata with another `$tb`; all else stays as it was written, digit by digit. */
export function withTruncateBefore(data: Buffer, isJson: boolean, revision: bigint): Buffer {
  const json = data.toString('utf8');
  const found = isJson ? members(json) : undefined;
  const old = found?.get('$tb');
  if (old) return Buffer.from(json.slice(0, old.from) + revision + json.slice(old.to));
  if (!found || found.size === 0) return Buffer.from(`{"$tb":${revision}}`);
  return Buffer.from(json.replace('{', `{"$tb":${revision},`));
}

interface Literal {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The members of a JSON object with their values as they are written: `JSON.parse` would round a `$tb` above 2^53.
 * Of an object or array as a value only the first character is given. Undefined for anything but a JSON object.
 */
function members(json: string): Map<string, Literal> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  } catch {
    return undefined;
  }
  const found = new Map<string, Literal>();
  let depth = 0;
  let key: string | undefined;
  for (const { 0: text, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (text === '}' || text === ']') depth -= 1;
    else if (depth === 1 && text === ',') key = undefined;
    else if (depth === 1 && key === undefined) key = String(JSON.parse(text));
    else if (depth === 1 && key !== undefined && text !== ':') {
      found.set(key, { text, from: index, to: index + text.length });
    }
    if (text === '{' || text === '[') depth += 1;
  }
  return found;
}

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}
