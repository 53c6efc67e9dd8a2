import { crc32 } from 'node:zlib';
import { keyKinds, type KeyKind, type KeyPlace } from '#libs/domain/keys.js';

/**
 * A key as text: `tnt_<kind>_<place>.<secret><checksum>`. The prefix lets scanners of leaked secrets recognize it, the place
 * says whose it is without a search, the checksum lets a mistyped one be refused without a look at anything. 256 bits of it
 * are random. All of it is base64url, so that it stands in headers, URLs and forms as it is.
 */
const shape = /^tnt_([a-z]{3})_([A-Za-z0-9_-]{1,700})\.([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

export const KEY_PREFIX = 'tnt_';

export function keyText({ kind, path }: KeyPlace, secret: Uint8Array): string {
  const place = Buffer.from(path.join('/')).toString('base64url');
  const body = `tnt_${kind}_${place}.${Buffer.from(secret).toString('base64url')}`;
  return body + checksumOf(body);
}

const virtualShape = /^sk-tnt_env_[A-Za-z0-9_-]{49}$/;

/** The virtual key of an environment as text: begun as LiteLLM takes keys, and without a place, which others would read. */
export function virtualKeyText(secret: Uint8Array): string {
  const body = `sk-${KEY_PREFIX}env_${Buffer.from(secret).toString('base64url')}`;
  return body + checksumOf(body);
}

export const looksLikeVirtualKey = (text: string): boolean =>
  virtualShape.test(text) && checksumOf(text.slice(0, -6)) === text.slice(-6);

/** Whose key it says it is; undefined for what no key looks like. */
export function placeOfKey(text: string): KeyPlace | undefined {
  const [, kind, place] = shape.exec(text) ?? [];
  if (!isKind(kind) || place === undefined || checksumOf(text.slice(0, -6)) !== text.slice(-6)) return undefined;
  return { kind, path: Buffer.from(place, 'base64url').toString().split('/') };
}

const isKind = (kind: string | undefined): kind is KeyKind => keyKinds.some((each) => each === kind);

/** CRC-32, as six characters. */
function checksumOf(body: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64url');
}
