/** A value that has no canonical form here; the message names its place. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical';
}

/**
 * The bytes that a leaf is hashed over: RFC 8785 (JCS), restricted to strings, safe integers, booleans, null, arrays and
 * plain objects, so that no two readers can disagree about a number. Throws NotCanonical for anything else, for
 * `undefined`, and for strings with lone surrogates.
 */
export function canonicalBytes(value: unknown): Buffer {
  const text = canonical(value, ['$']);
  // One look at the whole: quotes stand between strings, so that no two halves of a pair could meet.
  if (!text.isWellFormed()) throw new NotCanonical('a string holds a lone surrogate');
  return Buffer.from(text, 'utf8');
}

/** Where the value stands, for messages: changed on the way down and back. */
type Place = string[];

function canonical(value: unknown, place: Place): string {
  if (typeof value === 'string') return canonicalString(value, place);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw notCanonical(place, 'not a safe integer');
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((each, i) => within(place, `[${i}]`, each)).join(',')}]`;
  if (typeof value !== 'object' || !isPlain(value)) throw notCanonical(place, `${typeof value} has no canonical form`);
  let members = '';
  for (const { key, label } of membersOf(value, place)) {
    const member: unknown = Reflect.get(value, key);
    members += `${members === '' ? '' : ','}${label}${within(place, `.${key}`, member)}`;
  }
  return `{${members}}`;
}

function within(place: Place, step: string, value: unknown): string {
  place.push(step);
  const text = canonical(value, place);
  place.pop();
  return text;
}

const notCanonical = (place: Place, reason: string) => new NotCanonical(`${place.join('')}: ${reason}`);

interface Member {
  readonly key: string;
  /** The key as it is written, and the colon. */
  readonly label: string;
}

/** Objects of one kind have the same names: sorting and writing these once makes a leaf cost half. */
const known = new Map<string, readonly Member[]>();
const MOST_KNOWN = 1000;
/** Stands in no name that has a canonical form. */
const BETWEEN = '\uD800';

/** The names of an object in the order of RFC 8785 (section 3.2.3), which compares UTF-16 code units, as JavaScript does. */
function membersOf(value: object, place: Place): readonly Member[] {
  const keys = Object.keys(value);
  const kind = keys.join(BETWEEN);
  const found = known.get(kind);
  // A name with a lone surrogate could make fewer names look like these.
  if (found?.length === keys.length) return found;
  const members = keys.sort().map((key) => ({ key, label: `${canonicalString(key, place)}:` }));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(kind, members);
  return members;
}

/** All that JSON.stringify escapes, as RFC 8785 (section 3.2.2.2) does, and a few that it does not. */
const ESCAPED = /["\\\p{Cc}]/u;

function canonicalString(value: string, place: Place): string {
  if (!ESCAPED.test(value)) return `"${value}"`;
  // It would escape what is no Unicode.
  if (!value.isWellFormed()) throw notCanonical(place, 'a lone surrogate');
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
