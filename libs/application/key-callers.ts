import { timingSafeEqual } from 'node:crypto';
import {
  type IssuedKey,
  type MemberDocument,
  type OrgDocument,
  realmOf,
  type ServiceAccountDocument,
} from '#libs/domain/access/documents.js';
import { principalOf } from '#libs/domain/access/machines.js';
import { liveKey } from '#libs/domain/keys.js';
import { principalId, slug } from '#libs/domain/text.js';
import type { Caller } from './caller.js';
import type { Folds } from './folds.js';
import { placeOfKey } from './key-text.js';
import { fingerprintsOf } from './new-keys.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { Indexes, PersonalData } from './ports/personal-data.js';
import { StreamParked } from './ports/read-models.js';
import { streamOf } from './streams.js';

/** The key of a service account by which somebody acts. */
export type MachineKey = NonNullable<Caller['machine']>;

/** The key itself is looked up with every request. */
const NO_END_MS = Number.MAX_SAFE_INTEGER;

interface Owner {
  readonly org: OrgDocument | undefined;
  readonly keys: Readonly<Record<string, IssuedKey>>;
}

/**
 * Who a key says is asking: a service account, or a member of an organization. Looked up for every request in the same
 * documents as a check's own, so that a key is refused as soon as a check would see that it was revoked or its owner gone.
 */
export class KeyCallers {
  constructor(
    private readonly documents: DocumentSource,
    private readonly folds: Folds,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  /** Undefined for what is no key, was none of ours, or is over: which of these is nobody's business. */
  async byKey(text: string): Promise<Caller | undefined> {
    const place = placeOfKey(text);
    if (place === undefined) return undefined;
    const { kind, path } = place;
    // A key of the organization itself is the only one of a machine of the same name.
    const [orgId, owner, keyId, ...more] = kind === 'org' ? [...path, path[1]] : path;
    if (orgId === undefined || owner === undefined || keyId === undefined || more.length > 0) return undefined;
    const fingerprints = fingerprintsOf(this.personalData, text);
    if (kind === 'api') return this.member(owner, { orgId, keyId }, fingerprints);
    return this.machine({ orgId, accountId: owner, keyId }, fingerprints, NO_END_MS);
  }

  /** By a token that the key was exchanged for, which ends at an instant (milliseconds). */
  byToken(key: MachineKey, expiresAtMs: number): Promise<Caller | undefined> {
    return this.machine(key, undefined, expiresAtMs);
  }

  private async machine(
    machine: MachineKey,
    fingerprints: Indexes | undefined,
    expiresAtMs: number,
  ): Promise<Caller | undefined> {
    const { orgId, accountId, keyId } = machine;
    if (![orgId, accountId, keyId].every(isSlug)) return undefined;
    const org = this.recognized(await this.ownerOf(orgId, 'service', accountId), keyId, fingerprints);
    const id = principalOf({ kind: 'service', orgId, id: accountId });
    return org && { ...known(id, org, keyId, expiresAtMs), machine };
  }

  private async member(
    userId: string,
    apiKey: NonNullable<Caller['apiKey']>,
    fingerprints: Indexes,
  ): Promise<Caller | undefined> {
    const { orgId, keyId } = apiKey;
    if (![orgId, keyId].every(isSlug) || !principalId.safeParse(userId).success) return undefined;
    const org = this.recognized(await this.ownerOf(orgId, 'member', userId), keyId, fingerprints);
    return org && { ...known(userId, org, keyId, NO_END_MS), apiKey };
  }

  /** The organization, where it has the key now; `fingerprints` are those of the text where one was presented. */
  private recognized({ org, keys }: Owner, keyId: string, fingerprints: Indexes | undefined): OrgDocument | undefined {
    const key = liveKey(keys, keyId, this.clock.now());
    if (org?.status !== 'active' || key === undefined) return undefined;
    return fingerprints?.some((each) => isSame(each, key.fingerprint)) === false ? undefined : org;
  }

  /** From the stream itself where the read models cannot tell: commands go on while an organization is parked. */
  private async ownerOf(orgId: string, kind: 'service' | 'member', id: string): Promise<Owner> {
    const stream = streamOf('org', orgId);
    const wanted = [
      { stream, kind: 'org', id: '' },
      { stream, kind, id },
    ] as const;
    const loaded = await this.documents.load(wanted, undefined).catch((error: unknown) => {
      if (error instanceof StreamParked) return undefined;
      throw error;
    });
    if (loaded !== undefined) {
      const [org, document] = loaded.documents;
      return {
        org: org as OrgDocument | undefined,
        keys: keysOf(document as ServiceAccountDocument | MemberDocument | undefined),
      };
    }
    const { state } = await this.folds.current('org', orgId);
    return { org: state.org, keys: keysOf(kind === 'service' ? state.services.get(id) : state.members.get(id)) };
  }
}

const isSlug = (id: string): boolean => slug.safeParse(id).success;

function keysOf(document: ServiceAccountDocument | MemberDocument | undefined): Owner['keys'] {
  if (document === undefined) return {};
  return 'keys' in document ? document.keys : (document.apiKeys ?? {});
}

const known = (id: string, org: OrgDocument, keyId: string, expiresAtMs: number): Caller => ({
  id,
  realm: realmOf(org),
  credential: `key:${keyId}`,
  token: { issuer: '', subject: id, email: null, name: null, groups: [], issuedAt: 0, expiresAtMs },
});

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
