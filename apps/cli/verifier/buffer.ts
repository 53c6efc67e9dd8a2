const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

type Encoding = 'utf8' | 'hex' | 'base64' | 'latin1';

const latin1 = (bytes: Uint8Array): string => bytes.reduce((text, byte) => text + String.fromCharCode(byte), '');

/** What the ledger uses of Node's Buffer, for browsers. */
export class PageBuffer extends Uint8Array {
  static override from(value: unknown, encoding?: unknown): PageBuffer {
    if (typeof value === 'string') return encoded(value, encoding);
    return copyOf(value instanceof Uint8Array ? value : Uint8Array.from(value as number[]));
  }

  static alloc(length: number): PageBuffer {
    return new PageBuffer(length);
  }

  static byteLength(text: string): number {
    return encoder.encode(text).length;
  }

  static concat(parts: readonly Uint8Array[]): PageBuffer {
    const whole = new PageBuffer(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  static compare(a: Uint8Array, b: Uint8Array): number {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? 0) < (b[i] ?? 0) ? -1 : 1;
    return Math.sign(a.length - b.length);
  }

  equals(other: Uint8Array): boolean {
    return PageBuffer.compare(this, other) === 0;
  }

  override toString(encoding: Encoding = 'utf8', start = 0, end = this.length): string {
    const bytes = this.subarray(start, end);
    if (encoding === 'utf8') return decoder.decode(bytes);
    if (encoding === 'latin1') return latin1(bytes);
    if (encoding === 'base64') return btoa(latin1(bytes));
    return bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
  }

  /** The text's bytes from `at` on; all that is written here is ASCII. */
  write(text: string, at: number): void {
    this.set(encoder.encode(text), at);
  }
}

function encoded(text: string, encoding: unknown): PageBuffer {
  if (encoding === 'hex') return copyOf((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  if (encoding !== 'base64') return copyOf(encoder.encode(text));
  try {
    return copyOf([...atob(text)].map((character) => character.charCodeAt(0)));
  } catch {
    // Readers encode again and compare: no bytes are those of no text that is not base64.
    return new PageBuffer(0);
  }
}

function copyOf(bytes: ArrayLike<number>): PageBuffer {
  const copy = new PageBuffer(bytes.length);
  copy.set(bytes);
  return copy;
}

Reflect.set(globalThis, 'Buffer', PageBuffer);
