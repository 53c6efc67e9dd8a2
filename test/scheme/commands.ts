import type { Resource } from '#libs/domain/access/bindings.js';
import type { Permission } from '#libs/domain/schemes/actions.js';

/** Whom commands are about in a scheme's situation: a member whom nobody minds, and an admin. */
export interface Extras {
  readonly plain: string;
  readonly plainRole: string;
  readonly otherRole: string;
  readonly admin: string;
  readonly owner: string;
  readonly newcomer: string;
}

const extras: Readonly<Record<string, Pick<Extras, 'plain' | 'plainRole' | 'otherRole'>>> = {
  enterprise: { plain: 'pat', plainRole: 'org.participant', otherRole: 'org.admin' },
  teams: { plain: 'vera', plainRole: 'org.viewer', otherRole: 'org.developer' },
  studio: { plain: 'nora', plainRole: 'org.member', otherRole: 'org.admin' },
  projects: { plain: 'mia', plainRole: 'org.member', otherRole: 'org.admin' },
  gateway: { plain: 'max', plainRole: 'org.member', otherRole: 'org.admin' },
};

export function extrasOf(scheme: string, idOf: (name: string) => string): Extras {
  const found = extras[scheme];
  if (found === undefined) throw new Error(`nobody is known in ${scheme}`);
  return {
    ...found,
    plain: idOf(found.plain),
    admin: idOf('adam'),
    owner: idOf('olga'),
    newcomer: idOf('newcomer'),
  };
}

type Input = Readonly<Record<string, unknown>>;
type Command = readonly [name: string, input: (extras: Extras, environmentId: string, caller: string) => Input];

/** The command that takes a permission, with an input that makes sense; permissions without one have none yet. */
const commands: { readonly [P in Permission]?: Command } = {
  'org:create': ['CreateOrg', (_, __, ownerId) => ({ orgId: 'a-new-one', name: 'New', ownerId })],
  'pricing:set': ['SetPricing', () => ({ document: { 'gpt-4o': 250 } })],
  'login-method:set': ['SetLoginMethods', () => ({ methods: ['password'] })],
  'platform-service-account:manage': ['DeletePlatformServiceAccount', () => ({ accountId: 'none' })],
  'platform-model:manage': ['AddPlatformModel', () => ({ modelId: 'm', provider: 'openai', name: 'M' })],
  'org:transfer': ['TransferOrgOwnership', ({ admin }) => ({ toUserId: admin })],
  'org:update': ['UpdateOrg', () => ({ name: 'Renamed' })],
  'org:set-plan': ['SetOrgPlan', () => ({ plan: 'standard' })],
  'org:delete': ['DeleteOrg', () => ({})],
  'org:request-transfer': ['RequestOwnershipTransfer', ({ admin }) => ({ toUserId: admin })],
  'subscription:manage': ['ChangeSubscription', () => ({ plan: 'advanced' })],
  'member:invite': ['InviteMembers', ({ plainRole }) => ({ emails: ['newcomer@acme.test'], role: plainRole })],
  'invitation:resend': ['ResendInvitation', () => ({ invitationId: 'none' })],
  'invitation:cancel': ['CancelInvitation', () => ({ invitationId: 'none' })],
  'routing:manage': ['SetRouting', () => ({ document: {} })],
  'guardrail:manage': ['SetGuardrails', () => ({ document: {} })],
  'sso:manage': [
    'ConfigureSso',
    () => ({ issuer: 'https://login.acme.test', clientId: 'console', domains: ['acme.test'] }),
  ],
  'billing-details:edit': ['SetBillingDetails', () => ({ company: 'Acme GmbH', country: 'DE' })],
  'payment-method:save': ['SavePaymentMethod', () => ({ provider: 'stripe', reference: 'pm_1' })],
  'credits:buy': ['BuyCredits', () => ({ credits: 10 })],
  'auto-recharge:set': ['SetAutoRecharge', () => ({ below: 1, credits: 10 })],
  'budget:manage': ['SetBudget', () => ({ amount: 1, currency: 'EUR', period: 'month' })],
  'mcp-server:manage': [
    'AddOrgMcpServer',
    () => ({ serverId: 'search', name: 'Search', url: 'https://mcp.acme.test/search' }),
  ],
  'environment:connect-oauth': [
    'ConnectOAuth',
    (_, environmentId) => ({ environmentId, connectionId: 'drive', provider: 'google', name: 'Drive' }),
  ],
  'workflow:move': ['MoveWorkflow', (_, environmentId) => ({ environmentId, workflowId: 'none' })],
  'member:manage': ['AddMember', ({ newcomer, plainRole }) => ({ userId: newcomer, role: plainRole })],
  'auditor:appoint': [
    'AssignRole',
    ({ plain }) => ({ userId: plain, role: 'org.auditor', notAfter: '2100-01-01T00:00:00.000Z' }),
  ],
  'privacy-officer:appoint': [
    'AssignRole',
    ({ plain }) => ({ userId: plain, role: 'org.privacy-officer', notAfter: '2100-01-01T00:00:00.000Z' }),
  ],
  'org-api-key:manage': ['CreateOrgApiKey', () => ({ keyId: 'exports', name: 'Exports', role: 'org.checker' })],
  'own-api-key:manage': ['CreatePersonalApiKey', () => ({ keyId: 'laptop' })],
  'member-api-key:manage': ['RevokeMemberApiKey', ({ plain }) => ({ userId: plain, keyId: 'none' })],
  'member:set-role': ['ChangeMemberRole', ({ plain, otherRole }) => ({ userId: plain, role: otherRole })],
  'admin:appoint': ['AppointOrgAdmin', ({ plain }) => ({ userId: plain })],
  'admin:remove': ['ChangeMemberRole', ({ admin, plainRole }) => ({ userId: admin, role: plainRole })],
  'owner:appoint': ['AddMember', ({ newcomer }) => ({ userId: newcomer, role: 'org.owner' })],
  'owner:remove': ['RemoveMember', ({ owner }) => ({ userId: owner })],
  'environment:create': ['CreateEnvironment', () => ({ environmentId: 'a-new-one', name: 'New' })],
  'environment:update': ['UpdateEnvironment', (_, environmentId) => ({ environmentId, name: 'Renamed' })],
  'environment:delete': ['DeleteEnvironment', (_, environmentId) => ({ environmentId })],
  'environment:configure': [
    'AddModel',
    (_, environmentId) => ({ environmentId, modelId: 'm', provider: 'openai', name: 'M' }),
  ],
  'provider-key:manage': [
    'AddProviderKey',
    () => ({ keyId: 'k', provider: 'openai', name: 'K', credential: { apiKey: 'sk-of-a-matrix-0000' } }),
  ],
  'environment-content:assign': [
    'AssignContent',
    (_, environmentId) => ({ environmentId, content: { kind: 'product', id: 'P-2041' } }),
  ],
  'environment:grant': [
    'RevokeEnvironmentAccess',
    ({ plain }, environmentId) => ({ environmentId, grantee: { type: 'user', id: plain } }),
  ],
  'environment:override-role': [
    'GrantEnvironmentAccess',
    ({ plain }, environmentId) => ({
      environmentId,
      grantee: { type: 'user', id: plain },
      role: 'workspace.developer',
    }),
  ],
};

export const isCommanded = (permission: Permission): boolean => commands[permission] !== undefined;

/** What to post where, for the permission asked of the resource. */
export function commandFor(
  permission: Permission,
  resource: Resource,
  extras: Extras,
  caller: string,
): { readonly target: string; readonly name: string; readonly input: Input } {
  const command = commands[permission];
  if (command === undefined) throw new Error(`no command takes ${permission}`);
  const [name, input] = command;
  const environmentId = resource.kind === 'environment' ? resource.environmentId : '';
  const target = 'orgId' in resource ? `orgs/${resource.orgId}` : resource.kind === 'account' ? 'me' : 'realm';
  return { target, name, input: input(extras, environmentId, caller) };
}
