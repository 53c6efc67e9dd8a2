import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createHash, type KeyObject } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  forgetFormerMasters,
  type Keys,
  KeysUnusable,
  loadKeys,
  rotateIndex,
  rotateLedger,
  rotateMaster,
} from './keys.js';

let root: string;
let dir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-keys-'));
  dir = join(root, 'deep', 'keys');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const der = { format: 'der', type: 'pkcs8' } as const;
const bytesOf = ({ master, index, issuer, ledger }: Keys) => [
  ...[master.export(), index.export(), issuer.privateKey.export(der), ledger.privateKey.export(der)].map((key) =>
    key.toString('hex'),
  ),
  ledger.name,
];

async function messageOf(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeysUnusable);
  return error instanceof Error ? error.message : '';
}

describe('key files', () => {
  it('are made on first use, for their owner only, and read back the same', async () => {
    const made = await loadKeys(dir);
    expect(made.master.symmetricKeySize).toBe(32);
    expect(made.index.symmetricKeySize).toBe(32);
    expect(made.master.equals(made.index)).toBe(false);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await readdir(dir)).sort()).toEqual(['index', 'issuer', 'ledger', 'master']);
    for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    expect(bytesOf(await loadKeys(dir))).toEqual(bytesOf(made));
  });

  it('are the same for all who start at once', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => loadKeys(dir)));
    expect(new Set(all.map((keys) => bytesOf(keys).join())).size).toBe(1);
    expect((await readdir(dir)).sort()).toEqual(['index', 'issuer', 'ledger', 'master']);
  });

  it('begin with the master key that was given, and never take another one than they hold', async () => {
    const given = (text: string) => ({ reveal: () => text });
    const [own, another] = ['one', 'two'].map((text) => given(createHash('sha256').update(text).digest('base64url')));
    const made = await loadKeys(dir, own);
    expect(made.master.export().toString('base64url')).toBe(own?.reveal());
    expect(bytesOf(await loadKeys(dir))).toEqual(bytesOf(made));
    expect(bytesOf(await loadKeys(dir, own))).toEqual(bytesOf(made));
    const message = await messageOf(loadKeys(dir, another));
    expect(message).toMatch(/MASTER_KEY is none of the keys/);
    expect(message).not.toContain(another?.reveal());
    await rotateMaster(dir);
    expect((await loadKeys(dir, own)).formerMasters[0]?.equals(made.master)).toBe(true);
    await forgetFormerMasters(dir);
    expect(await messageOf(loadKeys(dir, own))).toMatch(/MASTER_KEY is none of the keys/);
  });

  it('survive a process that is killed at any moment of making them', async () => {
    // A writer that never gets to the link leaves a temporary file only: it must not count as a key.
    const script = `require('fs').mkdirSync(process.argv[1],{recursive:true,mode:0o700});
      require('fs').writeFileSync(process.argv[1]+'/master.x.tmp','{"kty":"o',{mode:0o600});process.kill(process.pid,'SIGKILL')`;
    await new Promise((resolve) => spawn(process.execPath, ['-e', script, dir]).on('exit', resolve));
    expect(bytesOf(await loadKeys(dir))).toEqual(bytesOf(await loadKeys(dir)));
  });

  it('are refused when others could read them', async () => {
    await loadKeys(dir);
    await chmod(join(dir, 'index'), 0o640);
    expect(await messageOf(loadKeys(dir))).toMatch(/index.*open to other users \(mode 0640\).*chmod/s);
    await chmod(join(dir, 'index'), 0o600);
    await chmod(dir, 0o755);
    expect(await messageOf(loadKeys(dir))).toMatch(/folder.*open to other users \(mode 0755\)/s);
  });

  it('are refused when damaged, without quoting them', async () => {
    const made = await loadKeys(dir);
    for (const name of ['master', 'index', 'issuer', 'ledger']) {
      const path = join(dir, name);
      const good = await readFile(path, 'utf8');
      const member = name === 'issuer' || name === 'ledger' ? 'd' : 'k';
      const flipped = good.replace(
        new RegExp(`"${member}":"(.)`),
        (_, first) => `"${member}":"${first === 'A' ? 'B' : 'A'}`,
      );
      for (const bad of ['', good.slice(0, 40), flipped, '{}', good.replace('"kid"', '"kit"')]) {
        await writeFile(path, bad);
        const message = await messageOf(loadKeys(dir));
        expect(message).toBe(`The key file ${path} is damaged. Restore it from a backup.`);
      }
      await writeFile(path, good);
    }
    expect(bytesOf(await loadKeys(dir))).toEqual(bytesOf(made));
  });

  it('are not replaced when one is lost', async () => {
    await loadKeys(dir);
    await rm(join(dir, 'master'));
    expect(await messageOf(loadKeys(dir))).toMatch(/master is missing/);
    expect(await readdir(dir)).not.toContain('master');
  });

  it('say clearly when the folder is a file', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    expect(await messageOf(loadKeys(file))).toMatch(/is not a folder/);
  });

  it('take a new master key before the former ones, which can be forgotten', async () => {
    const first = await loadKeys(dir);
    const second = await rotateMaster(dir);
    const third = await rotateMaster(dir);
    const hex = (keys: readonly KeyObject[]) => keys.map((key) => key.export().toString('hex'));
    expect(hex(third.formerMasters)).toEqual(hex([second.master, first.master]));
    expect(new Set(hex([first.master, second.master, third.master])).size).toBe(3);
    expect(bytesOf(await loadKeys(dir))).toEqual(bytesOf(third));
    expect(hex([third.index])).toEqual(hex([first.index]));
    expect((await stat(join(dir, 'master'))).mode & 0o777).toBe(0o600);
    await forgetFormerMasters(dir);
    const left = await loadKeys(dir);
    expect([hex([left.master]), left.formerMasters]).toEqual([hex([third.master]), []]);
    expect((await readdir(dir)).sort()).toEqual(['index', 'issuer', 'ledger', 'master']);
  });

  it('take a new index key before the former ones; from the first one follow ids', async () => {
    const first = await loadKeys(dir);
    expect(first.identity.equals(first.index)).toBe(true);
    const second = await rotateIndex(dir);
    const third = await rotateIndex(dir);
    const hex = (keys: readonly KeyObject[]) => keys.map((key) => key.export().toString('hex'));
    expect(hex(third.formerIndexes)).toEqual(hex([second.index, first.index]));
    expect(new Set(hex([first.index, second.index, third.index])).size).toBe(3);
    expect([third.identity.equals(first.index), third.master.equals(first.master)]).toEqual([true, true]);
  });

  it('take a new ledger key of the same name, beside which the former one can only be recognized', async () => {
    const { ledger: first } = await loadKeys(dir);
    const { former, present } = await rotateLedger(dir);
    expect(former.publicKey.equals(first.publicKey)).toBe(true);
    expect(present.name).toBe(first.name);
    expect(present.publicKey.equals(first.publicKey)).toBe(false);
    const { ledger } = await loadKeys(dir);
    expect(ledger.publicKey.equals(present.publicKey)).toBe(true);
    expect(ledger.formerKeys.map((key) => key.equals(first.publicKey))).toEqual([true]);
    expect(await readFile(join(dir, 'ledger'), 'utf8')).not.toContain(first.privateKey.export({ format: 'jwk' }).d);
  });

  it('do not print', async () => {
    const keys = await loadKeys(dir);
    const printed = `${inspect(keys, { depth: 9, showHidden: true })}${JSON.stringify(keys)}`;
    expect(printed).not.toContain(keys.master.export().toString('base64url'));
    expect(printed).not.toContain(keys.master.export().toString('hex').slice(0, 8));
  });
});
