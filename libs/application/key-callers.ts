import { timingSafeEqual } from 'node:crypto';
import { type OrgDocument, own, realmOf } from '#libs/domain/access/documents.js';
import { platformOf, principalOf, realmOfMachine } from '#libs/domain/access/machines.js';
import { liveKey } from '#libs/domain/keys.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { isPrincipalId, isSlug } from '#libs/domain/text.js';
import { allowsPersonalKeys, livePersonalKey } from '#libs/domain/user/api-keys.js';
import type { Caller } from './caller.js';
import type { CurrentAccess, KeysOfOwner } from './current-access.js';
import { placeOfKey } from './key-text.js';
import { fingerprintsOf } from './new-keys.js';
import type { Clock } from './ports/clock.js';
import type { Indexes, PersonalData } from './ports/personal-data.js';

/** The key of a service account by which somebody acts. */
export type MachineKey = NonNullable<Caller['machine']>;

/** The key itself is looked up with every request. */
const NO_END_MS = Number.MAX_SAFE_INTEGER;

/**
 * Who a key says is asking: a service account of an organization or of the platform, a member, or a person of a realm. Looked up
 * for every request in the same documents as a check's own, so that a key is refused as soon as a check would see that it was
 * revoked or its owner gone.
 */
export class KeyCallers {
  constructor(
    private readonly access: CurrentAccess,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  /** Undefined for what is no key, was none of ours, or is over: which of these is nobody's business. */
  async byKey(text: string): Promise<Caller | undefined> {
    const place = placeOfKey(text);
    if (place === undefined) return undefined;
    const { kind, path } = place;
    if (kind === 'usr') return this.personal(path, fingerprintsOf(this.personalData, text));
    if (kind === 'plt') return this.platform(path, fingerprintsOf(this.personalData, text), NO_END_MS);
    // A key of the organization itself is the only one of a machine of the same name.
    const [orgId, owner, keyId, ...more] = kind === 'org' ? [...path, path[1]] : path;
    if (orgId === undefined || owner === undefined || keyId === undefined || more.length > 0) return undefined;
    const fingerprints = fingerprintsOf(this.personalData, text);
    if (kind === 'api') return this.member(owner, { orgId, keyId }, fingerprints);
    return this.machine({ orgId, accountId: owner, keyId }, fingerprints, NO_END_MS);
  }

  /** By a token that the key was exchanged for, which ends at an instant (milliseconds). */
  byToken(key: MachineKey, expiresAtMs: number): Promise<Caller | undefined> {
    const realm = realmOfMachine(key);
    if (realm !== undefined) return this.platform([realm, key.accountId, key.keyId], undefined, expiresAtMs);
    return this.machine(key, undefined, expiresAtMs);
  }

  private async platform(
    path: readonly string[],
    fingerprints: Indexes | undefined,
    expiresAtMs: number,
  ): Promise<Caller | undefined> {
    const [realm, accountId, keyId, ...more] = path;
    if (realm === undefined || accountId === undefined || keyId === undefined || more.length > 0) return undefined;
    if (![realm, accountId, keyId].every(isSlug)) return undefined;
    const account = own((await this.access.realm(realm))?.services ?? {}, accountId);
    const key = account?.status === 'active' ? liveKey(account.keys, keyId, this.clock.now()) : undefined;
    if (key === undefined || fingerprints?.some((each) => isSame(each, key.fingerprint)) === false) return undefined;
    const orgId = platformOf(realm);
    const id = principalOf({ kind: 'service', orgId, id: accountId });
    return { ...known(id, realm, keyId, expiresAtMs), machine: { orgId, accountId, keyId } };
  }

  private async machine(
    machine: MachineKey,
    fingerprints: Indexes | undefined,
    expiresAtMs: number,
  ): Promise<Caller | undefined> {
    const { orgId, accountId, keyId } = machine;
    if (![orgId, accountId, keyId].every(isSlug)) return undefined;
    const org = this.recognized(await this.access.keysOf(orgId, 'service', accountId), keyId, fingerprints);
    const id = principalOf({ kind: 'service', orgId, id: accountId });
    return org && { ...known(id, realmOf(org), keyId, expiresAtMs), machine };
  }

  private async member(
    userId: string,
    apiKey: { readonly orgId: string; readonly keyId: string },
    fingerprints: Indexes,
  ): Promise<Caller | undefined> {
    const { orgId, keyId } = apiKey;
    if (![orgId, keyId].every(isSlug) || !isPrincipalId(userId)) return undefined;
    const org = this.recognized(await this.access.keysOf(orgId, 'member', userId), keyId, fingerprints);
    return org && { ...known(userId, realmOf(org), keyId, NO_END_MS), apiKey };
  }

  private async personal(path: readonly string[], fingerprints: Indexes): Promise<Caller | undefined> {
    const [realm, userId, keyId, ...more] = path;
    if (realm === undefined || userId === undefined || keyId === undefined || more.length > 0) return undefined;
    if (![realm, keyId].every(isSlug) || !isPrincipalId(userId)) return undefined;
    const key = livePersonalKey(await this.access.user(userId), realm, keyId, this.clock.now());
    if (key === undefined || !fingerprints.some((each) => isSame(each, key.fingerprint))) return undefined;
    return { ...known(userId, realm, keyId, NO_END_MS), apiKey: { orgId: undefined, keyId } };
  }

  /** Whether a person belongs to each of these organizations, and by schemes that let people have keys to it. */
  async belongs({ id, realm }: Pick<Caller, 'id' | 'realm'>, orgIds: readonly string[]): Promise<boolean> {
    if (orgIds.length === 0 || !orgIds.every(isSlug)) return false;
    for (const orgId of orgIds) {
      const { org, member, realm: document } = await this.access.membership(realm, orgId, id);
      if (org?.status !== 'active' || realmOf(org) !== realm || member === undefined || document === undefined)
        return false;
      if (!allowsPersonalKeys(schemeOf(org.scheme, document))) return false;
    }
    return true;
  }

  /** The organization, where it has the key now; `fingerprints` are those of the text where one was presented. */
  private recognized(
    { org, keys }: KeysOfOwner,
    keyId: string,
    fingerprints: Indexes | undefined,
  ): OrgDocument | undefined {
    const key = liveKey(keys, keyId, this.clock.now());
    if (org?.status !== 'active' || key === undefined) return undefined;
    return fingerprints?.some((each) => isSame(each, key.fingerprint)) === false ? undefined : org;
  }
}

const known = (id: string, realm: string, keyId: string, expiresAtMs: number): Caller => ({
  id,
  realm,
  credential: `key:${keyId}`,
  token: { issuer: '', subject: id, email: null, name: null, groups: [], issuedAt: 0, expiresAtMs },
});

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
