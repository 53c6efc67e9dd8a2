import type { OrgEvent } from '#libs/domain/org/events.js';

export interface NaiveGrant {
  readonly from: string | undefined;
  readonly until: string | undefined;
  /** The role in the environment that the grant names, if any. */
  readonly role: string | undefined;
}

/**
 * An organization written down a second time, from the rules and without the code: mutable, in plain maps and sets. Who leaves,
 * or what is deleted, takes its grants along. What follows from it for whom, the naive access tells.
 */
export class NaiveOrg {
  exists = false;
  id = '';
  name = '';
  description: string | null = null;
  suspended = false;
  owner = '';
  readonly roles = new Map<string, string>();
  readonly suspendedMembers = new Set<string>();
  /** Workflow → environment; empty in its owner's personal one. */
  readonly workflows = new Map<string, string>();
  /** Workflow → person. */
  readonly workflowOwners = new Map<string, string>();
  /** Service account → its role, and keys that were issued and not revoked; whether they end by themselves. */
  readonly machines = new Map<string, { role: string; keys: Map<string, boolean> }>();
  /** Person → roles that two people have given them. */
  readonly confirmed = new Map<string, Set<string>>();
  private readonly assigners = new Map<string, string>();
  /** `person role` → when it ends. */
  readonly assignedUntil = new Map<string, string>();
  /** Environment → kind. */
  readonly kinds = new Map<string, string>();
  /** How many people had a place, and how many environments there were, when a plan was last set. */
  whenLimited = { members: 0, environments: 0 };
  readonly pending = new Set<string>();
  readonly groupNames = new Map<string, string>();
  /** Group → people. */
  readonly inGroup = new Map<string, Set<string>>();
  readonly environments = new Map<string, string>();
  readonly deleted = new Set<string>();
  readonly models = new Map<string, Map<string, string>>();
  /** Provider key → provider. */
  readonly providers = new Map<string, string>();
  /** Environment → person → window. */
  readonly grants = new Map<string, Map<string, NaiveGrant>>();
  /** Environment → group → window. */
  readonly groupGrants = new Map<string, Map<string, NaiveGrant>>();

  /** Whether models come only from providers whose key is held, as in the scheme `enterprise` (T27). */
  constructor(private readonly ownProviders = true) {}

  apply({ type, data }: OrgEvent): void {
    switch (type) {
      case 'OrgCreated':
        this.exists = true;
        this.id = data.orgId;
        this.name = data.name;
        this.owner = data.owner.userId;
        this.roles.set(data.owner.userId, data.owner.role);
        break;
      case 'OrgRenamed':
        this.name = data.name;
        break;
      case 'OrgDescribed':
        this.description = data.description;
        break;
      case 'OrgSuspended':
        this.suspended = true;
        break;
      case 'OrgResumed':
        this.suspended = false;
        break;
      case 'MemberSuspended':
        this.suspendedMembers.add(data.userId);
        break;
      case 'MemberResumed':
        this.suspendedMembers.delete(data.userId);
        break;
      case 'GroupCreated':
      case 'GroupRenamed':
        this.groupNames.set(data.groupId, data.name);
        break;
      case 'GroupDeleted':
        this.groupNames.delete(data.groupId);
        this.inGroup.delete(data.groupId);
        for (const granted of this.groupGrants.values()) granted.delete(data.groupId);
        break;
      case 'GroupMemberAdded':
        this.inGroup.set(data.groupId, (this.inGroup.get(data.groupId) ?? new Set<string>()).add(data.userId));
        break;
      case 'GroupMemberRemoved':
        this.inGroup.get(data.groupId)?.delete(data.userId);
        break;
      case 'MemberAdded':
      case 'MemberRoleChanged':
        this.roles.set(data.userId, data.role);
        break;
      case 'MemberRemoved':
        this.roles.delete(data.userId);
        this.suspendedMembers.delete(data.userId);
        this.confirmed.delete(data.userId);
        for (const granted of this.grants.values()) granted.delete(data.userId);
        for (const people of this.inGroup.values()) people.delete(data.userId);
        break;
      case 'OrgOwnershipTransferred':
        this.owner = data.to;
        this.roles.set(data.from, 'org.admin');
        this.roles.set(data.to, 'org.owner');
        break;
      case 'EnvironmentCreated':
        this.kinds.set(data.environmentId, data.kind ?? 'environment');
        this.environments.set(data.environmentId, data.name);
        break;
      case 'EnvironmentRenamed':
        this.environments.set(data.environmentId, data.name);
        break;
      case 'EnvironmentDeleted':
        this.environments.delete(data.environmentId);
        this.deleted.add(data.environmentId);
        this.grants.delete(data.environmentId);
        this.groupGrants.delete(data.environmentId);
        this.models.delete(data.environmentId);
        break;
      case 'EnvironmentAccessGranted': {
        const granted = this.grantsTo(data.grantee.type);
        const onThis = granted.get(data.environmentId) ?? new Map<string, NaiveGrant>();
        onThis.set(data.grantee.id, { from: data.notBefore, until: data.notAfter, role: data.role });
        granted.set(data.environmentId, onThis);
        break;
      }
      case 'EnvironmentAccessRevoked':
        this.grantsTo(data.grantee.type).get(data.environmentId)?.delete(data.grantee.id);
        break;
      case 'ModelAdded': {
        if (this.ownProviders && ![...this.providers.values()].includes(data.provider))
          throw new Error(`a model of ${data.provider}, of which no key is held`);
        const models = this.models.get(data.environmentId) ?? new Map<string, string>();
        this.models.set(data.environmentId, models.set(data.modelId, `${data.provider}/${data.name}`));
        break;
      }
      case 'ModelRemoved':
        this.models.get(data.environmentId)?.delete(data.modelId);
        break;
      case 'OrgDeleted':
        this.exists = false;
        break;
      case 'RoleAssigned':
        this.assigners.set(`${data.userId} ${data.role}`, data.assignedBy);
        this.assignedUntil.set(`${data.userId} ${data.role}`, data.notAfter);
        this.confirmed.get(data.userId)?.delete(data.role);
        break;
      case 'RoleAssignmentConfirmed': {
        const assigner = this.assigners.get(`${data.userId} ${data.role}`);
        if (assigner === undefined || [assigner, data.userId].includes(data.confirmedBy))
          throw new Error(`${data.confirmedBy} confirmed what they may not`);
        this.confirmed.set(data.userId, (this.confirmed.get(data.userId) ?? new Set()).add(data.role));
        break;
      }
      case 'RoleAssignmentRevoked':
        this.confirmed.get(data.userId)?.delete(data.role);
        break;
      case 'OrgPlanSet':
        this.whenLimited = { members: this.roles.size + this.pending.size, environments: this.environments.size };
        break;
      case 'OrgSchemeChanged':
        if (data.scheme.version === data.from.version) throw new Error('moved to where it is');
        break;
      case 'InvitationCreated':
        this.pending.add(data.invitationId);
        break;
      case 'InvitationCanceled':
      case 'InvitationDeclined':
        this.pending.delete(data.invitationId);
        break;
      case 'InvitationAccepted':
        this.pending.delete(data.invitationId);
        this.roles.set(data.userId, data.role);
        for (const { environmentId, role } of data.environments) {
          const onThis = this.grants.get(environmentId) ?? new Map<string, NaiveGrant>();
          this.grants.set(environmentId, onThis.set(data.userId, { from: undefined, until: undefined, role }));
        }
        break;
      case 'ServiceAccountCreated':
      case 'ServiceAccountRoleChanged':
        this.machines.set(data.accountId, { role: data.role, keys: this.keysOf(data.accountId) });
        break;
      case 'OrgApiKeyCreated':
        this.machines.set(data.keyId, { role: data.role, keys: new Map([[data.keyId, data.notAfter !== undefined]]) });
        break;
      case 'OrgApiKeyRevoked':
        this.machines.delete(data.keyId);
        break;
      case 'ServiceAccountDeleted':
        this.machines.delete(data.accountId);
        break;
      case 'ServiceAccountKeyIssued':
      case 'ServiceAccountKeyRotated':
        this.keysOf(data.accountId).set(data.keyId, data.notAfter !== undefined);
        if (type === 'ServiceAccountKeyRotated') this.keysOf(data.accountId).set(data.from, true);
        break;
      case 'ServiceAccountKeyRevoked':
        this.keysOf(data.accountId).delete(data.keyId);
        break;
      case 'WorkflowRegistered':
        this.workflowOwners.set(data.workflowId, data.ownerId);
        this.workflows.set(data.workflowId, data.environmentId);
        break;
      case 'WorkflowMoved':
      case 'WorkflowPromoted':
        this.workflows.set(data.workflowId, data.environmentId);
        break;
      case 'PersonalWorkflowRegistered':
        this.workflowOwners.set(data.workflowId, data.ownerId);
        this.workflows.set(data.workflowId, '');
        break;
      case 'WorkflowMadePersonal':
        this.workflows.set(data.workflowId, '');
        break;
      case 'WorkflowRemoved':
        this.workflows.delete(data.workflowId);
        break;
      case 'ProviderKeyAdded':
        this.providers.set(data.keyId, data.provider);
        break;
      case 'ProviderKeyRemoved':
        this.providers.delete(data.keyId);
        break;
      // What these change is seen elsewhere: no access follows from it.
      case 'ApiKeyCreated':
      case 'ApiKeyRevoked':
      case 'ServiceAccountRenamed':
      case 'InvitationResent':
      case 'OrgOwnershipTransferRequested':
      case 'EnvironmentMcpServerAdded':
      case 'EnvironmentMcpServerRemoved':
      case 'OAuthConnected':
      case 'OAuthDisconnected':
      case 'ContentAssigned':
      case 'ContentUnassigned':
      case 'DocumentSet':
      case 'McpServerAdded':
      case 'McpServerRemoved':
      case 'BudgetSet':
      case 'LegalHoldPlaced':
      case 'LegalHoldReleased':
      case 'MemberErasureRequested':
      case 'InvitedAddressErased':
      case 'BudgetRemoved':
      case 'EnvironmentCredentialIssued':
      case 'EnvironmentCredentialRotated':
      case 'EnvironmentCredentialRevoked':
      case 'ProviderKeyRotated':
      case 'WorkerSshKeySet':
      case 'CheckpointWitnessSet':
      case 'CheckpointWitnessRemoved':
      case 'SubscriptionCanceled':
      case 'BillingDetailsSet':
      case 'PaymentMethodSaved':
      case 'CreditsBought':
      case 'AutoRechargeSet':
      case 'AutoRechargeRemoved':
      case 'InvoiceRecorded':
      case 'CommandHadNoEffect':
      case 'MembershipClaimVoided':
        break;
    }
  }

  private keysOf(account: string): Map<string, boolean> {
    return this.machines.get(account)?.keys ?? new Map<string, boolean>();
  }

  private grantsTo(type: 'user' | 'group'): Map<string, Map<string, NaiveGrant>> {
    return type === 'user' ? this.grants : this.groupGrants;
  }
}
