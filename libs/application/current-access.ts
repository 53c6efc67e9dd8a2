import type {
  IssuedKey,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  ServiceAccountDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import type { Folds } from './folds.js';
import type { DocumentSource } from './ports/current-documents.js';
import { type StreamDocument, StreamParked } from './ports/read-models.js';
import { streamOf } from './streams.js';

export interface KeysOfOwner {
  readonly org: OrgDocument | undefined;
  readonly keys: Readonly<Record<string, IssuedKey>>;
}

export interface Membership {
  readonly realm: RealmDocument | undefined;
  readonly org: OrgDocument | undefined;
  readonly member: MemberDocument | undefined;
}

/**
 * What a check would see now of who asks, a document or two at a time. From the streams themselves where the read models
 * cannot tell, as commands go on while an organization is parked.
 */
export class CurrentAccess {
  constructor(
    private readonly documents: DocumentSource,
    private readonly folds: Folds,
  ) {}

  async realm(id: string): Promise<RealmDocument | undefined> {
    const found = await this.documentsOf([{ stream: streamOf('realm', id), kind: 'realm', id: '' }]);
    if (found === undefined) return (await this.folds.current('realm', id)).state.realm;
    return found[0] as RealmDocument | undefined;
  }

  async user(id: string): Promise<UserDocument | undefined> {
    const found = await this.documentsOf([{ stream: streamOf('user', id), kind: 'user', id: '' }]);
    if (found === undefined) return (await this.folds.current('user', id)).state.user;
    return found[0] as UserDocument | undefined;
  }

  async membership(realmId: string, orgId: string, userId: string): Promise<Membership> {
    const stream = streamOf('org', orgId);
    const found = await this.documentsOf([
      { stream: streamOf('realm', realmId), kind: 'realm', id: '' },
      { stream, kind: 'org', id: '' },
      { stream, kind: 'member', id: userId },
    ]);
    if (found !== undefined) {
      const [realm, org, member] = found;
      return {
        realm: realm as RealmDocument | undefined,
        org: org as OrgDocument | undefined,
        member: member as MemberDocument | undefined,
      };
    }
    const [{ state }, { state: platform }] = await Promise.all([
      this.folds.current('org', orgId),
      this.folds.current('realm', realmId),
    ]);
    return { realm: platform.realm, org: state.org, member: state.members.get(userId) };
  }

  /** Keys of a service account, or of a member, of an organization. */
  async keysOf(orgId: string, kind: 'service' | 'member', id: string): Promise<KeysOfOwner> {
    const stream = streamOf('org', orgId);
    const found = await this.documentsOf([
      { stream, kind: 'org', id: '' },
      { stream, kind, id },
    ]);
    if (found !== undefined) {
      const [org, owner] = found;
      return {
        org: org as OrgDocument | undefined,
        keys: keysIn(owner as ServiceAccountDocument | MemberDocument | undefined),
      };
    }
    const { state } = await this.folds.current('org', orgId);
    return { org: state.org, keys: keysIn(kind === 'service' ? state.services.get(id) : state.members.get(id)) };
  }

  /** Undefined where the read models cannot tell. */
  private async documentsOf(keys: readonly StreamDocument[]): Promise<readonly unknown[] | undefined> {
    const loaded = await this.documents.load(keys, undefined).catch((error: unknown) => {
      if (error instanceof StreamParked) return undefined;
      throw error;
    });
    return loaded?.documents;
  }
}

function keysIn(document: ServiceAccountDocument | MemberDocument | undefined): KeysOfOwner['keys'] {
  if (document === undefined) return {};
  return 'keys' in document ? document.keys : (document.apiKeys ?? {});
}
