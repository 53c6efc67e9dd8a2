import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { z } from 'zod';
import {
  createKeyFile,
  KeysUnusable,
  namesIn,
  openKeyFolder,
  pathOf,
  readKeyFile,
  replaceKeyFile,
  syncFolder,
  thumbprint,
} from './keys-files.js';
import { type LedgerKey, ledgerFile, ledgerKeyOf, newLedgerKey, nextLedgerKey } from './keys-ledger.js';

export { KeysUnusable } from './keys-files.js';

/** Key objects: they keep their bytes from logs, JSON and inspection. */
export interface Keys {
  /** 256 bits; wraps the keys of subjects. */
  readonly master: KeyObject;
  /** Under which keys of subjects may stand that were wrapped before a rotation; the newest first. */
  readonly formerMasters: readonly KeyObject[];
  /** 256 bits; keyed digests. */
  readonly index: KeyObject;
  /** What was digested before rotations is found by these; the newest first. */
  readonly formerIndexes: readonly KeyObject[];
  /** The very first index key: from it people's ids follow, which stay as they are. */
  readonly identity: KeyObject;
  /** ES256, of the development issuer. */
  readonly issuer: { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly kid: string };
  readonly ledger: LedgerKey;
}

/** Files are made in this order, so that a later one without an earlier one tells of a loss. */
const fileNames = ['master', 'index', 'issuer', 'ledger'] as const;
type FileName = (typeof fileNames)[number];

const base64url = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const secretFile = z.strictObject({ kty: z.literal('oct'), k: base64url, kid: z.string() });
/** Of a key that can be exchanged. */
const ringFile = secretFile.extend({ former: z.array(secretFile).optional() });
type RingName = Extract<FileName, 'master' | 'index'>;
const issuerFile = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64url,
  y: base64url,
  d: base64url,
  kid: z.string(),
});

/**
 * The keys of this deployment, created where they are absent; processes that start at once agree on the same ones.
 * `given`: the master key in base64url that is to be the first one. Throws KeysUnusable when they are damaged, partly lost, or
 * open to other users, or when the given one is none of them.
 */
export async function loadKeys(dir: string, given?: { reveal(): string }): Promise<Keys> {
  await openKeyFolder(dir);
  await refuseLoss(dir);
  const first = () => (given === undefined ? newSecret() : secretOf(given.reveal()));
  const [master, ...formerMasters] = ringOf(dir, 'master', await contentOf(dir, 'master', first));
  if (given !== undefined) refuseStranger(dir, given.reveal(), [master, ...formerMasters]);
  const [index, ...formerIndexes] = ringOf(dir, 'index', await contentOf(dir, 'index', newSecret));
  const issuer = issuerOf(dir, await contentOf(dir, 'issuer', newIssuer));
  const ledger = ledgerKeyOf(parsed(dir, 'ledger', ledgerFile, await contentOf(dir, 'ledger', newLedgerKey)));
  if (ledger === undefined) throw damaged(dir, 'ledger');
  return Object.freeze({
    ...{ master, formerMasters, index, formerIndexes },
    identity: formerIndexes.at(-1) ?? index,
    issuer: Object.freeze(issuer),
    ledger: Object.freeze(ledger),
  });
}

async function contentOf(dir: string, name: FileName, make: () => object): Promise<string> {
  const path = pathOf(dir, name);
  const present = await readKeyFile(path);
  if (present !== undefined) return present;
  await createKeyFile(path, `${JSON.stringify(make())}\n`);
  const created = await readKeyFile(path);
  // Also for the one who came second: what it encrypts next must not outlive the key's name.
  await syncFolder(dir);
  if (created === undefined) throw new KeysUnusable(`The key file ${path} vanished while it was created.`);
  return created;
}

async function refuseLoss(dir: string): Promise<void> {
  const present = new Set(await namesIn(dir));
  const lastPresent = fileNames.findLastIndex((name) => present.has(name));
  for (const name of fileNames.slice(0, Math.max(lastPresent, 0))) {
    // Another process may have made it while the folder was being listed.
    if (present.has(name) || (await readKeyFile(pathOf(dir, name))) !== undefined) continue;
    throw new KeysUnusable(
      `The key file ${pathOf(dir, name)} is missing though later ones are there. Restore it from a backup: ` +
        'without it, what it encrypted cannot be read.',
    );
  }
}

/** Nothing was ever sealed under it here: it belongs to another folder. */
function refuseStranger(dir: string, given: string, masters: readonly KeyObject[]): void {
  const key = createSecretKey(Buffer.from(given, 'base64url'));
  if (masters.some((each) => each.equals(key))) return;
  throw new KeysUnusable(
    `MASTER_KEY is none of the keys in ${pathOf(dir, 'master')}. Leave it out, or set the one that this folder began with: ` +
      'another one is made by `npx tenantry rotate master`.',
  );
}

const newSecret = () => secretOf(randomBytes(32).toString('base64url'));

const secretOf = (k: string): z.infer<typeof secretFile> => ({ kty: 'oct', k, kid: thumbprint({ k, kty: 'oct' }) });

function newIssuer(): object {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: issuerKid(jwk) };
}

const issuerKid = ({ crv, kty, x, y }: { crv?: unknown; kty?: unknown; x?: unknown; y?: unknown }) =>
  thumbprint({ crv, kty, x, y });

/**
 * Puts a new master key in the file, before those that it had. What was wrapped under these is still read; processes that
 * run find the new one when they first need it.
 */
export const rotateMaster = (dir: string): Promise<Keys> => rotated(dir, 'master');

/** The same for the index key; processes that run go on with the one that they have until they are started anew. */
export const rotateIndex = (dir: string): Promise<Keys> => rotated(dir, 'index');

async function rotated(dir: string, name: RingName): Promise<Keys> {
  const { former = [], ...current } = parsed(dir, name, ringFile, await presentContent(dir, name));
  const next = { ...newSecret(), former: [current, ...former] };
  await replaceKeyFile(pathOf(dir, name), `${JSON.stringify(next)}\n`);
  return loadKeys(dir);
}

/** Leaves only the current one: whatever is still wrapped under another can never be opened again. */
export async function forgetFormerMasters(dir: string): Promise<void> {
  const { former: _, ...current } = parsed(dir, 'master', ringFile, await presentContent(dir, 'master'));
  await replaceKeyFile(pathOf(dir, 'master'), `${JSON.stringify(current)}\n`);
}

/**
 * Puts another ledger key in the file. Answers the keys before and after; the former one has signed its last once every
 * process was started anew.
 */
export async function rotateLedger(dir: string): Promise<{ readonly former: LedgerKey; readonly present: LedgerKey }> {
  const former = (await loadKeys(dir)).ledger;
  const file = parsed(dir, 'ledger', ledgerFile, await contentOf(dir, 'ledger', newLedgerKey));
  await replaceKeyFile(pathOf(dir, 'ledger'), `${JSON.stringify(nextLedgerKey(file))}\n`);
  return { former, present: (await loadKeys(dir)).ledger };
}

async function presentContent(dir: string, name: RingName): Promise<string> {
  await loadKeys(dir);
  return contentOf(dir, name, newSecret);
}

/** The current one first. */
function ringOf(dir: string, name: RingName, content: string): [KeyObject, ...KeyObject[]] {
  const { former = [], ...current } = parsed(dir, name, ringFile, content);
  return [secretIn(dir, name, current), ...former.map((each) => secretIn(dir, name, each))];
}

function secretIn(dir: string, name: FileName, { k, kid }: z.output<typeof secretFile>): KeyObject {
  if (kid !== thumbprint({ k, kty: 'oct' })) throw damaged(dir, name);
  return createSecretKey(Buffer.from(k, 'base64url'));
}

function issuerOf(dir: string, content: string): Keys['issuer'] {
  const { kid, ...jwk } = parsed(dir, 'issuer', issuerFile, content);
  if (kid !== issuerKid(jwk)) throw damaged(dir, 'issuer');
  try {
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    const publicKey = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, format: 'jwk' });
    // The kid covers the public half only; a signature that verifies covers the private one.
    const probe = Buffer.from(kid);
    if (verify('sha256', probe, publicKey, sign('sha256', probe, privateKey))) return { privateKey, publicKey, kid };
  } catch {
    // Node says no more than that the numbers are no key.
  }
  throw damaged(dir, 'issuer');
}

function parsed<S extends z.ZodType>(dir: string, name: FileName, schema: S, content: string): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw damaged(dir, name);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw damaged(dir, name);
  return result.data;
}

/** Never with the parser's own words, which quote the file. */
function damaged(dir: string, name: FileName): Error {
  return new KeysUnusable(`The key file ${pathOf(dir, name)} is damaged. Restore it from a backup.`);
}
