import type { SecretReference } from '../org/fields.js';
import type { SchemeRef } from '../schemes/reference.js';
import type { EnvironmentKind } from '../schemes/scheme.js';

/** When a grant holds: from `notBefore` on, and before `notAfter`. RFC 3339; absent bounds are open. */
export interface Grant {
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
  /** A role in the child that the grant names itself, beside or in place of what it gives. */
  readonly role?: string | undefined;
  /** Id of the event that gave it. */
  readonly evidence: string;
}

/** A role held beside the membership, for a time; where the scheme asks for it, only once a second person confirmed. */
export interface Assignment {
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
  /** Somebody else confirms. */
  readonly assignedBy?: string | undefined;
  readonly confirmed: boolean;
  /** Ids of the events that gave and confirmed it. */
  readonly evidence: readonly string[];
}

/** Taken for a time: what is held holds nothing until it is given back. */
export interface Suspension {
  readonly evidence: string;
}

export interface Model {
  readonly provider: string;
  readonly name: string;
}

/** A realm's rules for who administers the platform. Addresses stand here as keyed indexes only. */
export interface RealmDocument {
  readonly id: string;
  /** What the realm's own questions are decided by, and its organizations begin under. */
  readonly scheme: SchemeRef;
  /** Those that it ran before, oldest first. */
  readonly formerSchemes?: readonly SchemeRef[];
  /** Versions of role schemes that were defined here, as JSON by `id@version`. */
  readonly schemes?: Readonly<Record<string, string>>;
  /** Id of the realm's first event: names this log, so that a token of another one is recognized. */
  readonly storeId: string;
  readonly adminGroup: string | null;
  readonly adminEmailIndexes: readonly string[];
  readonly systemUserId: string | null;
  /** Teams of the platform's own: team → person → the role held in it. */
  readonly teams?: Readonly<Record<string, Readonly<Record<string, TeamMember>>>>;
  /** Platform roles that were given to single principals: principal → role. */
  readonly assignments?: Readonly<Record<string, Readonly<Record<string, Assignment>>>>;
  /** Machines of the platform's own, by id; absent where there never was one. */
  readonly services?: Readonly<Record<string, ServiceAccountDocument>>;
  readonly evidence: string;
}

export interface TeamMember {
  readonly role: string;
  readonly evidence: string;
}

/** What a person's verified tokens have shown, and the organization that claims the person. */
export interface UserDocument {
  readonly id: string;
  readonly claims: UserClaims | null;
  readonly membershipClaim: MembershipClaim | null;
  /** Those of realms other than `default`, by realm. */
  readonly claimsInRealms?: Readonly<Record<string, MembershipClaim>>;
  readonly profileIndex: string | null;
  /** When the youngest token that changed anything here was issued: an older one changes nothing. Seconds. */
  readonly tokenIssuedAt: number | null;
  /** Own keys to every organization that they belong to, by id; absent where there never was one. */
  readonly apiKeys?: Readonly<Record<string, PersonalKey>>;
  /** The last time that the person was erased. */
  readonly erasure?: { readonly requestId: string; readonly verified: boolean };
}

export interface MembershipClaim {
  readonly orgId: string;
  readonly claimId: string;
}

export interface UserClaims {
  /** Only the groups that a role source of the realm names. */
  readonly groups: readonly string[];
  /** Keyed index of the verified address; null where the token had none. */
  readonly emailIndex: string | null;
  /** When the token was issued. Seconds. */
  readonly issuedAt: number;
  readonly observedAt: string;
  readonly evidence: string;
}

export interface OrgDocument {
  readonly id: string;
  /** Absent for the realm `default`. */
  readonly realm?: string | undefined;
  readonly name: string;
  /** Absent where there is none. */
  readonly description?: string | undefined;
  /** A deleted organization stays known, so that its id is never used again. */
  readonly status: 'none' | 'active' | 'deleted';
  readonly scheme: SchemeRef;
  /** Absent until one was set: nothing is limited then. */
  readonly plan?: string | undefined;
  /** Of the plan, by the organization itself; whoever sets a plan takes it back. */
  readonly cancellation?: Cancellation | undefined;
  /** Asked for by the owner, to be carried out by whoever may transfer the ownership. */
  readonly transferRequest?: TransferRequest | undefined;
  /** The holder of the role that ownership transfers move; the creator's choice at first. */
  readonly ownerId: string;
  /** How many members hold each role. */
  readonly holders: Readonly<Record<string, number>>;
  /** How many of these are suspended: they hold the role, and nobody can rely on them. */
  readonly suspendedHolders?: Readonly<Record<string, number>>;
  /** Membership claims that another organization has voided before they were borne out here. */
  readonly voidedClaims: readonly string[];
  readonly suspension?: Suspension | undefined;
  /** Absent where there is none. */
  readonly legalHolds?: Readonly<Record<string, LegalHold>>;
  readonly evidence: string;
}

/** Keeps what is known of a person, or of everybody whom the organization knows, from being erased. */
export interface LegalHold {
  readonly userId?: string | undefined;
  readonly matter: string;
  /** Somebody else releases it. */
  readonly placedBy: string;
}

export interface Cancellation {
  readonly at: string;
  /** The last day that is paid for, where whoever cancels knows it. */
  readonly endsOn?: string | undefined;
}

export interface TransferRequest {
  readonly to: string;
  readonly requestedBy: string;
}

/** A member with the grants given to this very person: removing the member removes them in the same event. */
export interface MemberDocument {
  readonly id: string;
  readonly role: string;
  readonly evidence: string;
  readonly grants: Readonly<Record<string, Grant>>;
  /** Roles beside the one of the membership. */
  readonly assignments?: Readonly<Record<string, Assignment>>;
  /** The groups that the member is in, or was until they were deleted: group → id of the event that put them there. */
  readonly groups?: Readonly<Record<string, string>>;
  readonly suspension?: Suspension | undefined;
  /** Id of the event that asked for the person to be erased: the membership is about to end. */
  readonly erasureRequested?: string;
  /** The member's own keys to the organization, by id: whatever ends the membership ends them. */
  readonly apiKeys?: Readonly<Record<string, IssuedKey>>;
  /** Of machines alone, whose access is told in the shape of a membership. */
  readonly machine?: 'service' | 'workflow';
  /** Of a workflow in its owner's personal environment alone: whose that is, by which membership. */
  readonly home?: { readonly ownerId: string; readonly evidence: string };
}

/** A group; who is in it stands with the members. A deleted one stays known, so that its id is never used again. */
export interface GroupDocument {
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'deleted';
}

/** An address that was asked to join; the address itself is a personal field of the event. */
export interface InvitationDocument {
  readonly id: string;
  /** Keyed index of the address. */
  readonly emailIndex: string;
  readonly role: string;
  readonly environments: readonly InvitedTo[];
  /** RFC 3339; from then on it counts as none. */
  readonly expiresAt: string;
  readonly status: 'pending' | 'accepted' | 'declined' | 'canceled';
  readonly acceptedBy?: string | undefined;
  readonly addressErased?: boolean;
}

/** An environment that comes with an invitation, and the role in it that the grant will name, if any. */
export interface InvitedTo {
  readonly environmentId: string;
  readonly role?: string | undefined;
}

/** A workflow is linked to one environment at a time, and acts with the access of that one in the organization. */
export interface WorkflowDocument {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  /** Absent while it is in its owner's personal environment, which is nothing of the organization (T40). */
  readonly environmentId?: string | undefined;
  readonly status: 'active' | 'removed';
  /** Id of the event that linked it to the environment. */
  readonly evidence: string;
}

/** A machine of an organization, or of the platform, with a role there; known by keys. */
export interface ServiceAccountDocument {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** A deleted account stays known, so that its id is never used again. */
  readonly status: 'active' | 'deleted';
  /** A key of the organization itself, and no account: it has that key alone, under its own id. */
  readonly isApiKey?: true;
  readonly createdAt: string;
  /** Those that were not revoked, by id. */
  readonly keys: Readonly<Record<string, IssuedKey>>;
  /** Id of the event that gave the role. */
  readonly evidence: string;
}

/** A key as the log knows it: never its text. */
export interface IssuedKey {
  /** Keyed digest of the text. */
  readonly fingerprint: string;
  readonly lastFour: string;
  readonly issuedAt: string;
  /** RFC 3339; from then on it is accepted no more. */
  readonly notAfter?: string | undefined;
  /** When another key took its place. */
  readonly rotatedAt?: string | undefined;
}

/** A person's own key, in the realm that it was created in. */
export interface PersonalKey extends IssuedKey {
  readonly realm: string;
}

/** Opaque to tenantry, and versioned by it. */
export interface VersionedDocument {
  readonly version: number;
  /** JSON. */
  readonly document: string;
}

export interface McpServer {
  readonly name: string;
  readonly url: string;
}

export interface OAuthConnection {
  readonly provider: string;
  readonly name: string;
}

/** In minor units of the currency, for each period. */
export interface Budget {
  readonly amount: number;
  readonly currency: string;
  readonly period: 'day' | 'month' | 'total';
}

/** What an organization holds beside its environments; no access decision reads it. */
export interface SettingsDocument {
  readonly documents: Readonly<Record<string, VersionedDocument>>;
  readonly mcpServers: Readonly<Record<string, McpServer>>;
  /** By environment, or `user/<id>`; the organization's own under the empty name. */
  readonly budgets: Readonly<Record<string, Budget>>;
  /** Who outside is given signed checkpoints; absent where nobody is. */
  readonly checkpointWitness?: { readonly url: string };
  /** By which the platform's workers are known to what they connect to; absent until it was set. */
  readonly workerSshKey?: { readonly publicKey: string; readonly setAt: string };
  /** Absent where there never was one. */
  readonly providerKeys?: Readonly<Record<string, ProviderKey>>;
  /** Absent until something of it was set. */
  readonly billing?: BillingDocument;
}

/** A key of an AI provider; the credential is kept elsewhere, sealed. */
export interface ProviderKey {
  readonly provider: string;
  readonly name: string;
  readonly credential: SecretReference;
}

/** How an organization pays. */
export interface BillingDocument {
  readonly details?: {
    readonly company: string;
    readonly taxId?: string | undefined;
    readonly country: string;
    readonly purchaseReference?: string | undefined;
  };
  readonly paymentMethod?: {
    readonly provider: string;
    readonly reference: string;
    readonly brand?: string | undefined;
    readonly last4?: string | undefined;
    readonly expires?: string | undefined;
  };
  readonly autoRecharge?: { readonly below: number; readonly credits: number };
  /** By all purchases together. */
  readonly creditsBought?: number;
}

export interface Invoice {
  readonly number: string;
  readonly issuedOn: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: 'open' | 'paid' | 'void';
  readonly url?: string | undefined;
}

/** A purchase of credits, or an invoice: known by its id, so that none counts twice. */
export interface ChargeDocument {
  /** `purchase/<id>` or `invoice/<id>`. */
  readonly id: string;
  readonly credits?: number;
  readonly invoice?: Invoice;
}

/** An environment with what it holds and the grants to groups: so no event rewrites many documents. */
export interface EnvironmentDocument {
  readonly id: string;
  readonly name: string;
  /** Absent for the kind `environment`. */
  readonly kind?: EnvironmentKind | undefined;
  /** Where the scheme knows of them. */
  readonly cloudProvider?: string | undefined;
  /** A deleted environment stays known, so that its id is never used again. */
  readonly status: 'active' | 'deleted';
  readonly models: Readonly<Record<string, Model>>;
  readonly mcpServers?: Readonly<Record<string, McpServer>> | undefined;
  readonly oauthConnections?: Readonly<Record<string, OAuthConnection>> | undefined;
  /** What was assigned to it, by `product/<id>` or `project/<id>`. */
  readonly contents?: Readonly<Record<string, { readonly assignedAt: string }>> | undefined;
  readonly groupGrants: Readonly<Record<string, Grant>>;
  /** Absent where none was issued, or not any more. */
  readonly credential?: EnvironmentCredential | undefined;
}

/** The virtual key of an environment, by its id; one that it replaces is accepted for a while. */
export interface EnvironmentCredential {
  readonly id: string;
  readonly former?: { readonly id: string; readonly until: string };
}

/** The realm that an organization without one belongs to: there was only this one at first. */
export const DEFAULT_REALM = 'default';

export const realmOf = ({ realm }: OrgDocument): string => realm ?? DEFAULT_REALM;

/** Whether nothing of the organization belongs to another realm (tenant guard); one that has not begun belongs to none. */
export const isOfRealm = (org: OrgDocument, realm: string): boolean => org.status === 'none' || realmOf(org) === realm;

/** Reads a record by a key that came from outside: never the prototype's properties. */
export function own<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
