import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';

/** A certificate with its key, as servers and clients take them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly cert: string;
  /** A server's certificate for host names and IPv4 addresses. */
  issue(hosts: readonly string[]): Certificate;
  /** Where its certificate was written, for whoever takes a CA file. */
  readonly file: string;
}

/** A certificate authority that lives as long as the test, made here because no openssl may be installed. */
export async function authority(folder: string, name: string): Promise<Authority> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = named(name);
  const cert = pem(certificate(issuer, issuer, keys.publicKey, keys.privateKey, [basicConstraints(true)]));
  const file = join(folder, `${name}.crt`);
  await writeFile(file, cert);
  return {
    cert,
    file,
    issue(hosts) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [basicConstraints(false), alternativeNames(hosts)];
      const signed = certificate(issuer, named(hosts[0] ?? ''), own.publicKey, keys.privateKey, extensions);
      return { cert: pem(signed), key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
  };
}

/** DER: a tag, a length, the content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const octets = (content: Buffer) => der(0x04, content);
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content);
const boolean = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const time = (text: string) => der(0x18, Buffer.from(text));

const COMMON_NAME = '550403';
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const BASIC_CONSTRAINTS = '551d13';
const ALTERNATIVE_NAMES = '551d11';

const named = (name: string) => sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(name)))));
const basicConstraints = (isAuthority: boolean) =>
  sequence(oid(BASIC_CONSTRAINTS), boolean(true), octets(sequence(...(isAuthority ? [boolean(true)] : []))));

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  return sequence(oid(ALTERNATIVE_NAMES), octets(sequence(...names)));
}

function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): Buffer {
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  // A positive number: its first bit is 0.
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const validity = sequence(time('20200101000000Z'), time('21200101000000Z'));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const extra = der(0xa3, sequence(...extensions));
  const toSign = sequence(version, serial, algorithm, issuer, validity, subject, key, extra);
  return sequence(toSign, algorithm, bits(sign('sha256', toSign, signer)));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
