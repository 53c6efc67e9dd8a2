import type { Facts } from '#libs/domain/access/bindings.js';
import type {
  EnvironmentDocument,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type Position, positionText } from './ports/event-store.js';

/** Which moment an answer stands for; no revision and position where the asker may not know of the organization. */
export interface Stamp {
  readonly revision?: string;
  readonly position?: string;
  readonly at: string;
}

/** Facts of one moment, with the revision of the organization and the instant (milliseconds) that they stand for. */
export interface Moment {
  readonly facts: Facts;
  readonly at: number;
  readonly stamp: Stamp;
}

export const stampOf = (revision: bigint | undefined, position: Position | undefined, at: number): Stamp => ({
  ...(revision === undefined ? {} : { revision: `${revision}` }),
  ...(position === undefined ? {} : { position: positionText(position) }),
  at: new Date(at).toISOString(),
});

/** Undefined while the realm does not exist: nothing can be decided then. */
export function factsOf(
  realm: RealmDocument | undefined,
  user: UserDocument | undefined,
  org: OrgDocument | undefined,
  member: MemberDocument | undefined,
  environment: EnvironmentDocument | undefined,
): Facts | undefined {
  return realm && { scheme: schemeIn(realm, org), realm, user, org, member, environment };
}

/** The scheme that decides in the organization, or outside of any. */
export const schemeIn = (realm: RealmDocument, org: OrgDocument | undefined): CompiledScheme =>
  schemeOf(org?.status === 'active' ? org.scheme : realm.scheme, realm);
