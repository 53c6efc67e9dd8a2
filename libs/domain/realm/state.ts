import type { Model, RealmDocument, VersionedDocument } from '../access/documents.js';
import type { SchemeRef } from '../schemes/reference.js';
import type { RealmIssuer } from './issuers.js';
import type { SignUpRules } from './sign-in.js';

export interface RealmState {
  readonly realm: RealmDocument | undefined;
  /** Beside what decides: no check has to load it. Undefined until something was set. */
  readonly settings: RealmSettings | undefined;
}

export interface RealmSettings {
  /** What is charged for what: opaque to tenantry. */
  readonly pricing?: VersionedDocument;
  readonly loginMethods?: readonly string[];
  /** Absent: anybody may come. */
  readonly signUp?: SignUpRules;
  /** The platform's own, by id. */
  readonly models?: Readonly<Record<string, Model>>;
  /** Beside those of the configuration. */
  readonly issuers?: readonly RealmIssuer[];
  /** Of the deployment's first realm alone. */
  readonly hosted?: HostedDocument;
}

/** What the realms of a deployment may not have twice. */
export interface HostedDocument {
  /** Identity provider → the realm that it vouches for, for good. */
  readonly issuers: Readonly<Record<string, string>>;
  /** Realms that were created by command, by id; absent while there is none. */
  readonly realms?: Readonly<Record<string, RegisteredRealm>>;
}

/** How a realm begins. */
export interface RegisteredRealm {
  readonly scheme: SchemeRef;
  readonly adminGroup: string | null;
  readonly adminEmailIndexes: readonly string[];
}
