import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { Secret } from './secret.js';

/** True for names and addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

const whole = /^\d{1,9}$/;
export const wholeNumber = (min: number, max: number) => {
  const must = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(whole, { error: must, abort: true })
    .transform(Number)
    .pipe(z.number().min(min, must).max(max, must));
};

/** Parts separated by commas; at least one, none twice. */
export const listOf = <T extends z.ZodType<string, string>>(part: T) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
    .pipe(
      z
        .array(part)
        .min(1, 'must name at least one')
        .max(100, 'must name at most 100')
        .transform((parts) => [...new Set(parts)]),
    );

export const folder = z.string().refine((value) => !value.includes('\0'), 'must be a path');

export const hostName = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}\]?|[A-Za-z0-9])$/,
    'must be a host name or address without a port',
  )
  .transform((value) => value.replace(/^\[(.*)\]$/, '$1'));

const httpUrl = (value: string): URL | undefined => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.hostname !== '' ? url : undefined;
};
const hasNoExtras = ({ username, password, search, hash }: URL) => `${username}${password}${search}${hash}` === '';

/** An IP address, or a network in CIDR notation. */
export const networkAddress = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be addresses or networks such as 10.0.0.0/8, separated by commas',
});

export const publicUrl = z
  .string()
  .refine((value) => {
    const url = httpUrl(value);
    return url !== undefined && hasNoExtras(url);
  }, 'must be an http or https URL without credentials, query and fragment')
  .transform((value) => value.replace(/\/+$/, ''));

/** Kept to the letter, because a token's `iss` is compared to the letter. */
export const issuerUrl = z.string().refine((value) => {
  const url = httpUrl(value);
  return url !== undefined && hasNoExtras(url) && (url.protocol === 'https:' || isLoopback(url.hostname));
}, 'must be https URLs (http only on loopback) without credentials, query and fragment');

export const collectorUrl = z
  .string()
  .refine((value) => {
    const url = httpUrl(value);
    return url !== undefined && hasNoExtras(url);
  }, 'must be an http or https URL without credentials, query and fragment; credentials go into the headers')
  .transform((value) => value.replace(/\/+$/, ''));

const headerPair = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x21-\x2b\x2d-\x7e]*)\s*$/;

function headersOf(value: string): Record<string, string> | undefined {
  const pairs = value.split(',').map((pair) => headerPair.exec(pair));
  try {
    const headers = pairs.map((pair) => [pair?.[1] ?? '', decodeURIComponent(pair?.[2] ?? '')] as const);
    const sendable = ([name, content]: readonly [string, string]) => name !== '' && /^[\x20-\x7e]*$/.test(content);
    return headers.every(sendable) ? Object.fromEntries(headers) : undefined;
  } catch {
    return undefined;
  }
}

/** As OpenTelemetry writes them. The message never repeats the value, which may hold a password. */
export const collectorHeaders = z
  .string()
  .transform(headersOf)
  .refine((headers) => headers !== undefined, 'must be name=value pairs, separated by commas, percent-encoded')
  .transform((headers) => new Secret(headers ?? {}));

export const share = z
  .string()
  .regex(/^(?:0|1|0?\.\d{1,9}|1\.0+|0\.0+)$/, 'must be a number from 0 to 1')
  .transform(Number);

/** The message never repeats the value, which may hold a password. */
export const secretUrl = (schemes: readonly string[]) =>
  z
    .string()
    .regex(new RegExp(`^(?:${schemes.map((scheme) => scheme.replace('+', '\\+')).join('|')})://\\S+$`), {
      error: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    })
    .transform((value) => new Secret(value));

/** The message never repeats the value, which may hold a password. */
export const smtpUrl = z
  .string()
  .refine((value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url !== undefined && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== '';
  }, 'must be a URL that starts with smtp:// or smtps:// and names a host')
  .transform((value) => new Secret(value));

/** The message never repeats the value. */
export const secretValue = z
  .string()
  .max(500)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')
  .transform((value) => new Secret(value));

/** 256 bits in base64, of either alphabet, as base64url without padding. The message never repeats the value. */
export const secretKey = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{42}[AEIMQUYcgkosw048]=?$/, 'must be 32 bytes in base64, as `openssl rand -base64 32` makes')
  .transform((value) => new Secret(Buffer.from(value, 'base64').toString('base64url')));
