import type { StreamDocument } from '#libs/application/ports/read-models.js';
import type { Step } from '#libs/application/command-request.js';
import { clientSchemas } from '#libs/application/command-table.js';

/** One request of a client; sent again under its key until it is answered. */
export interface Request {
  readonly key: string;
  /** Letters, which become names of the sequence alone. */
  readonly by: string;
  /** The organization it is posted to; absent for a command of the realm. */
  readonly org?: string;
  readonly steps: readonly Draft[];
  /** Which of the person's tokens it brings: a later one tells another name. */
  readonly token?: number;
}

/** A command whose people and organizations are letters. */
export interface Draft {
  readonly name: Step['name'];
  readonly input: Readonly<Record<string, unknown>>;
}

/** A question about everything that checks read of an organization, not from before what was acknowledged by then. */
export interface Question {
  readonly about: string;
}

/** What is sent at once, each to an api process of its own. */
export type Act = readonly (Request | Question)[];

/** The platform admin of every sequence, by the group that the token shows. */
export const ROOT = 'root';
/** The one group that organizations make; a grantee of this name is it and no person. */
export const GROUP = 'crew';
/** All sequences share it, as they share the log. */
export const REALM = 'default';

/** Every sequence has organizations and people of its own, so that any number of them share a log and a database. */
export class Cast {
  constructor(readonly name: string) {}

  org = (letter: string): string => `${this.name}-${letter}`;
  person = (letter: string): string => (letter === ROOT ? ROOT : `${this.name}-${letter}`);

  /** Every document that decisions about the organization may read, there or not. */
  documents(org: string): StreamDocument[] {
    const stream = `org-${this.org(org)}`;
    const people = ['olga', 'boris', 'ann', 'ben', 'cleo'].map(this.person);
    return [
      { stream: `realm-${REALM}`, kind: 'realm', id: '' },
      { stream, kind: 'org', id: '' },
      ...people.map((id) => ({ stream, kind: 'member', id }) as const),
      ...people.map((id) => ({ stream: `user-${id}`, kind: 'user', id: '' }) as const),
      { stream, kind: 'group', id: GROUP },
      ...['live', 'test'].map((id) => ({ stream, kind: 'environment', id }) as const),
    ];
  }

  step({ name, input }: Draft): Step {
    const named = Object.fromEntries(Object.entries(input).map(([field, value]) => [field, this.named(field, value)]));
    // The pairing of names and inputs is what the schema checks.
    return { name, input: clientSchemas[name].parse(named) } as Step;
  }

  private named(field: string, value: unknown): unknown {
    if (field === 'orgId') return this.org(String(value));
    if (['userId', 'ownerId', 'toUserId'].includes(field)) return this.person(String(value));
    if (field !== 'grantee') return value;
    const name = String(value);
    return name === GROUP ? { type: 'group', id: GROUP } : { type: 'user', id: this.person(name) };
  }
}

const draft =
  (name: Step['name'], ...fields: readonly string[]) =>
  (...values: readonly unknown[]): Draft => ({
    name,
    input: Object.fromEntries(fields.flatMap((field, i) => (values[i] === undefined ? [] : [[field, values[i]]]))),
  });

export const commands = {
  createOrg: draft('CreateOrg', 'orgId', 'ownerId', 'name'),
  addMember: draft('AddMember', 'userId', 'role'),
  removeMember: draft('RemoveMember', 'userId'),
  assignRole: draft('AssignRole', 'userId', 'role', 'notAfter'),
  confirmRole: draft('ConfirmRole', 'userId', 'role'),
  revokeRole: draft('RevokeRole', 'userId', 'role'),
  suspendMember: draft('SuspendMember', 'userId'),
  resumeMember: draft('ResumeMember', 'userId'),
  leave: draft('LeaveOrg'),
  updateOrg: draft('UpdateOrg', 'name', 'description'),
  suspendOrg: draft('SuspendOrg'),
  resumeOrg: draft('ResumeOrg'),
  createGroup: draft('CreateGroup', 'groupId', 'name'),
  renameGroup: draft('RenameGroup', 'groupId', 'name'),
  deleteGroup: draft('DeleteGroup', 'groupId'),
  addGroupMember: draft('AddGroupMember', 'groupId', 'userId'),
  removeGroupMember: draft('RemoveGroupMember', 'groupId', 'userId'),
  changeRole: draft('ChangeMemberRole', 'userId', 'role'),
  transfer: draft('TransferOrgOwnership', 'toUserId'),
  createEnvironment: draft('CreateEnvironment', 'environmentId', 'name'),
  updateEnvironment: draft('UpdateEnvironment', 'environmentId', 'name'),
  deleteEnvironment: draft('DeleteEnvironment', 'environmentId'),
  grant: draft('GrantEnvironmentAccess', 'environmentId', 'grantee', 'notBefore', 'notAfter'),
  revoke: draft('RevokeEnvironmentAccess', 'environmentId', 'grantee'),
  addModel: draft('AddModel', 'environmentId', 'modelId', 'provider', 'name'),
  addProviderKey: draft('AddProviderKey', 'keyId', 'provider', 'name', 'credential'),
  rotateProviderKey: draft('RotateProviderKey', 'keyId', 'credential'),
  removeProviderKey: draft('RemoveProviderKey', 'keyId'),
  removeModel: draft('RemoveModel', 'environmentId', 'modelId'),
  addMcpServer: draft('AddMcpServer', 'environmentId', 'serverId', 'name', 'url'),
  removeMcpServer: draft('RemoveMcpServer', 'environmentId', 'serverId'),
  connectOAuth: draft('ConnectOAuth', 'environmentId', 'connectionId', 'provider', 'name'),
  registerWorkflow: draft('RegisterWorkflow', 'workflowId', 'environmentId', 'name'),
  moveWorkflow: draft('MoveWorkflow', 'workflowId', 'environmentId'),
  removeWorkflow: draft('RemoveWorkflow', 'workflowId'),
  setPlan: draft('SetOrgPlan', 'plan'),
  requestTransfer: draft('RequestOwnershipTransfer', 'toUserId'),
  deleteOrg: draft('DeleteOrg'),
  defineScheme: draft('DefineRoleScheme', 'document'),
  adoptScheme: draft('AdoptRoleScheme', 'schemeId', 'version'),
  changeScheme: draft('ChangeOrgScheme', 'schemeId', 'version'),
  configureSso: draft('ConfigureSso', 'issuer', 'clientId', 'domains'),
  setRouting: draft('SetRouting', 'document'),
  setBudget: draft('SetBudget', 'amount', 'currency', 'period', 'environmentId'),
  removeBudget: draft('RemoveBudget', 'environmentId'),
  setBillingDetails: draft('SetBillingDetails', 'company', 'country'),
  savePaymentMethod: draft('SavePaymentMethod', 'provider', 'reference'),
  buyCredits: draft('BuyCredits', 'purchaseId', 'credits'),
  setAutoRecharge: draft('SetAutoRecharge', 'below', 'credits'),
  removeAutoRecharge: draft('RemoveAutoRecharge'),
  recordUsage: draft('RecordUsage', 'lines'),
  admitUsage: draft('AdmitUsage', 'lines'),
  recordBlockedRequest: draft('RecordBlockedRequest', 'reason', 'environmentId'),
  recordInvoice: draft('RecordInvoice', 'invoiceId', 'number', 'issuedOn', 'amount', 'currency', 'status'),
} as const;
