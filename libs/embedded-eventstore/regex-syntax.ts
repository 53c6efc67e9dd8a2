/** Ranges of UTF-16 code units, first and last. */
export type Ranges = readonly (readonly [number, number])[];

/** A pattern as a tree; `max` of a repetition may be infinite. */
export type Node =
  | { readonly kind: 'unit'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'no_boundary' }
  | { readonly kind: 'sequence'; readonly of: readonly Node[] }
  | { readonly kind: 'choice'; readonly of: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

const DIGIT: Ranges = [[0x30, 0x39]];
export const WORD: Ranges = [...DIGIT, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: Ranges = [0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]
  .map((unit) => [unit, unit] as const)
  .concat([
    [0x09, 0x0d],
    [0x2000, 0x200a],
  ]);
const LINE_ENDS: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d, 0: 0x00 };

/** A pattern that means something else elsewhere, or that no bounded time can match. */
export class UnsupportedPattern extends Error {}

/**
 * Reads the part of JavaScript's patterns that can be matched in linear time. Throws `UnsupportedPattern` for the rest:
 * look-around, back references, flags, and escapes by letters that .NET reads otherwise. The pattern is one that
 * `RegExp` takes, so nothing is said here about its syntax.
 */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).alternatives();
}

class Parser {
  #at = 0;
  constructor(private readonly pattern: string) {}

  alternatives(): Node {
    const of = [this.#sequence()];
    while (this.#take('|')) of.push(this.#sequence());
    return of.length === 1 && of[0] ? of[0] : { kind: 'choice', of };
  }

  #sequence(): Node {
    const of: Node[] = [];
    while (this.#at < this.pattern.length && !'|)'.includes(this.#peek())) of.push(this.#repeated(this.#atom()));
    return { kind: 'sequence', of };
  }

  #repeated(node: Node): Node {
    const found = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(this.pattern.slice(this.#at, this.#at + 64));
    if (!found) return node;
    this.#at += found[0].length;
    const [sign, least, more, most] = found;
    if (least === undefined) {
      return { kind: 'repeat', node, min: sign.startsWith('+') ? 1 : 0, max: sign.startsWith('?') ? 1 : Infinity };
    }
    const min = Number(least);
    return { kind: 'repeat', node, min, max: more === undefined ? min : most ? Number(most) : Infinity };
  }

  #atom(): Node {
    const sign = this.#next();
    if (sign === '^') return { kind: 'assert', what: 'start' };
    if (sign === '$') return { kind: 'assert', what: 'end' };
    if (sign === '.') return { kind: 'unit', ranges: LINE_ENDS, negated: true };
    if (sign === '[') return this.#set();
    if (sign === '(') return this.#group();
    if (sign !== '\\') return unit(sign.charCodeAt(0));
    if (this.#take('b')) return { kind: 'assert', what: 'boundary' };
    if (this.#take('B')) return { kind: 'assert', what: 'no_boundary' };
    const { ranges, negated } = this.#escape();
    return { kind: 'unit', ranges, negated };
  }

  #group(): Node {
    const name = /^\?<(?![=!])[^>]*>/.exec(this.pattern.slice(this.#at))?.[0];
    if (name !== undefined) this.#at += name.length;
    else if (this.#peek() === '?' && !this.#take('?:')) throw new UnsupportedPattern('look-around and flags');
    const node = this.alternatives();
    this.#next();
    return node;
  }

  #set(): Node {
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take(']')) {
      const from = this.#member();
      const isRange = this.#peek() === '-' && this.pattern[this.#at + 1] !== ']';
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      this.#next();
      const to = this.#member();
      const [first, last] = [single(from), single(to)];
      // Beside a class like \d the sign stands for itself.
      if (first === undefined || last === undefined) ranges.push(...from, [0x2d, 0x2d], ...to);
      else ranges.push([first, last]);
    }
    return { kind: 'unit', ranges, negated };
  }

  #member(): Ranges {
    const sign = this.#next();
    if (sign !== '\\') return [[sign.charCodeAt(0), sign.charCodeAt(0)]];
    if (this.#take('b')) return [[0x08, 0x08]];
    const { ranges, negated } = this.#escape();
    return negated ? complement(ranges) : ranges;
  }

  #escape(): { readonly ranges: Ranges; readonly negated: boolean } {
    const sign = this.#next();
    const named = { d: DIGIT, w: WORD, s: SPACE }[sign.toLowerCase()];
    if (named) return { ranges: named, negated: sign !== sign.toLowerCase() };
    const hex = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/.exec(this.pattern.slice(this.#at - 1))?.[0];
    let code = CONTROLS[sign] ?? sign.charCodeAt(0);
    if (hex !== undefined) {
      this.#at += hex.length - 1;
      code = Number.parseInt(hex.slice(1), 16);
    } else if (
      (sign === '0' && /\d/.test(this.#peek())) ||
      (CONTROLS[sign] === undefined && /[0-9A-Za-z]/.test(sign))
    ) {
      throw new UnsupportedPattern(`\\${sign}`);
    }
    return { ranges: [[code, code]], negated: false };
  }

  #peek(): string {
    return this.pattern[this.#at] ?? '';
  }

  #next(): string {
    return this.pattern[this.#at++] ?? '';
  }

  #take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

function unit(code: number): Node {
  return { kind: 'unit', ranges: [[code, code]], negated: false };
}

function single(ranges: Ranges): number | undefined {
  const [only, more] = ranges;
  return only && !more && only[0] === only[1] ? only[0] : undefined;
}

function complement(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const gaps: (readonly [number, number])[] = [];
  let next = 0;
  for (const [first, last] of sorted) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= 0xffff) gaps.push([next, 0xffff]);
  return gaps;
}
