import fc from '../support/fast-check.js';
import type { OrgCommandName } from '#libs/domain/org/decisions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Command } from '../support/decider.js';
import { secretReferenceTo } from '../support/secret-reference.js';

// Small worlds, so that commands meet; one of each is named like a property of every object.
export const people = ['ann', 'bob', 'cyd', 'constructor'];
export const environments = ['dev', 'prod', 'constructor'];
const groups = ['team', 'constructor'];
export const assigned = fc.constantFrom('org.auditor', 'org.privacy-officer', 'org.admin', 'org.ghost');
export const instants = ['2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z'];
export const moments = instants.flatMap((value) => [Date.parse(value) - 1, Date.parse(value)]);

export const userId = fc.constantFrom(...people);
export const environmentId = fc.constantFrom(...environments);
export const modelId = fc.constantFrom('claude', 'constructor');
export const name = fc.constantFrom('One', 'Two');
export const provider = fc.constantFrom('anthropic', 'openai');
export const credential = fc.constantFrom(...['x', 'y'].map(secretReferenceTo));
export const url = fc.constantFrom('https://mcp.test/a', 'https://mcp.test/b');
export const content = fc.record({ kind: fc.constantFrom('product', 'project'), id: modelId });
export const sshKey = fc.constantFrom(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6bq+BiOEzRmNMaQzYpcHhzmsZRFZg2vG6fNXbcV8aP',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6bq+BiOEzRmNMaQzYpcHhzmsZRFZg2vG6fNXbcV8aQ',
);
export const plan = fc.constantFrom('small', 'large', 'constructor');
// Those of the decider's people, who show them as verified.
const addresses = people.map((id) => `${id}@acme.test`);
export const invitationId = fc.constantFrom(...environments, 'dev-1');
export const instant = fc.option(fc.constantFrom(...instants), { nil: undefined });
export const grantee = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('user' as const), id: userId }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('group' as const), id: fc.constantFrom(...groups) }) },
);
export const groupId = fc.constantFrom(...groups);
const budgetPlace = fc.oneof(fc.record({}), fc.record({ environmentId }), fc.record({ userId }));
const billingDetails = fc.record(
  { company: name, country: fc.constant('DE'), taxId: fc.constantFrom('DE1', 'DE2') },
  { requiredKeys: ['company', 'country'] },
);
const paymentMethod = fc.record({ provider, reference: modelId });
const recharge = fc.record({ below: fc.nat(2), credits: fc.integer({ min: 1, max: 2 }) });
export const endsOn = fc.constantFrom(undefined, '2026-03-31', '2026-04-30');
export const invoice = {
  invoiceId: modelId,
  number: name,
  issuedOn: fc.constant('2026-03-01'),
  amount: fc.constantFrom(1, -1),
  currency: fc.constant('EUR'),
  status: fc.constantFrom('open', 'paid', 'void'),
  url: fc.constant(undefined),
};

export const keyId = fc.constantFrom('k1', 'k2', 'k3');

type Inputs = { readonly [Name in OrgCommandName]: fc.Arbitrary<unknown> };

/** What every command may be given under the scheme: its own roles and kinds of environment, and a role that it lacks. */
export function inputsUnder({ document, roles }: CompiledScheme, orgId = 'acme'): Inputs {
  const keys = [...roles.values()];
  const ofOrg = keys.filter(({ scope }) => scope === 'org').map(({ key }) => key);
  const ofChild = keys.filter(({ scope }) => document.children.some((kind) => kind === scope)).map(({ key }) => key);
  const common = ['org.checker', 'org.auditor', 'org.privacy-officer'];
  const role = fc.constantFrom(...ofOrg.filter((key) => !common.includes(key)), 'org.ghost');
  const machineRole = fc.constantFrom('org.checker', 'org.auditor', ...ofOrg);
  const childRole = fc.constantFrom(undefined, ...ofChild);
  const kind = fc.constantFrom(undefined, ...document.children);
  const cloudProvider = fc.constantFrom(undefined, ...(document.cloudProvider === 'none' ? [] : ['aws', 'gcp']));
  return {
    CreateOrg: fc.record({ orgId: fc.constant(orgId), name, ownerId: userId }),
    UpdateOrg: fc.oneof(
      fc.record({ name }),
      fc.record({ name, description: fc.constantFrom(null, '', 'one', 'two') }, { requiredKeys: ['description'] }),
    ),
    SuspendOrg: fc.record({}),
    ResumeOrg: fc.record({}),
    AddMember: fc.record({ userId, role }),
    RemoveMember: fc.record({ userId }),
    AssignRole: fc.record({ userId, role: assigned, notAfter: fc.constantFrom(...instants) }),
    ConfirmRole: fc.record({ userId, role: assigned }),
    RevokeRole: fc.record({ userId, role: assigned }),
    LeaveOrg: fc.record({}),
    ChangeMemberRole: fc.record({ userId, role }),
    AppointOrgAdmin: fc.record({ userId }),
    SuspendMember: fc.record({ userId }),
    ResumeMember: fc.record({ userId }),
    TransferOrgOwnership: fc.record({ toUserId: userId }),
    CreateGroup: fc.record({ groupId, name }),
    RenameGroup: fc.record({ groupId, name }),
    DeleteGroup: fc.record({ groupId }),
    AddGroupMember: fc.record({ groupId, userId }),
    RemoveGroupMember: fc.record({ groupId, userId }),
    CreateEnvironment: fc.record({ environmentId, name, kind, cloudProvider }, { requiredKeys: ['name'] }),
    UpdateEnvironment: fc.record({ environmentId, name }),
    DeleteEnvironment: fc.record({ environmentId }),
    GrantEnvironmentAccess: fc.record({
      environmentId,
      grantee,
      role: childRole,
      notBefore: instant,
      notAfter: instant,
    }),
    RevokeEnvironmentAccess: fc.record({ environmentId, grantee }),
    AddModel: fc.record(
      { environmentId, modelId, provider, name },
      { requiredKeys: ['environmentId', 'provider', 'name'] },
    ),
    RemoveModel: fc.record({ environmentId, modelId }),
    AddMcpServer: fc.record({ environmentId, serverId: modelId, name, url }),
    RemoveMcpServer: fc.record({ environmentId, serverId: modelId }),
    ConnectOAuth: fc.record({ environmentId, connectionId: modelId, provider, name }),
    DisconnectOAuth: fc.record({ environmentId, connectionId: modelId }),
    AssignContent: fc.record({ environmentId, content }),
    UnassignContent: fc.record({ environmentId, content }),
    SetOrgPlan: fc.record({ plan }),
    ChangeSubscription: fc.record({ plan }),
    ChangeOrgScheme: fc.record({ schemeId: fc.constant(document.id), version: fc.integer({ min: 1, max: 3 }) }),
    DeleteOrg: fc.record({}),
    RequestOwnershipTransfer: fc.record({ toUserId: userId }),
    InviteMembers: fc.record({
      emails: fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 3 }),
      role,
      environments: fc.array(fc.record({ environmentId, role: childRole }), { maxLength: 2 }),
    }),
    ResendInvitation: fc.record({ invitationId }),
    CancelInvitation: fc.record({ invitationId }),
    AcceptInvitation: fc.record({ invitationId }),
    DeclineInvitation: fc.record({ invitationId }),
    RegisterWorkflow: fc.record({ workflowId: modelId, environmentId, name }, { requiredKeys: ['workflowId', 'name'] }),
    MoveWorkflow: fc.record({ workflowId: modelId, environmentId }, { requiredKeys: ['workflowId'] }),
    RemoveWorkflow: fc.record({ workflowId: modelId }),
    CreateApiKey: fc.record({ keyId, notAfter: fc.constantFrom(...instants) }, { requiredKeys: ['keyId'] }),
    RevokeApiKey: fc.record({ keyId }),
    RevokeMemberApiKey: fc.record({ userId, keyId }),
    CreateOrgApiKey: fc.record(
      { keyId: modelId, name, role: machineRole, notAfter: fc.constantFrom(...instants) },
      { requiredKeys: ['keyId', 'name', 'role'] },
    ),
    RevokeOrgApiKey: fc.record({ keyId: modelId }),
    CreateServiceAccount: fc.record({ accountId: modelId, name, role: machineRole }),
    UpdateServiceAccount: fc.record({ accountId: modelId, name, role: machineRole }, { requiredKeys: ['accountId'] }),
    DeleteServiceAccount: fc.record({ accountId: modelId }),
    IssueServiceAccountKey: fc.record(
      { accountId: modelId, keyId, notAfter: fc.constantFrom(...instants) },
      { requiredKeys: ['accountId', 'keyId'] },
    ),
    RotateServiceAccountKey: fc.record(
      { accountId: modelId, keyId, newKeyId: keyId, until: fc.constantFrom(...instants) },
      { requiredKeys: ['accountId', 'keyId', 'newKeyId'] },
    ),
    RevokeServiceAccountKey: fc.record({ accountId: modelId, keyId }),
    SetRouting: fc.record({ document: fc.constantFrom({ a: 1.5 }, { b: ['x'] }) }),
    SetGuardrails: fc.record({ document: fc.constantFrom({ a: 1.5 }, { b: ['x'] }) }),
    ConfigureSso: fc.record({
      issuer: url,
      clientId: provider,
      domains: fc.array(fc.constantFrom('a.test', 'b.test'), { minLength: 1, maxLength: 3 }),
    }),
    AddOrgMcpServer: fc.record({ serverId: modelId, name, url }),
    RemoveOrgMcpServer: fc.record({ serverId: modelId }),
    SetBudget: fc
      .tuple(
        fc.record({ amount: fc.nat(3), currency: fc.constant('EUR'), period: fc.constantFrom('day', 'month') }),
        budgetPlace,
      )
      .map(([limits, place]) => ({ ...limits, ...place })),
    RemoveBudget: budgetPlace,
    PlaceLegalHold: fc.record({ holdId: modelId, userId, matter: name }, { requiredKeys: ['matter'] }),
    ReleaseLegalHold: fc.record({ holdId: modelId }),
    EraseMember: fc.record({ userId }),
    IssueEnvironmentCredential: fc.record({ environmentId, credential }),
    RotateEnvironmentCredential: fc.record({ environmentId, credential, overlapSeconds: fc.constantFrom(0, 60) }),
    RevokeEnvironmentCredential: fc.record({ environmentId }),
    AddProviderKey: fc.record({ keyId: modelId, provider, name, credential }),
    RotateProviderKey: fc.record({ keyId: modelId, credential }),
    RemoveProviderKey: fc.record({ keyId: modelId }),
    SetWorkerSshKey: fc.record({ publicKey: sshKey }),
    SetCheckpointWitness: fc.record({ url: fc.constantFrom('https://a.test', 'https://b.test') }),
    RemoveCheckpointWitness: fc.record({}),
    CancelSubscription: fc.record({ endsOn }),
    SetBillingDetails: billingDetails,
    SavePaymentMethod: paymentMethod,
    BuyCredits: fc.record(
      { purchaseId: modelId, credits: fc.integer({ min: 1, max: 2 }) },
      { requiredKeys: ['credits'] },
    ),
    SetAutoRecharge: recharge,
    RemoveAutoRecharge: fc.record({}),
    RecordInvoice: fc.record(invoice),
  };
}

/** How often each is sent: what access follows from is to meet. */
const weights: { readonly [Name in OrgCommandName]: number } = {
  CreateOrg: 1,
  UpdateOrg: 1,
  SuspendOrg: 1,
  ResumeOrg: 2,
  AddMember: 6,
  RemoveMember: 2,
  AssignRole: 3,
  ConfirmRole: 3,
  RevokeRole: 1,
  LeaveOrg: 1,
  ChangeMemberRole: 4,
  AppointOrgAdmin: 2,
  SuspendMember: 2,
  ResumeMember: 2,
  TransferOrgOwnership: 3,
  CreateGroup: 4,
  RenameGroup: 1,
  DeleteGroup: 1,
  AddGroupMember: 5,
  RemoveGroupMember: 1,
  CreateEnvironment: 4,
  UpdateEnvironment: 1,
  DeleteEnvironment: 1,
  GrantEnvironmentAccess: 8,
  RevokeEnvironmentAccess: 2,
  AddModel: 3,
  RemoveModel: 1,
  AddMcpServer: 2,
  RemoveMcpServer: 1,
  ConnectOAuth: 2,
  DisconnectOAuth: 1,
  AssignContent: 2,
  UnassignContent: 1,
  SetOrgPlan: 2,
  ChangeSubscription: 1,
  ChangeOrgScheme: 1,
  // It ends everything: what is left is tested by itself.
  DeleteOrg: 0,
  RequestOwnershipTransfer: 1,
  InviteMembers: 5,
  ResendInvitation: 1,
  CancelInvitation: 1,
  AcceptInvitation: 4,
  DeclineInvitation: 1,
  RegisterWorkflow: 2,
  MoveWorkflow: 2,
  RemoveWorkflow: 1,
  CreateApiKey: 3,
  RevokeApiKey: 1,
  RevokeMemberApiKey: 1,
  CreateOrgApiKey: 2,
  RevokeOrgApiKey: 1,
  CreateServiceAccount: 3,
  UpdateServiceAccount: 2,
  DeleteServiceAccount: 1,
  IssueServiceAccountKey: 3,
  RotateServiceAccountKey: 2,
  RevokeServiceAccountKey: 1,
  SetRouting: 1,
  SetGuardrails: 1,
  ConfigureSso: 1,
  AddOrgMcpServer: 1,
  RemoveOrgMcpServer: 1,
  SetBudget: 1,
  RemoveBudget: 1,
  PlaceLegalHold: 1,
  ReleaseLegalHold: 1,
  EraseMember: 1,
  IssueEnvironmentCredential: 2,
  RotateEnvironmentCredential: 2,
  RevokeEnvironmentCredential: 1,
  AddProviderKey: 4,
  RotateProviderKey: 1,
  RemoveProviderKey: 1,
  SetWorkerSshKey: 1,
  SetCheckpointWitness: 1,
  RemoveCheckpointWitness: 1,
  CancelSubscription: 1,
  SetBillingDetails: 1,
  SavePaymentMethod: 2,
  BuyCredits: 2,
  SetAutoRecharge: 2,
  RemoveAutoRecharge: 1,
  RecordInvoice: 3,
};

/** Any command to the organization, by any of the people. */
export function commandUnder(scheme: CompiledScheme, orgId = 'acme'): fc.Arbitrary<Command> {
  const inputs = inputsUnder(scheme, orgId);
  // The names are the keys of the inputs.
  const names = Object.keys(inputs) as OrgCommandName[];
  return fc.oneof(
    ...names.map((each) => ({
      weight: weights[each],
      arbitrary: fc.record({ name: fc.constant(each), input: inputs[each], newId: environmentId, actor: userId }),
    })),
  );
}
