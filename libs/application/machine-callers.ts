import { timingSafeEqual } from 'node:crypto';
import { type OrgDocument, realmOf, type ServiceAccountDocument } from '#libs/domain/access/documents.js';
import { principalOf } from '#libs/domain/access/machines.js';
import { liveKey } from '#libs/domain/keys.js';
import { slug } from '#libs/domain/text.js';
import type { Caller } from './caller.js';
import type { Folds } from './folds.js';
import { placeOfKey } from './key-text.js';
import { fingerprintsOf } from './new-keys.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { PersonalData } from './ports/personal-data.js';
import { StreamParked } from './ports/read-models.js';
import { streamOf } from './streams.js';

/** The key of a service account by which somebody acts. */
export type MachineKey = NonNullable<Caller['machine']>;

/** The key itself is looked up with every request. */
const NO_END_MS = Number.MAX_SAFE_INTEGER;

/**
 * Who a service account's key says is asking. Looked up for every request in the same documents as a check's own, so that a
 * key is refused as soon as a check would see that it was revoked, or its account deleted.
 */
export class MachineCallers {
  constructor(
    private readonly documents: DocumentSource,
    private readonly folds: Folds,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  /** Undefined for what is no key, was none of ours, or is over: which of these is nobody's business. */
  async byKey(text: string): Promise<Caller | undefined> {
    const [orgId, accountId, keyId, ...more] = placeOfKey(text)?.path ?? [];
    if (keyId === undefined || orgId === undefined || accountId === undefined || more.length > 0) return undefined;
    return this.caller({ orgId, accountId, keyId }, fingerprintsOf(this.personalData, text), NO_END_MS);
  }

  /** By a token that the key was exchanged for, which ends at an instant (milliseconds). */
  byToken(key: MachineKey, expiresAtMs: number): Promise<Caller | undefined> {
    return this.caller(key, undefined, expiresAtMs);
  }

  private async caller(
    machine: MachineKey,
    fingerprints: readonly string[] | undefined,
    expiresAtMs: number,
  ): Promise<Caller | undefined> {
    const { orgId, accountId, keyId } = machine;
    if (![orgId, accountId, keyId].every((id) => slug.safeParse(id).success)) return undefined;
    const { org, account } = await this.documentsOf(orgId, accountId);
    const key = liveKey(account?.keys ?? {}, keyId, this.clock.now());
    if (org?.status !== 'active' || account?.status !== 'active' || key === undefined) return undefined;
    if (fingerprints?.some((each) => isSame(each, key.fingerprint)) === false) return undefined;
    const id = principalOf({ kind: 'service', orgId, id: accountId });
    return {
      id,
      realm: realmOf(org),
      credential: `key:${keyId}`,
      machine,
      token: { issuer: '', subject: id, email: null, name: null, groups: [], issuedAt: 0, expiresAtMs },
    };
  }

  /** From the stream itself where the read models cannot tell: commands go on while an organization is parked. */
  private async documentsOf(
    orgId: string,
    accountId: string,
  ): Promise<{ readonly org: OrgDocument | undefined; readonly account: ServiceAccountDocument | undefined }> {
    const stream = streamOf('org', orgId);
    const keys = [
      { stream, kind: 'org', id: '' },
      { stream, kind: 'service', id: accountId },
    ] as const;
    const loaded = await this.documents.load(keys, undefined).catch((error: unknown) => {
      if (error instanceof StreamParked) return undefined;
      throw error;
    });
    if (loaded !== undefined) {
      const [org, account] = loaded.documents;
      return { org: org as OrgDocument | undefined, account: account as ServiceAccountDocument | undefined };
    }
    const { state } = await this.folds.current('org', orgId);
    return { org: state.org, account: state.services.get(accountId) };
  }
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
