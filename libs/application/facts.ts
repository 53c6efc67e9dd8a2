import type { Facts } from '#libs/domain/access/bindings.js';
import type {
  EnvironmentDocument,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Position } from './ports/event-store.js';

/** Facts of one moment, with the revision of the organization and the instant that they stand for. */
export interface Moment {
  readonly facts: Facts;
  readonly revision: bigint | undefined;
  readonly position: Position | undefined;
  readonly at: number;
}

/** Undefined while the realm does not exist: nothing can be decided then. */
export function factsOf(
  realm: RealmDocument | undefined,
  user: UserDocument | undefined,
  org: OrgDocument | undefined,
  member: MemberDocument | undefined,
  environment: EnvironmentDocument | undefined,
): Facts | undefined {
  if (realm === undefined) return undefined;
  const scheme = schemeOf(org?.status === 'active' ? org.scheme : realm.scheme, realm);
  return { scheme, realm, user, org, member, environment };
}
