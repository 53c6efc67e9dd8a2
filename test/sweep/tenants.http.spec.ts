import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pathOfCommand } from '../../apps/api/commands/steps.js';
import { credentialOperations, decisionOperations } from '../../apps/api/documentation/decision-paths.js';
import { queryNames, queryTable, type QueryName } from '../../apps/api/queries/query-table.js';
import { type CommandName, commandNames, commandTable } from '#libs/application/command-table.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { AppendedEvents } from '../support/appended-events.js';
import type { HttpAnswer, HttpCall } from '../support/http.js';

/** Every word here belongs to one organization only, so that none of them may appear in an answer to somebody of another. */
const secrets = [
  'quetzal',
  'Quetzal Holdings',
  'vivarium',
  'Vivarium Room',
  'flamingos',
  'Flamingo Flock',
  'basilisk-9',
  'Basilisk Nine',
  'sk-basilisk-secret-0042',
  '0042',
  'owlowner',
  'ibisadmin',
  'kiwimember',
  'kiwi@quetzal.test',
];

type Person = 'anonymous' | 'stranger' | 'outsider' | 'member' | 'admin';
const bearers: Record<Person, Record<string, string>> = {
  anonymous: {},
  stranger: {},
  outsider: {},
  member: {},
  admin: {},
};
let api: TestApi;
let token = '';
const appended = new AppendedEvents();

beforeAll(async () => {
  api = await startTestApi();
  const root = { authorization: await api.bearer('root', { email: 'admin@localhost' }) };
  bearers.admin = { authorization: await api.bearer('ibisadmin') };
  bearers.member = { authorization: await api.bearer('kiwimember', { email: 'kiwi@quetzal.test' }) };
  bearers.stranger = { authorization: await api.bearer('zoe') };
  bearers.outsider = { authorization: await api.bearer('nobody-in-particular') };
  const owner = { authorization: await api.bearer('owlowner') };
  await done(root, '/v1/realm/commands/CreateOrg', { orgId: 'quetzal', name: 'Quetzal Holdings', ownerId: 'owlowner' });
  await done(root, '/v1/realm/commands/CreateOrg', { orgId: 'zebra', name: 'Zebra', ownerId: 'zoe' });
  await done(owner, '/v1/orgs/quetzal/commands/AddMember', { userId: 'ibisadmin', role: 'org.admin' });
  await done(owner, '/v1/orgs/quetzal/commands/AddMember', { userId: 'kiwimember', role: 'org.participant' });
  const credential = { apiKey: 'sk-basilisk-secret-0042' };
  const providerKey = { keyId: 'basilisk-9', provider: 'openai', name: 'Basilisk Nine', credential };
  await done(owner, '/v1/orgs/quetzal/commands/AddProviderKey', providerKey);
  for (const [environmentId, name] of [
    ['vivarium', 'Vivarium Room'],
    ['second-room', 'Second'],
  ]) {
    await done(owner, '/v1/orgs/quetzal/commands/CreateEnvironment', { environmentId, name });
    const model = { environmentId, modelId: 'basilisk-9', provider: 'openai', name: 'Basilisk Nine' };
    await done(owner, '/v1/orgs/quetzal/commands/AddModel', model);
  }
  await done(owner, '/v1/orgs/quetzal/commands/CreateGroup', { groupId: 'flamingos', name: 'Flamingo Flock' });
  const inGroup = { groupId: 'flamingos', userId: 'kiwimember' };
  await done(owner, '/v1/orgs/quetzal/commands/AddGroupMember', inGroup);
  const grantee = { type: 'user', id: 'kiwimember' };
  token = await done(owner, '/v1/orgs/quetzal/commands/GrantEnvironmentAccess', {
    environmentId: 'second-room',
    grantee,
  });
  for (const headers of Object.values(bearers)) await api.http.send({ path: '/v1/me', headers });
  await appended.streams(api.services.store);
}, 60_000);
afterAll(() => api?.stop());

async function done(headers: Record<string, string>, path: string, body: unknown): Promise<string> {
  const answer = await api.http.send({ path, headers, body });
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return String(answer.headers['consistency-token']);
}

/** Asks as somebody, and sees that nothing was appended. */
async function as(person: Person, call: HttpCall): Promise<HttpAnswer> {
  const answer = await api.http.send({ ...call, headers: { ...bearers[person], ...call.headers } });
  expect(await appended.streams(api.services.store)).toEqual([]);
  return answer;
}

function silent({ text, headers }: HttpAnswer): void {
  // A random id may hold the four digits of a key.
  const said = (text + JSON.stringify(headers)).replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '');
  for (const secret of secrets) expect(said).not.toContain(secret);
}

/** Everything but the clock, and how much is left of the caller's own limit. */
const bytesOf = ({ status, headers, text }: HttpAnswer) => ({
  status,
  headers: { ...headers, date: undefined, ratelimit: undefined },
  text,
});

const requestId = { 'x-request-id': 'the-same-one' };

/** What would be right for the organization, so that only rights stand in the way. */
const inputs: { readonly [Name in CommandName]: object } = {
  CreateOrg: { orgId: 'third', name: 'Third', ownerId: 'someone' },
  UpdateOrg: { name: 'Quetzal Renamed', description: 'Quetzal Described' },
  SuspendOrg: {},
  ResumeOrg: {},
  AddMember: { userId: 'newcomer', role: 'org.participant' },
  RemoveMember: { userId: 'kiwimember' },
  AssignRole: { userId: 'kiwimember', role: 'org.auditor', notAfter: '2100-01-01T00:00:00.000Z' },
  ConfirmRole: { userId: 'kiwimember', role: 'org.auditor' },
  RevokeRole: { userId: 'kiwimember', role: 'org.auditor' },
  LeaveOrg: {},
  ChangeMemberRole: { userId: 'kiwimember', role: 'org.admin' },
  AppointOrgAdmin: { userId: 'kiwimember' },
  TransferOrgOwnership: { toUserId: 'ibisadmin' },
  SuspendMember: { userId: 'ibisadmin' },
  ResumeMember: { userId: 'ibisadmin' },
  CreateGroup: { groupId: 'new-flock', name: 'New' },
  RenameGroup: { groupId: 'flamingos', name: 'Renamed' },
  DeleteGroup: { groupId: 'flamingos' },
  AddGroupMember: { groupId: 'flamingos', userId: 'kiwimember' },
  RemoveGroupMember: { groupId: 'flamingos', userId: 'kiwimember' },
  UpdateEnvironment: { environmentId: 'vivarium', name: 'Renamed' },
  CreateEnvironment: { environmentId: 'third-room', name: 'Third' },
  DeleteEnvironment: { environmentId: 'vivarium' },
  GrantEnvironmentAccess: { environmentId: 'vivarium', grantee: { type: 'user', id: 'kiwimember' } },
  RevokeEnvironmentAccess: { environmentId: 'second-room', grantee: { type: 'user', id: 'kiwimember' } },
  AddModel: { environmentId: 'vivarium', modelId: 'new-model', provider: 'openai', name: 'New' },
  RemoveModel: { environmentId: 'vivarium', modelId: 'basilisk-9' },
  AddMcpServer: { environmentId: 'vivarium', serverId: 'new-server', name: 'New', url: 'https://mcp.test/new' },
  RemoveMcpServer: { environmentId: 'vivarium', serverId: 'basilisk-9' },
  ConnectOAuth: { environmentId: 'vivarium', connectionId: 'new-one', provider: 'google', name: 'New' },
  DisconnectOAuth: { environmentId: 'vivarium', connectionId: 'basilisk-9' },
  AssignContent: { environmentId: 'vivarium', content: { kind: 'product', id: 'basilisk-9' } },
  UnassignContent: { environmentId: 'vivarium', content: { kind: 'product', id: 'basilisk-9' } },
  SetOrgPlan: { plan: 'large' },
  ChangeSubscription: { plan: 'large' },
  CancelSubscription: {},
  ChangeOrgScheme: { schemeId: 'enterprise', version: 2 },
  DeleteOrg: {},
  RequestOwnershipTransfer: { toUserId: 'ibisadmin' },
  InviteMembers: { emails: ['new@quetzal.test'], role: 'org.participant' },
  ResendInvitation: { invitationId: 'an-invitation' },
  CancelInvitation: { invitationId: 'an-invitation' },
  AcceptInvitation: { invitationId: 'an-invitation' },
  DeclineInvitation: { invitationId: 'an-invitation' },
  RegisterWorkflow: { workflowId: 'nightly', environmentId: 'vivarium', name: 'Nightly' },
  MoveWorkflow: { workflowId: 'nightly', environmentId: 'vivarium' },
  RemoveWorkflow: { workflowId: 'nightly' },
  CreateApiKey: { keyId: 'new-key' },
  RevokeApiKey: { keyId: 'new-key' },
  RevokeMemberApiKey: { userId: 'kiwimember', keyId: 'new-key' },
  CreatePersonalApiKey: { keyId: 'new-key' },
  RevokePersonalApiKey: { keyId: 'new-key' },
  CreateOrgApiKey: { keyId: 'new-org-key', name: 'New', role: 'org.checker' },
  RevokeOrgApiKey: { keyId: 'new-org-key' },
  CreateServiceAccount: { accountId: 'new-machine', name: 'New', role: 'org.checker' },
  UpdateServiceAccount: { accountId: 'axolotl', name: 'Renamed' },
  DeleteServiceAccount: { accountId: 'axolotl' },
  IssueServiceAccountKey: { accountId: 'axolotl', keyId: 'new-key' },
  RotateServiceAccountKey: { accountId: 'axolotl', keyId: 'first', newKeyId: 'new-key' },
  RevokeServiceAccountKey: { accountId: 'axolotl', keyId: 'first' },
  SetRouting: { document: { default: 'basilisk-9' } },
  SetGuardrails: { document: { block: [] } },
  ConfigureSso: { issuer: 'https://login.test', clientId: 'quetzal', domains: ['quetzal.test'] },
  AddOrgMcpServer: { serverId: 'new-server', name: 'New', url: 'https://mcp.test/new' },
  RemoveOrgMcpServer: { serverId: 'new-server' },
  SetBudget: { amount: 1, currency: 'EUR', period: 'day' },
  RemoveBudget: {},
  PlaceLegalHold: { matter: 'Case 17' },
  ReleaseLegalHold: { holdId: 'case-17' },
  EraseMember: { userId: 'kiwimember' },
  AssignPlatformRole: { userId: 'kiwimember', role: 'platform.checker' },
  ConfirmPlatformRole: { userId: 'kiwimember', role: 'platform.auditor' },
  RevokePlatformRole: { userId: 'kiwimember', role: 'platform.auditor' },
  AddPlatformAdmin: { userId: 'kiwimember' },
  RemovePlatformAdmin: { userId: 'kiwimember' },
  EraseUser: { userId: 'kiwimember' },
  IssueEnvironmentCredential: { environmentId: 'second-room' },
  RotateEnvironmentCredential: { environmentId: 'vivarium' },
  RevokeEnvironmentCredential: { environmentId: 'vivarium' },
  AddProviderKey: { keyId: 'new-key', provider: 'openai', name: 'New', credential: { apiKey: 'sk-new-0000-1111' } },
  RotateProviderKey: { keyId: 'basilisk-9', credential: { apiKey: 'sk-new-0000-2222' } },
  RemoveProviderKey: { keyId: 'basilisk-9' },
  DefineRoleScheme: commandTable.DefineRoleScheme.example,
  SetPricing: { document: { basilisk: 1 } },
  SetLoginMethods: { methods: ['password'] },
  SetSignUpRules: { rule: 'invited' },
  CreateRealm: { realmId: 'aviary', schemeId: 'enterprise', adminEmails: ['kiwi@quetzal.test'] },
  SetRealmIssuers: { issuers: [{ issuer: 'https://login.quetzal.test', audiences: ['quetzal'] }] },
  AddPlatformModel: { modelId: 'new-model', provider: 'openai', name: 'New' },
  RemovePlatformModel: { modelId: 'new-model' },
  CreatePlatformServiceAccount: { accountId: 'gateway', name: 'Gateway', role: 'platform.checker' },
  DeletePlatformServiceAccount: { accountId: 'gateway' },
  IssuePlatformServiceAccountKey: { accountId: 'gateway', keyId: 'first' },
  RotatePlatformServiceAccountKey: { accountId: 'gateway', keyId: 'first', newKeyId: 'second' },
  RevokePlatformServiceAccountKey: { accountId: 'gateway', keyId: 'first' },
  AdoptRoleScheme: commandTable.AdoptRoleScheme.example,
  SetWorkerSshKey: commandTable.SetWorkerSshKey.example,
  SetCheckpointWitness: { url: 'https://witness.test' },
  RemoveCheckpointWitness: {},
  SetBillingDetails: { company: 'Quetzal Holdings', country: 'GT' },
  SavePaymentMethod: { provider: 'stripe', reference: 'pm_1' },
  BuyCredits: { purchaseId: 'order-1', credits: 10 },
  SetAutoRecharge: { below: 1, credits: 10 },
  RemoveAutoRecharge: {},
  RecordUsage: { lines: [{ userId: 'kiwimember', environmentId: 'vivarium', requests: 1 }] },
  AdmitUsage: { lines: [{ userId: 'kiwimember', environmentId: 'vivarium', runs: 1 }] },
  RecordBlockedRequest: { userId: 'kiwimember', environmentId: 'vivarium', reason: 'budget' },
  RecordInvoice: { invoiceId: 'in-1', number: '1', issuedOn: '2026-03-01', amount: 1, currency: 'EUR', status: 'open' },
};

const orgCommandNames = commandNames.filter((name) => commandTable[name].target === 'org');
const command = (name: CommandName, orgId: string) => ({
  path: pathOfCommand(name, orgId),
  body: inputs[name],
});
const batch = (orgId: string) => ({
  path: `/v1/orgs/${orgId}/commands`,
  body: { commands: [{ command: 'AddMember', input: inputs.AddMember }] },
});
const query = (name: QueryName, orgId: string, environmentId = 'vivarium') => ({
  path: `${queryTable[name].path
    .replace('{orgId}', orgId)
    .replace('{environmentId}', environmentId)
    .replace('{groupId}', 'flamingos')
    .replace('{userId}', 'kiwimember')
    .replace('{invoiceId}', 'in-1')
    .replace('{schemeId}', 'enterprise')}?${new URLSearchParams(queryTable[name].example)}`,
});
const orgQueryNames = queryNames.filter((name) => queryTable[name].path.includes('{orgId}'));

describe('anonymous', () => {
  it.each(commandNames)('%s: 401', async (name) => {
    const answer = await as('anonymous', command(name, 'quetzal'));
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="tenantry"']);
    silent(answer);
  });

  it.each(queryNames)('%s: 401', async (name) => {
    const answer = await as('anonymous', query(name, 'quetzal'));
    expect(answer.status).toBe(401);
    silent(answer);
  });

  it.each([
    ['/v1/orgs/quetzal/commands', batch('quetzal').body],
    ['/v1/me/commands/Anything', {}],
    ['/v1/session', { org: 'quetzal' }],
    ...Object.values({ ...decisionOperations, ...credentialOperations }).map(
      ({ path, example }) => [path, example] as const,
    ),
  ])('%s: 401', async (path, body) => {
    expect((await as('anonymous', { path, body })).status).toBe(401);
  });

  it('no header but Authorization says who asks', async () => {
    const headers = {
      'x-user': 'owlowner',
      'x-forwarded-user': 'owlowner',
      'x-user-id': 'owlowner',
      'x-org-id': 'quetzal',
      cookie: 'session=owlowner',
    };
    expect((await as('anonymous', { path: '/v1/me', headers })).status).toBe(401);
    const { text } = await as('outsider', { path: '/v1/me', headers });
    expect(JSON.parse(text)).toMatchObject({ id: 'nobody-in-particular', organizations: [] });
  });
});

describe.each(['stranger', 'outsider'] as const)('a %s', (person) => {
  it.each(orgCommandNames)('%s on a hidden organization looks like on a missing one', async (name) => {
    for (const more of [{}, { 'dry-run': 'true' }, { 'if-match': '"3"' }, { 'idempotency-key': 'k1' }]) {
      const headers = { ...requestId, ...more };
      const hidden = await as(person, { ...command(name, 'quetzal'), headers });
      expect(hidden.status).toBe(404);
      expect(bytesOf(hidden)).toEqual(bytesOf(await as(person, { ...command(name, 'missing'), headers })));
      expect(bytesOf(hidden)).toEqual(
        bytesOf(await as(person, { ...command(name, 'No Such Id'.replaceAll(' ', '_')), headers })),
      );
      silent(hidden);
    }
  });

  it.each(orgQueryNames)('%s of a hidden organization looks like of a missing one', async (name) => {
    for (const more of [{}, { 'consistency-token': token }]) {
      const headers = { ...requestId, ...more };
      const hidden = await as(person, { ...query(name, 'quetzal'), headers });
      expect(hidden.status).toBe(404);
      expect(bytesOf(hidden)).toEqual(bytesOf(await as(person, { ...query(name, 'missing'), headers })));
      expect(bytesOf(hidden)).toEqual(
        bytesOf(await as(person, { ...query(name, 'quetzal', 'no-such-room'), headers })),
      );
      silent(hidden);
    }
  });

  it('a batch on a hidden organization looks like on a missing one', async () => {
    const hidden = await as(person, { ...batch('quetzal'), headers: requestId });
    expect(hidden.status).toBe(404);
    expect(bytesOf(hidden)).toEqual(bytesOf(await as(person, { ...batch('missing'), headers: requestId })));
  });

  it.each(queryNames.filter((name) => !orgQueryNames.includes(name)))(
    '%s tells nothing of other organizations',
    async (name) => {
      const answer = await as(person, query(name, ''));
      // Own usage is told in schemes that have it read by whose it is.
      const forOthers = ['Projections', 'SubjectExport', 'OwnUsage', 'OwnBlockedRequests'];
      const forOperators = forOthers.includes(name) || name.startsWith('Realm');
      expect(answer.status).toBe(forOperators ? 403 : 200);
      silent(answer);
    },
  );

  it('may not create organizations', async () => {
    const answer = await as(person, command('CreateOrg', 'quetzal'));
    expect(JSON.parse(answer.text)).toMatchObject({ status: 403, code: 'forbidden', permission: 'org:create' });
  });

  it.each(['org:view', 'environment:use', 'audit:read', 'no:such'])(
    'an evaluation of %s looks like one of nothing',
    async (name) => {
      for (const subject of [
        'owlowner',
        'kiwimember',
        'nobody-at-all',
        person === 'stranger' ? 'zoe' : 'nobody-in-particular',
      ])
        for (const [hidden, missing] of [
          ['quetzal', 'missing'],
          ['quetzal/vivarium', 'missing/vivarium'],
          ['quetzal/vivarium', 'quetzal/none'],
        ]) {
          const type = hidden?.includes('/') ? 'environment' : 'org';
          const ask = (id: string | undefined) =>
            as(person, {
              path: '/access/v1/evaluation?explain=true',
              headers: requestId,
              body: { subject: { type: 'user', id: subject }, action: { name }, resource: { type, id } },
            });
          const [one, other] = [await ask(hidden), await ask(missing)];
          expect(timeless(one)).toEqual(timeless(other));
          expect(JSON.parse(one.text)).toMatchObject({ decision: false });
        }
    },
  );

  it.each(['environment:use', 'decision:search'])(
    'every search and batch for %s looks like one about nothing',
    async (name) => {
      const subjects = ['owlowner', 'kiwimember', person === 'stranger' ? 'zoe' : 'nobody-in-particular'];
      for (const id of subjects)
        for (const [hidden = '', missing = ''] of [
          ['quetzal', 'missing'],
          ['quetzal/vivarium', 'missing/vivarium'],
          ['quetzal/second-room', 'quetzal/none'],
        ])
          for (const { path } of Object.values(decisionOperations)) {
            const type = hidden.includes('/') ? 'environment' : 'org';
            const ask = async (resource: string) => {
              const question = { subject: { type: 'user', id }, action: { name }, resource: { type, id: resource } };
              const body = path.endsWith('/evaluations') ? { ...question, evaluations: [{}, {}] } : question;
              return as(person, { path, headers: requestId, body });
            };
            const answer = await ask(hidden);
            expect(answer.status).toBe(200);
            // Where the answer is what the stranger may reach, it names none of this.
            silent(answer);
            expect(timeless(answer)).toEqual(timeless(await ask(missing)));
            if (path.includes('/search/') && !path.endsWith('/resource'))
              expect(JSON.parse(answer.text)).toMatchObject({ results: [], page: { next_token: '', count: 0 } });
          }
    },
    30_000,
  );

  it('claims in a request about oneself change no decision', async () => {
    const properties = { role: 'org.owner', groups: ['admin'], permissions: ['*'] };
    const answer = await as(person, {
      path: '/access/v1/evaluation',
      body: {
        subject: { type: 'user', id: 'zoe', properties },
        action: { name: 'org:view', properties },
        resource: { type: 'org', id: 'quetzal', properties: { owner: 'zoe' } },
        context: { role: 'org.owner' },
      },
    });
    expect(JSON.parse(answer.text)).toMatchObject({ decision: false });
  });
});

const timeless = (answer: HttpAnswer) => ({ ...bytesOf(answer), text: answer.text.replaceAll(/"at":"[^"]+"/g, '') });

describe('a member without the right', () => {
  // Whoever belongs to an organization may leave it, remove workflows that are theirs and have keys of their own; an answer to an invitation that is
  // for somebody else is one to none.
  const free = ['LeaveOrg', 'RemoveWorkflow', 'CreateApiKey', 'RevokeApiKey', 'AcceptInvitation', 'DeclineInvitation'];
  it.each(orgCommandNames.filter((name) => !free.includes(name)))(
    '%s: 403, with the permission that is missing',
    async (name) => {
      const answer = await as('member', command(name, 'quetzal'));
      expect(JSON.parse(answer.text)).toMatchObject({
        status: 403,
        code: 'forbidden',
        reason: 'role_lacks_permission',
        permission: expect.any(String),
      });
    },
  );

  it('a batch: 403', async () => {
    expect((await as('member', batch('quetzal'))).status).toBe(403);
  });

  const statuses: { readonly [Name in QueryName]: number } = {
    Organizations: 200,
    Organization: 200,
    Members: 403,
    Environments: 200,
    Environment: 404,
    EnvironmentAccess: 404,
    Contents: 404,
    Groups: 403,
    Group: 403,
    GroupMembers: 403,
    Audit: 403,
    Changes: 403,
    RealmActivity: 403,
    RealmSignIn: 403,
    Realms: 403,
    Erasures: 403,
    RealmErasures: 403,
    LegalHolds: 403,
    OwnExport: 200,
    SubjectExport: 403,
    MemberExport: 403,
    Invitations: 403,
    OwnInvitations: 200,
    Workflows: 200,
    ServiceAccounts: 403,
    OwnApiKeys: 200,
    PersonalApiKeys: 200,
    OrgApiKeys: 403,
    Settings: 403,
    WorkerSshKey: 403,
    Billing: 403,
    Invoices: 403,
    Invoice: 403,
    ProviderKeys: 403,
    Usage: 403,
    UsageLimits: 403,
    BlockedRequests: 403,
    OwnUsage: 403,
    OwnBlockedRequests: 403,
    Permissions: 200,
    HistoryState: 403,
    AccessDiff: 403,
    AccessTimeline: 403,
    AccessReview: 403,
    LedgerCheckpoint: 403,
    LedgerProof: 403,
    LedgerConsistency: 403,
    RealmLedgerCheckpoint: 403,
    RealmLedgerProof: 403,
    RealmLedgerConsistency: 403,
    Scheme: 200,
    SchemeMatrix: 200,
    Me: 200,
    Actions: 200,
    RealmPricing: 403,
    RealmModels: 403,
    RealmServiceAccounts: 403,
    PersonalEnvironment: 200,
    Projections: 403,
  };

  it.each(queryNames)('%s', async (name) => {
    const answer = await as('member', { ...query(name, 'quetzal'), headers: { 'consistency-token': token } });
    expect([name, answer.status]).toEqual([name, statuses[name]]);
  });

  it('sees the environments that were granted, and no others', async () => {
    const headers = { 'consistency-token': token };
    const listed = await as('member', { path: '/v1/orgs/quetzal/environments', headers });
    expect(JSON.parse(listed.text)).toMatchObject({ environments: [{ id: 'second-room' }] });
    expect((await as('member', { path: '/v1/orgs/quetzal/environments/second-room', headers })).status).toBe(200);
    expect((await as('member', { path: '/v1/orgs/quetzal/environments/none', headers })).status).toBe(404);
  });

  it('an admin may not do what only the platform may', async () => {
    const answer = await as('admin', command('TransferOrgOwnership', 'quetzal'));
    expect(JSON.parse(answer.text)).toMatchObject({ status: 403, permission: 'org:transfer' });
  });
});
