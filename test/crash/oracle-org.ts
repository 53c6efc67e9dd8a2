import type { OrgEvent } from '#libs/domain/org/events.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { EnvironmentHoldings, type HeldEvent, HoldingsOracle } from './oracle-holdings.js';
import { optional, type Row, type Rows } from './rows.js';

interface Member {
  role: string;
  since: string;
  revision: string;
  evidence: string;
  readonly grants: Map<string, Row>;
  /** Group → the event of the entry; undefined before the first one. Entries outlive their group. */
  groups?: Map<string, string>;
  assignments?: Record<string, Row> | undefined;
  suspended?: { at: string; evidence: string };
}

interface Environment {
  row: Row;
  active: boolean;
  readonly models: Map<string, Row>;
  readonly holdings: EnvironmentHoldings;
  /** Grants to groups. */
  readonly grants: Map<string, Row>;
}

interface Group {
  row: Row;
  active: boolean;
  /** Person → row. */
  readonly members: Map<string, Row>;
}

/**
 * One organization's rows, written down from the meaning of its events and without the projections: mutable, in plain
 * maps, event by event. What is illegal in a log throws.
 */
export class OrgOracle {
  private readonly id: string;
  private organization: Row | undefined;
  private org: Record<string, unknown> = {};
  private readonly holders: Record<string, number> = {};
  private readonly voided: string[] = [];
  private readonly members = new Map<string, Member>();
  private readonly suspendedHolders: Record<string, number> = {};
  private suspension: { at: string; evidence: string } | undefined;
  private readonly groups = new Map<string, Group>();
  private readonly environments = new Map<string, Environment>();
  private readonly access = new Map<string, Row>();
  private readonly holdings: HoldingsOracle;
  private deleted = false;

  constructor(private readonly stream: string) {
    this.id = stream.slice('org-'.length);
    this.holdings = new HoldingsOracle(this.id);
  }

  isMember(person: string): boolean {
    return !this.deleted && this.members.has(person);
  }

  apply(event: StoredEvent): void {
    const { type, data } = event as unknown as OrgEvent;
    const at = String(event.metadata.occurredAt);
    const revision = `${event.revision}`;
    switch (type) {
      case 'OrgCreated': {
        expect(this.organization === undefined, event);
        const { id, version } = data.scheme;
        this.organization = {
          org_id: this.id,
          realm: event.metadata.realm,
          name: data.name,
          description: null,
          owner_id: data.owner.userId,
          scheme_id: id,
          scheme_version: version,
          created_at: at,
          suspended_at: null,
          plan: null,
          transfer_requested_to: null,
          revision,
        };
        this.org = { name: data.name, scheme: data.scheme, ownerId: data.owner.userId, evidence: event.id };
        this.join(data.owner.userId, data.owner.role, event);
        break;
      }
      case 'OrgRenamed':
        this.organization = { ...this.organization, name: data.name, revision };
        this.org = { ...this.org, name: data.name };
        break;
      case 'OrgDescribed':
        this.organization = { ...this.organization, description: data.description, revision };
        this.org = { ...this.org, description: data.description ?? undefined };
        break;
      case 'RoleAssigned': {
        const member = this.member(data.userId, event);
        const { notAfter, assignedBy } = data;
        const assigned = { notAfter, assignedBy, confirmed: false, evidence: [event.id] };
        member.assignments = { ...member.assignments, [data.role]: assigned };
        break;
      }
      case 'RoleAssignmentConfirmed': {
        const { assignments = {} } = this.member(data.userId, event);
        const assigned = assignments[data.role];
        if (assigned?.confirmed !== false) throw illegal(event);
        expect(![assigned.assignedBy, data.userId].includes(data.confirmedBy), event);
        assignments[data.role] = { ...assigned, confirmed: true, evidence: [...(assigned.evidence as []), event.id] };
        break;
      }
      case 'RoleAssignmentRevoked': {
        const member = this.member(data.userId, event);
        expect(member.assignments?.[data.role] !== undefined, event);
        delete member.assignments?.[data.role];
        if (Object.keys(member.assignments ?? {}).length === 0) member.assignments = undefined;
        break;
      }
      case 'OrgPlanSet':
        this.organization = { ...this.organization, plan: data.plan, revision };
        this.org = { ...this.org, plan: data.plan };
        break;
      case 'OrgSchemeChanged': {
        const { id, version } = data.scheme;
        this.organization = { ...this.organization, scheme_id: id, scheme_version: version, revision };
        this.org = { ...this.org, scheme: data.scheme };
        break;
      }
      case 'OrgOwnershipTransferRequested':
        this.organization = { ...this.organization, transfer_requested_to: data.to, revision };
        this.org = { ...this.org, transferRequest: data };
        break;
      case 'OrgDeleted':
        this.deleted = true;
        break;
      case 'OrgSuspended':
        expect(this.suspension === undefined, event);
        this.suspension = { at, evidence: event.id };
        this.organization = { ...this.organization, suspended_at: at, revision };
        break;
      case 'OrgResumed':
        expect(this.suspension !== undefined, event);
        this.suspension = undefined;
        this.organization = { ...this.organization, suspended_at: null, revision };
        break;
      case 'MemberSuspended': {
        const member = this.member(data.userId, event);
        expect(member.suspended === undefined, event);
        this.counts(member, -1);
        Object.assign(member, { suspended: { at, evidence: event.id }, revision });
        this.counts(member, 1);
        break;
      }
      case 'MemberResumed': {
        const member = this.member(data.userId, event);
        expect(member.suspended !== undefined, event);
        this.counts(member, -1);
        Object.assign(member, { suspended: undefined, revision });
        this.counts(member, 1);
        break;
      }
      case 'GroupCreated':
        expect(!this.groups.has(data.groupId), event);
        this.groups.set(data.groupId, {
          row: {
            org_id: this.id,
            group_id: data.groupId,
            name: data.name,
            created_at: at,
            created_by: event.metadata.actor,
          },
          active: true,
          members: new Map(),
        });
        break;
      case 'GroupRenamed': {
        const group = this.group(data.groupId, event);
        group.row = { ...group.row, name: data.name };
        break;
      }
      case 'GroupDeleted': {
        const group = this.group(data.groupId, event);
        group.active = false;
        group.members.clear();
        // All that was granted to it was revoked right before.
        for (const { grants } of this.environments.values()) expect(!grants.has(data.groupId), event);
        break;
      }
      case 'GroupMemberAdded': {
        const member = this.member(data.userId, event);
        member.groups = (member.groups ?? new Map<string, string>()).set(data.groupId, event.id);
        this.group(data.groupId, event).members.set(data.userId, {
          org_id: this.id,
          group_id: data.groupId,
          user_id: data.userId,
          added_at: at,
          added_by: event.metadata.actor,
        });
        break;
      }
      case 'GroupMemberRemoved':
        this.member(data.userId, event).groups?.delete(data.groupId);
        this.group(data.groupId, event).members.delete(data.userId);
        break;
      case 'EnvironmentRenamed': {
        const environment = this.environment(data.environmentId, event);
        environment.row = { ...environment.row, name: data.name };
        break;
      }
      case 'MemberAdded':
        expect(!this.members.has(data.userId), event);
        this.join(data.userId, data.role, event);
        break;
      case 'MemberRoleChanged':
        this.takesRole(data.userId, data.role, event);
        break;
      case 'MemberRemoved': {
        this.counts(this.member(data.userId, event), -1);
        this.members.delete(data.userId);
        for (const { members } of this.groups.values()) members.delete(data.userId);
        this.dropAccess((row) => row.grantee_type === 'user' && row.grantee_id === data.userId);
        break;
      }
      case 'OrgOwnershipTransferred':
        this.takesRole(data.from, data.left, event);
        this.takesRole(data.to, data.role, event);
        this.organization = { ...this.organization, owner_id: data.to, transfer_requested_to: null, revision };
        this.org = { ...this.org, ownerId: data.to, transferRequest: undefined };
        break;
      case 'EnvironmentCreated':
        expect(!this.environments.has(data.environmentId), event);
        this.environments.set(data.environmentId, {
          row: {
            org_id: this.id,
            environment_id: data.environmentId,
            kind: data.kind ?? 'environment',
            name: data.name,
            created_at: at,
            created_by: event.metadata.actor,
          },
          active: true,
          models: new Map(),
          holdings: new EnvironmentHoldings(),
          grants: new Map(),
        });
        break;
      case 'EnvironmentDeleted': {
        const environment = this.environment(data.environmentId, event);
        environment.active = false;
        environment.models.clear();
        environment.holdings.apply(event as unknown as OrgEvent);
        environment.grants.clear();
        this.dropAccess((row) => row.environment_id === data.environmentId);
        break;
      }
      case 'EnvironmentAccessGranted': {
        const { notBefore, notAfter, role } = data;
        const [grants, key] = this.holding(data, event);
        grants.set(key, { ...optional({ notBefore, notAfter, role }), evidence: event.id });
        this.access.set(accessKey(data), {
          org_id: this.id,
          environment_id: data.environmentId,
          grantee_type: data.grantee.type,
          grantee_id: data.grantee.id,
          not_before: notBefore ?? null,
          not_after: notAfter ?? null,
          role: role ?? null,
          granted_by: event.metadata.actor,
          granted_at: at,
          event_id: event.id,
        });
        break;
      }
      case 'EnvironmentAccessRevoked': {
        const [grants, key] = this.holding(data, event);
        grants.delete(key);
        this.access.delete(accessKey(data));
        break;
      }
      case 'ModelAdded':
        this.environment(data.environmentId, event).models.set(data.modelId, {
          org_id: this.id,
          environment_id: data.environmentId,
          model_id: data.modelId,
          provider: data.provider,
          name: data.name,
        });
        break;
      case 'ModelRemoved':
        this.environment(data.environmentId, event).models.delete(data.modelId);
        break;
      case 'EnvironmentMcpServerAdded':
      case 'EnvironmentMcpServerRemoved':
      case 'EnvironmentCredentialIssued':
      case 'EnvironmentCredentialRotated':
      case 'EnvironmentCredentialRevoked':
      case 'OAuthConnected':
      case 'OAuthDisconnected':
        this.environment(data.environmentId, event).holdings.apply(event as unknown as OrgEvent);
        break;
      case 'MembershipClaimVoided':
        this.voided.push(data.claimId);
        break;
      case 'CommandHadNoEffect':
        break;
      case 'AutoRechargeRemoved':
      case 'AutoRechargeSet':
      case 'BillingDetailsSet':
      case 'CreditsBought':
      case 'InvoiceRecorded':
      case 'PaymentMethodSaved':
      case 'BudgetRemoved':
      case 'CheckpointWitnessRemoved':
      case 'CheckpointWitnessSet':
      case 'BudgetSet':
      case 'DocumentSet':
      case 'McpServerAdded':
      case 'McpServerRemoved':
      case 'ProviderKeyAdded':
      case 'ProviderKeyRotated':
      case 'ProviderKeyRemoved':
      case 'PersonalWorkflowRegistered':
      case 'WorkflowMadePersonal':
      case 'WorkflowMoved':
      case 'WorkflowPromoted':
      case 'WorkflowRegistered':
      case 'WorkflowRemoved':
        this.holdings.apply({ type, data } as HeldEvent, at, event.id);
        break;
      // Under this scheme nobody is invited.
      case 'InvitationAccepted':
      case 'InvitationCanceled':
      case 'InvitationCreated':
      case 'InvitationDeclined':
      case 'InvitationResent':
      case 'InvitedAddressErased':
      // Nobody under this scheme assigns anything, sets a key of workers, or cancels a plan.
      case 'SubscriptionCanceled':
      case 'WorkerSshKeySet':
      case 'ContentAssigned':
      case 'ContentUnassigned':
      // Machines are documents alone, which are written as those of workflows.
      case 'ApiKeyCreated':
      case 'ApiKeyRevoked':
      case 'OrgApiKeyCreated':
      case 'OrgApiKeyRevoked':
      case 'ServiceAccountCreated':
      case 'ServiceAccountRenamed':
      case 'ServiceAccountRoleChanged':
      case 'ServiceAccountDeleted':
      case 'ServiceAccountKeyIssued':
      case 'ServiceAccountKeyRotated':
      case 'ServiceAccountKeyRevoked':
      // Erasures have crash tests of their own.
      case 'LegalHoldPlaced':
      case 'LegalHoldReleased':
      case 'MemberErasureRequested':
        throw illegal(event);
    }
  }

  addTo(rows: Rows): void {
    for (const [kind, id, doc] of this.documents())
      rows.add('access_documents', { stream: this.stream, kind, id, doc });
    this.holdings.addTo(rows, this.stream, this.deleted);
    // Its documents stay, with the one that says so: its rows do not.
    if (this.deleted) return;
    if (this.organization !== undefined) rows.add('organizations', this.organization);
    for (const [user_id, { role, since, suspended, revision }] of this.members)
      rows.add('members', { org_id: this.id, user_id, role, since, suspended_at: suspended?.at ?? null, revision });
    for (const { row, active, members } of this.groups.values()) {
      if (active) rows.add('groups', row);
      for (const member of members.values()) rows.add('group_members', member);
    }
    for (const { row, active, models } of this.environments.values()) {
      if (active) rows.add('environments', row);
      for (const model of models.values()) rows.add('environment_models', model);
    }
    for (const row of this.access.values()) rows.add('environment_access', row);
  }

  private *documents(): Iterable<readonly [kind: string, id: string, doc: unknown]> {
    // The owner is a member, so there is a document of an organization wherever it was created or a claim was voided.
    if (this.organization !== undefined || this.voided.length > 0) yield ['org', '', this.orgDocument()];
    for (const [id, { role, evidence, grants, groups, assignments, suspended }] of this.members)
      yield [
        'member',
        id,
        {
          id,
          role,
          evidence,
          grants: Object.fromEntries(grants),
          ...(groups && { groups: Object.fromEntries(groups) }),
          ...(assignments && { assignments }),
          ...(suspended && { suspension: { evidence: suspended.evidence } }),
        },
      ];
    for (const [id, { row, active }] of this.groups)
      yield ['group', id, { id, name: row.name, status: active ? 'active' : 'deleted' }];
    for (const [id, { row, active, models, holdings, grants }] of this.environments)
      yield [
        'environment',
        id,
        {
          id,
          name: row.name,
          ...(row.kind !== 'environment' && { kind: row.kind }),
          status: active ? 'active' : 'deleted',
          models: Object.fromEntries([...models].map(([model, { provider, name }]) => [model, { provider, name }])),
          ...holdings.document,
          groupGrants: Object.fromEntries(grants),
        },
      ];
  }

  private orgDocument(): unknown {
    const none = { name: '', scheme: { id: '', version: 0 }, ownerId: '', evidence: '' };
    const exists = this.organization !== undefined;
    return {
      id: exists ? this.id : '',
      status: this.deleted ? 'deleted' : exists ? 'active' : 'none',
      ...(exists ? optional(this.org) : none),
      holders: this.holders,
      ...(Object.keys(this.suspendedHolders).length > 0 && { suspendedHolders: this.suspendedHolders }),
      ...(this.suspension && { suspension: { evidence: this.suspension.evidence } }),
      voidedClaims: this.voided,
    };
  }

  private join(person: string, role: string, event: StoredEvent): void {
    const member: Member = {
      role,
      since: String(event.metadata.occurredAt),
      revision: `${event.revision}`,
      evidence: event.id,
      grants: new Map(),
    };
    this.members.set(person, member);
    this.counts(member, 1);
  }

  private takesRole(person: string, role: string, event: StoredEvent): void {
    const member = this.member(person, event);
    this.counts(member, -1);
    Object.assign(member, { role, revision: `${event.revision}`, evidence: event.id });
    this.counts(member, 1);
  }

  private counts({ role, suspended }: Member, change: number): void {
    for (const counts of suspended === undefined ? [this.holders] : [this.holders, this.suspendedHolders])
      counts[role] = (counts[role] ?? 0) + change;
  }

  /** Where a grant stands, and as what: with the person, or with the environment where it is to a group. */
  private holding(
    { environmentId, grantee }: { environmentId: string; grantee: { type: string; id: string } },
    event: StoredEvent,
  ): readonly [Map<string, Row>, string] {
    const environment = this.environment(environmentId, event);
    if (grantee.type === 'user') return [this.member(grantee.id, event).grants, environmentId];
    this.group(grantee.id, event);
    return [environment.grants, grantee.id];
  }

  private group(id: string, event: StoredEvent): Group {
    const group = this.groups.get(id);
    if (group?.active !== true) throw illegal(event);
    return group;
  }

  private dropAccess(which: (row: Row) => boolean): void {
    for (const [key, row] of this.access) {
      if (!which(row)) continue;
      this.access.delete(key);
      if (row.grantee_type === 'user')
        this.members.get(String(row.grantee_id))?.grants.delete(String(row.environment_id));
    }
  }

  private member(person: string, event: StoredEvent): Member {
    const member = this.members.get(person);
    if (member === undefined) throw illegal(event);
    return member;
  }

  private environment(id: string, event: StoredEvent) {
    const environment = this.environments.get(id);
    if (environment?.active !== true) throw illegal(event);
    return environment;
  }
}

const accessKey = ({ environmentId, grantee }: { environmentId: string; grantee: { type: string; id: string } }) =>
  `${environmentId}/${grantee.type}/${grantee.id}`;

const illegal = ({ stream, revision, type }: StoredEvent) => new Error(`${type} is not legal at ${stream}@${revision}`);

function expect(legal: boolean, event: StoredEvent): void {
  if (!legal) throw illegal(event);
}
