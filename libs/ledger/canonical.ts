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
  return Buffer.from(canonical(value, '$'), 'utf8');
}

function canonical(value: unknown, place: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value, place);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new NotCanonical(`${place}: not a safe integer`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((each, i) => canonical(each, `${place}[${i}]`)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    // Default order compares UTF-16 code units, which is what RFC 8785 (section 3.2.3) asks for.
    const members = Object.keys(value)
      .sort()
      .map((key) => {
        const member: unknown = Reflect.get(value, key);
        return `${canonicalString(key, place)}:${canonical(member, `${place}.${key}`)}`;
      });
    return `{${members.join(',')}}`;
  }
  throw new NotCanonical(`${place}: ${typeof value} has no canonical form`);
}

/** JSON.stringify escapes strings as RFC 8785 (section 3.2.2.2) does. */
function canonicalString(value: string, place: string): string {
  if (!value.isWellFormed()) throw new NotCanonical(`${place}: a lone surrogate`);
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
