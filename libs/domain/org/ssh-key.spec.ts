import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { acmeOf, fold, given, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';
import { sshPublicKey } from './ssh-key.js';

const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6bq+BiOEzRmNMaQzYpcHhzmsZRFZg2vG6fNXbcV8aP';
const string = (bytes: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(bytes));
  return Buffer.concat([length, Buffer.from(bytes)]);
};
const keyOf = (type: string, ...parts: readonly (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([type, ...parts].map(string)).toString('base64')}`;
const rsa = (bits: number): string => {
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  return keyOf('ssh-rsa', Buffer.from(e, 'base64url'), Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]));
};
const isKey = (text: string): boolean => sshPublicKey.safeParse(text).success;

describe("the workers' public SSH key (V22)", () => {
  it('is one that OpenSSH takes, and nothing beside it', () => {
    for (const key of [ed25519, rsa(2048), keyOf('ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(65, 4))])
      expect([key, isKey(key)]).toEqual([key, true]);
    const other = ed25519.replace('ssh-ed25519', 'ssh-rsa');
    for (const key of [
      '',
      'ssh-ed25519',
      `${ed25519} ann@laptop`,
      `${ed25519}\n`,
      ` ${ed25519}`,
      other,
      keyOf('ssh-xd25519', Buffer.alloc(32, 7)).replace('ssh-x', 'ssh-e'),
      ed25519.slice(0, -4),
      `${ed25519}AAAA`,
      rsa(1024),
      keyOf('ssh-dss', 'p', 'q', 'g', 'y'),
      keyOf('constructor', 'x'),
      'ssh-ed25519 ====',
      '-----BEGIN OPENSSH PRIVATE KEY-----',
    ])
      expect([key, isKey(key)]).toEqual([key, false]);
  });

  it('is set, and set anew', () => {
    const set = (publicKey: string): OrgEvent => ({ type: 'WorkerSshKeySet', data: { publicKey } });
    const other = keyOf('ssh-ed25519', Buffer.alloc(32, 7));
    const created = acmeOf('olga');
    given([created])
      .when('SetWorkerSshKey', { publicKey: ed25519 })
      .then([set(ed25519)]);
    given([created, set(ed25519)])
      .when('SetWorkerSshKey', { publicKey: ed25519 })
      .then(nothing);
    given([created, set(ed25519)])
      .when('SetWorkerSshKey', { publicKey: other })
      .then([set(other)]);
    given([]).when('SetWorkerSshKey', { publicKey: ed25519 }).then(refused('org_not_found'));
    expect(fold('org', [created, set(ed25519), set(other)]).settings?.workerSshKey).toMatchObject({ publicKey: other });
  });
});
