import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { touches } from '#libs/domain/aggregates.js';
import type {
  ChargeDocument,
  EnvironmentDocument,
  GroupDocument,
  InvitationDocument,
  MemberDocument,
  OrgDocument,
  SettingsDocument,
  ServiceAccountDocument,
  WorkflowDocument,
} from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import { isRefusal, refusals } from '#libs/domain/decision.js';
import { type OrgEvent, orgEvents, orgEvolutions } from '#libs/domain/org/events.js';
import { holderIn, noOrg, type OrgState, withInvitation } from '#libs/domain/org/org.js';
import { PersistentMap } from '#libs/domain/persistent-map.js';
import { type Command, decide, enterprise, enterpriseWith, faultsOf, fold } from '../support/decider.js';
import { mayUse as naivelyMayUse } from './naive-access.js';
import { NaiveOrg } from './naive-org.js';
import {
  assigned,
  content,
  credential,
  endsOn,
  environmentId,
  environments,
  grantee,
  groupId,
  instant,
  instants,
  invitationId,
  invoice,
  keyId,
  modelId,
  moments,
  name,
  people,
  plan,
  provider,
  sshKey,
  url,
  userId,
  commandUnder,
  inputsUnder,
} from './org-commands.js';

const inputs = inputsUnder(enterprise);
const command = commandUnder(enterprise);
const role = fc.constantFrom('org.owner', 'org.admin', 'org.participant', 'org.ghost');
const created: fc.Arbitrary<Command> = fc.record({
  name: fc.constant('CreateOrg' as const),
  input: inputs.CreateOrg,
  newId: environmentId,
});
/** With invitations and a plan that limits, so that the commands of each can succeed. */
const roomy = enterpriseWith({
  invitations: { batchMax: 2, forbidRoles: ['org.owner'], countPending: true, ttlHours: 1 },
  plans: { small: { members: 3, environments: 1 }, large: { members: null } },
});

/** Nearly every history begins with its organization; some ask things of one that is not there. */
const commands = fc
  .tuple(fc.option(created, { freq: 10, nil: undefined }), fc.array(command, { maxLength: 40, size: 'max' }))
  .map(([first, rest]) => (first === undefined ? rest : [first, ...rest]));

const issuedKey = {
  accountId: modelId,
  keyId,
  fingerprint: fc.constant('f'.repeat(43)),
  lastFour: fc.constant('last'),
  notAfter: instant,
};

/** Any events at all, in any order: more than a decider would ever append. */
const anyEvent: fc.Arbitrary<OrgEvent> = fc.oneof(
  event('OrgCreated', {
    orgId: fc.constant('acme'),
    name,
    scheme: fc.constant({ id: 'enterprise', version: 1 }),
    owner: fc.record({ userId, role }),
  }),
  event('MemberAdded', { userId, role }),
  event('MemberRoleChanged', { userId, role, from: role }),
  event('MemberRemoved', { userId, role }),
  event('RoleAssigned', { userId, role: assigned, assignedBy: userId, notAfter: fc.constantFrom(...instants) }),
  event('RoleAssignmentConfirmed', { userId, role: assigned, confirmedBy: userId }),
  event('RoleAssignmentRevoked', { userId, role: assigned }),
  event('MemberSuspended', { userId }),
  event('MemberResumed', { userId }),
  event('OrgRenamed', { name }),
  event('OrgDescribed', { description: fc.constantFrom(null, 'one', 'two') }),
  event('OrgSuspended', {}),
  event('OrgResumed', {}),
  event('GroupCreated', { groupId, name }),
  event('GroupRenamed', { groupId, name }),
  event('GroupDeleted', { groupId }),
  event('GroupMemberAdded', { groupId, userId }),
  event('GroupMemberRemoved', { groupId, userId }),
  event('OrgOwnershipTransferred', { from: userId, to: userId, role, given: role, left: role }),
  event('EnvironmentCreated', {
    environmentId,
    name,
    kind: fc.constant(undefined),
    cloudProvider: fc.constantFrom(undefined, 'aws'),
  }),
  event('EnvironmentRenamed', { environmentId, name }),
  event('EnvironmentDeleted', { environmentId }),
  event('EnvironmentAccessGranted', {
    environmentId,
    grantee,
    notBefore: instant,
    notAfter: instant,
    role: fc.constantFrom(undefined, 'workspace.viewer'),
  }),
  event('EnvironmentAccessRevoked', { environmentId, grantee }),
  event('ModelAdded', { environmentId, modelId, provider, name }),
  event('ModelRemoved', { environmentId, modelId }),
  event('EnvironmentMcpServerAdded', { environmentId, serverId: modelId, name, url }),
  event('EnvironmentMcpServerRemoved', { environmentId, serverId: modelId }),
  event('OAuthConnected', { environmentId, connectionId: modelId, provider, name }),
  event('OAuthDisconnected', { environmentId, connectionId: modelId }),
  event('ContentAssigned', { environmentId, content }),
  event('ContentUnassigned', { environmentId, content }),
  event('OrgPlanSet', { plan, from: fc.constant(undefined) }),
  event('OrgOwnershipTransferRequested', { to: userId, requestedBy: userId }),
  event('OrgSchemeChanged', {
    scheme: fc.constant({ id: 'enterprise', version: 2 }),
    from: fc.constant({ id: 'enterprise', version: 1 }),
  }),
  event('OrgDeleted', {}),
  event('InvitationCreated', {
    invitationId,
    emailIndex: fc.constantFrom('x', 'y'),
    email: fc.constant(null),
    role,
    environments: fc.array(fc.record({ environmentId }), { maxLength: 2 }),
    expiresAt: fc.constantFrom(...instants),
  }),
  event('InvitationResent', { invitationId, expiresAt: fc.constantFrom(...instants) }),
  event('InvitationCanceled', { invitationId }),
  event('InvitationDeclined', { invitationId }),
  event('InvitationAccepted', {
    invitationId,
    userId,
    role,
    environments: fc.array(fc.record({ environmentId }), { maxLength: 2 }),
  }),
  event('WorkflowRegistered', { workflowId: modelId, environmentId, name, ownerId: userId }),
  event('WorkflowMoved', { workflowId: modelId, from: environmentId, environmentId }),
  event('PersonalWorkflowRegistered', { workflowId: modelId, name, ownerId: userId }),
  event('WorkflowPromoted', { workflowId: modelId, environmentId }),
  event('WorkflowMadePersonal', { workflowId: modelId, from: environmentId }),
  event('WorkflowRemoved', { workflowId: modelId }),
  event('ApiKeyCreated', {
    userId,
    keyId,
    fingerprint: issuedKey.fingerprint,
    lastFour: issuedKey.lastFour,
    notAfter: instant,
  }),
  event('ApiKeyRevoked', { userId, keyId }),
  event('OrgApiKeyCreated', {
    keyId: modelId,
    name,
    role,
    fingerprint: issuedKey.fingerprint,
    lastFour: issuedKey.lastFour,
    notAfter: instant,
  }),
  event('OrgApiKeyRevoked', { keyId: modelId }),
  event('ServiceAccountCreated', { accountId: modelId, name, role }),
  event('ServiceAccountRenamed', { accountId: modelId, name }),
  event('ServiceAccountRoleChanged', { accountId: modelId, role, from: role }),
  event('ServiceAccountDeleted', { accountId: modelId }),
  event('ServiceAccountKeyIssued', issuedKey),
  event('ServiceAccountKeyRotated', { ...issuedKey, from: keyId, fromUntil: fc.constantFrom(...instants) }),
  event('ServiceAccountKeyRevoked', { accountId: modelId, keyId }),
  event('DocumentSet', {
    kind: fc.constantFrom('routing', 'sso'),
    version: fc.constant(1),
    document: fc.constant('{}'),
  }),
  event('McpServerAdded', { serverId: modelId, name, url }),
  event('McpServerRemoved', { serverId: modelId }),
  event('BudgetSet', { amount: fc.nat(2), currency: fc.constant('EUR'), period: fc.constant('day'), environmentId }),
  event('BudgetSet', { amount: fc.nat(2), currency: fc.constant('EUR'), period: fc.constant('day'), userId }),
  event('BudgetRemoved', { environmentId, userId: fc.constant(undefined) }),
  event('BudgetRemoved', { userId }),
  event('LegalHoldPlaced', {
    holdId: modelId,
    userId: fc.option(userId, { nil: undefined }),
    matter: name,
    placedBy: userId,
  }),
  event('LegalHoldReleased', { holdId: modelId }),
  event('MemberErasureRequested', { userId }),
  event('InvitedAddressErased', {
    emailIndex: fc.constantFrom('x', 'y'),
    invitationIds: fc.array(invitationId, { maxLength: 2 }),
    canceledIds: fc.array(invitationId, { maxLength: 2 }),
  }),
  event('EnvironmentCredentialIssued', { environmentId, credential }),
  event('EnvironmentCredentialRotated', { environmentId, credential, formerUntil: fc.constantFrom(...instants) }),
  event('EnvironmentCredentialRevoked', { environmentId }),
  event('ProviderKeyAdded', { keyId: modelId, provider, name, credential }),
  event('ProviderKeyRotated', { keyId: modelId, credential }),
  event('ProviderKeyRemoved', { keyId: modelId }),
  event('WorkerSshKeySet', { publicKey: sshKey }),
  event('CheckpointWitnessSet', { url: fc.constantFrom('https://a.test', 'https://b.test') }),
  event('CheckpointWitnessRemoved', {}),
  event('SubscriptionCanceled', { plan, endsOn }),
  event('BillingDetailsSet', {
    company: name,
    country: fc.constant('DE'),
    taxId: fc.constantFrom(undefined, 'DE1'),
    purchaseReference: fc.constant(undefined),
  }),
  event('PaymentMethodSaved', {
    provider,
    reference: modelId,
    brand: fc.constantFrom(undefined, 'Visa'),
    last4: fc.constant(undefined),
    expires: fc.constant(undefined),
  }),
  event('CreditsBought', { purchaseId: modelId, credits: fc.integer({ min: 1, max: 2 }) }),
  event('AutoRechargeSet', { below: fc.nat(2), credits: fc.integer({ min: 1, max: 2 }) }),
  event('AutoRechargeRemoved', {}),
  event('InvoiceRecorded', invoice),
  event('CommandHadNoEffect', { command: fc.constant('AddMember') }),
  event('MembershipClaimVoided', { claimId: fc.uuid() }),
);

function event<Type extends OrgEvent['type']>(
  type: Type,
  data: { [Field in keyof Extract<OrgEvent, { type: Type }>['data']]: fc.Arbitrary<unknown> },
): fc.Arbitrary<OrgEvent> {
  const fields: Record<string, fc.Arbitrary<unknown>> = data;
  return fc.record(fields).map((given) => ({ type, data: orgEvents[type].parse(given) }) as OrgEvent);
}

/** What the commands append, each decided on what those before it left. */
function historyOf(given: readonly Command[], scheme = roomy): OrgEvent[] {
  const history: OrgEvent[] = [];
  let state = noOrg;
  for (const next of given) {
    const decision = decide(state, next, scheme);
    if (isRefusal(decision)) continue;
    state = fold('org', decision, state, history.length);
    history.push(...decision);
  }
  return history;
}

interface Documents {
  org: OrgDocument;
  members: Record<string, MemberDocument>;
  groups: Record<string, GroupDocument>;
  environments: Record<string, EnvironmentDocument>;
  invitations: Record<string, InvitationDocument>;
  workflows: Record<string, WorkflowDocument>;
  charges: Record<string, ChargeDocument>;
  services: Record<string, ServiceAccountDocument>;
  settings?: SettingsDocument | undefined;
}

/** Everything that an organization is, as the access documents hold it. */
const documentsOf = (state: OrgState): Documents => ({
  org: state.org,
  members: sorted(state.members),
  groups: sorted(state.groups),
  environments: sorted(state.environments),
  invitations: sorted(state.invitations),
  workflows: sorted(state.workflows),
  charges: sorted(state.charges),
  services: sorted(state.services),
  settings: state.settings,
});

const sorted = <V>(map: PersistentMap<V>): Record<string, V> =>
  Object.fromEntries([...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));

const stateOf = (documents: Documents): OrgState =>
  Object.values(documents.invitations).reduce(withInvitation, withoutInvitations(documents));

const withoutInvitations = (documents: Documents): OrgState => ({
  ...noOrg,
  org: documents.org,
  members: PersistentMap.from(Object.entries(documents.members)),
  groups: PersistentMap.from(Object.entries(documents.groups)),
  environments: PersistentMap.from(Object.entries(documents.environments)),
  workflows: PersistentMap.from(Object.entries(documents.workflows)),
  charges: PersistentMap.from(Object.entries(documents.charges)),
  services: PersistentMap.from(Object.entries(documents.services)),
  settings: documents.settings,
});

const mayUse = (state: OrgState, principal: string, environment: string, at: number): boolean =>
  permit(
    {
      scheme: enterprise,
      realm: undefined,
      user: undefined,
      org: state.org,
      member: holderIn(state, principal),
      environment: state.environments.get(environment),
    },
    {
      principal,
      permission: 'environment:use',
      resource: { kind: 'environment', orgId: 'acme', environmentId: environment },
      at,
    },
  ).allowed;

function expectAgreement(state: OrgState, naive: NaiveOrg): void {
  expect(state.org.status === 'active').toBe(naive.exists);
  expect(state.org.ownerId).toBe(naive.owner);
  expect(state.members.size).toBe(naive.roles.size);
  expect(state.org.name).toBe(naive.name);
  expect(state.org.description ?? null).toBe(naive.description);
  expect(state.org.suspension !== undefined).toBe(naive.suspended);
  for (const { id, role: held, suspension } of state.members.values()) {
    expect(held).toBe(naive.roles.get(id));
    expect(suspension !== undefined).toBe(naive.suspendedMembers.has(id));
  }
  for (const { id, assignments = {} } of state.members.values()) {
    const confirmed = Object.entries(assignments).filter(([, assignment]) => assignment.confirmed);
    expect(new Set(confirmed.map(([key]) => key))).toEqual(naive.confirmed.get(id) ?? new Set());
  }
  const groupsNow = [...state.groups.values()].filter(({ status }) => status === 'active');
  expect(new Map(groupsNow.map(({ id, name: called }) => [id, called]))).toEqual(naive.groupNames);
  const active = [...state.environments.values()].filter(({ status }) => status === 'active');
  expect(new Map(active.map(({ id, name: called }) => [id, called]))).toEqual(naive.environments);
  expect(state.environments.size).toBe(naive.environments.size + naive.deleted.size);
  const running = [...state.workflows.values()].filter(({ status }) => status === 'active');
  expect(new Map(running.map(({ id, environmentId: of = '' }) => [id, of]))).toEqual(naive.workflows);
  const { plan: bought } = state.org;
  if (bought === 'small') expectWithin(naive, state);
  for (const { id, models, groupGrants } of active) {
    const listed = Object.entries(models).map(([model, of]) => [model, `${of.provider}/${of.name}`] as const);
    expect(new Map(listed)).toEqual(naive.models.get(id) ?? new Map());
    const toGroups = Object.entries(groupGrants).map(
      ([to, { notBefore, notAfter }]) => [to, { from: notBefore, until: notAfter }] as const,
    );
    expect(new Map(toGroups)).toEqual(naive.groupGrants.get(id) ?? new Map());
    const holders = [...state.members.values()].filter(({ grants }) => Object.hasOwn(grants, id));
    const windows = holders.map(
      ({ id: who, grants }) => [who, { from: grants[id]?.notBefore, until: grants[id]?.notAfter }] as const,
    );
    expect(new Map(windows)).toEqual(naive.grants.get(id) ?? new Map());
  }
  expectSameMachines(state, naive);
  for (const person of [...people, 'stranger', ...machinesOf(state)])
    for (const environment of environments)
      for (const at of moments)
        if (mayUse(state, person, environment, at) !== naivelyMayUse(naive, person, environment, at))
          throw new Error(
            `the naive model disagrees on ${person} using ${environment} at ${new Date(at).toISOString()}`,
          );
}

/** A key that is over may have been forgotten. */
function expectSameMachines({ services }: OrgState, { machines }: NaiveOrg): void {
  const active = [...services.values()].filter(({ status }) => status === 'active');
  expect(new Map(active.map(({ id, role: held }) => [id, held]))).toEqual(
    new Map([...machines].map(([id, { role: held }]) => [id, held])),
  );
  for (const { id, keys } of active) {
    const issued = machines.get(id)?.keys ?? new Map<string, boolean>();
    for (const key of Object.keys(keys)) expect(issued.has(key)).toBe(true);
    for (const [key, ends] of issued) expect([key, ends || Object.hasOwn(keys, key)]).toEqual([key, true]);
  }
}

/** Every machine that ever was, and one of another organization. */
const machinesOf = ({ services, workflows }: OrgState) => [
  ...[...services.entries()].map(([id]) => `service:acme/${id}`),
  ...[...workflows.entries()].map(([id]) => `workflow:acme/${id}`),
  'service:other/m1',
];

/** What was there before the plan was lowered stays: from then on nothing is added above its limits. */
function expectWithin(naive: NaiveOrg, { members, invitations, environments: all }: OrgState): void {
  const pending = [...invitations.values()].filter(({ status }) => status === 'pending').length;
  const active = [...all.values()].filter(({ status }) => status === 'active').length;
  expect(members.size + pending).toBeLessThanOrEqual(Math.max(3, naive.whenLimited.members));
  expect(active).toBeLessThanOrEqual(Math.max(1, naive.whenLimited.environments));
}

/** A state that holds the touched documents only, as a read model loads it. */
function partOf(state: OrgState, next: OrgEvent): OrgState {
  let part = noOrg;
  for (const { kind, id } of touchedBy(next)) {
    const [held, group, found] = [state.members.get(id), state.groups.get(id), state.environments.get(id)];
    const [invited, workflow, charge] = [state.invitations.get(id), state.workflows.get(id), state.charges.get(id)];
    const service = state.services.get(id);
    if (kind === 'org') part = { ...part, org: state.org };
    if (kind === 'settings') part = { ...part, settings: state.settings };
    if (kind === 'member' && held !== undefined) part = { ...part, members: part.members.set(id, held) };
    if (kind === 'group' && group !== undefined) part = { ...part, groups: part.groups.set(id, group) };
    if (kind === 'environment' && found !== undefined)
      part = { ...part, environments: part.environments.set(id, found) };
    if (kind === 'invitation' && invited !== undefined)
      part = { ...part, invitations: part.invitations.set(id, invited) };
    if (kind === 'charge' && charge !== undefined) part = { ...part, charges: part.charges.set(id, charge) };
    if (kind === 'service' && service !== undefined) part = { ...part, services: part.services.set(id, service) };
    if (kind === 'workflow' && workflow !== undefined) part = { ...part, workflows: part.workflows.set(id, workflow) };
  }
  return part;
}

const touchedBy = (next: OrgEvent) => touches('org', { ...next, stamp: { id: '', revision: 0n, occurredAt: '' } });

function expectTouchesComplete(state: OrgState, next: OrgEvent, after: number): OrgState {
  const whole = fold('org', [next], state, after);
  const part = fold('org', [next], partOf(state, next), after);
  const touched = touchedBy(next);
  const isTouched = (kind: string, id: string) => touched.some((key) => key.kind === kind && key.id === id);
  if (isTouched('org', '')) expect(part.org).toEqual(whole.org);
  else expect([whole.org === state.org, part.org === noOrg.org]).toEqual([true, true]);
  if (isTouched('settings', '')) expect(part.settings).toEqual(whole.settings);
  else expect([whole.settings === state.settings, part.settings === noOrg.settings]).toEqual([true, true]);
  for (const kind of ['member', 'group', 'environment', 'invitation', 'workflow', 'charge', 'service'] as const) {
    const collection = `${kind}s` as const;
    const ids = new Set([whole, part, state].flatMap((each) => [...each[collection].entries()].map(([id]) => id)));
    for (const id of ids) {
      if (isTouched(kind, id)) expect(part[collection].get(id)).toEqual(whole[collection].get(id));
      else {
        expect(whole[collection].get(id)).toBe(state[collection].get(id));
        expect(part[collection].has(id)).toBe(false);
      }
    }
  }
  return whole;
}

describe('any history of commands', () => {
  it('is legal at every prefix, and a naive organization agrees with it after every event', () => {
    fc.assert(
      fc.property(commands, (given) => {
        const naive = new NaiveOrg();
        let state = noOrg;
        historyOf(given).forEach((next, i) => {
          state = fold('org', [next], state, i);
          naive.apply(next);
          expect(faultsOf(state)).toEqual([]);
          expect([...naive.roles.values()].filter((held) => held === 'org.owner').length).toBe(1);
          expectAgreement(state, naive);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('is decided without a throw: each answer is events that are stored as they are, or a known refusal', () => {
    fc.assert(
      fc.property(commands, command, (given, next) => {
        const decision = decide(fold('org', historyOf(given)), next, roomy);
        if (isRefusal(decision)) expect(Object.keys(refusals)).toContain(decision.refused);
        else for (const { type, data } of decision) expect(orgEvents[type].parse(data)).toEqual(data);
      }),
      { numRuns: 300 },
    );
  });

  it('adds nothing when its last command is decided twice', () => {
    fc.assert(
      fc.property(commands, command, (given, next) => {
        const history = historyOf(given);
        const before = fold('org', history);
        const decision = decide(before, next, roomy);
        if (isRefusal(decision)) return;
        const again = decide(fold('org', decision, before, history.length), next, roomy);
        expect(isRefusal(again) ? [] : again).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the holders of a role within whatever a scheme allows', () => {
    fc.assert(
      fc.property(
        commands,
        fc.constantFrom('org.admin', 'org.participant'),
        fc.constantFrom(1, 2),
        (given, key, max) => {
          // A transfer swaps an admin for an admin, so it keeps to the bounds too.
          const scheme = enterpriseWith({
            roles: enterprise.document.roles.map((each) =>
              each.key === key ? { ...each, holders: { min: 0, max } } : each,
            ),
          });
          const history = historyOf(given, scheme);
          for (let n = 1; n <= history.length; n++)
            expect(faultsOf(fold('org', history.slice(0, n)), scheme)).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('folding', () => {
  it('gives the same organization wherever a history is split', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.nat(30), (history, at) => {
        const split = Math.min(at, history.length);
        const half = fold('org', history.slice(0, split));
        const kept = JSON.stringify(documentsOf(half));
        const resumed = fold('org', history.slice(split), half, split);
        expect(documentsOf(resumed)).toEqual(documentsOf(fold('org', history)));
        expect(JSON.stringify(documentsOf(half))).toBe(kept);
      }),
      { numRuns: 200 },
    );
  });

  it('counts the holders of a role right for any events in any order', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (history) => {
        const { org, members } = fold('org', history);
        const recount: Record<string, number> = {};
        for (const member of members.values()) recount[member.role] = (recount[member.role] ?? 0) + 1;
        expect(Object.fromEntries(Object.entries(org.holders).filter(([, count]) => count !== 0))).toEqual(recount);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the documents that an event touches', () => {
  it('are all that it reads and writes, after any commands', () => {
    fc.assert(
      fc.property(commands, (given) => {
        historyOf(given).reduce(expectTouchesComplete, noOrg);
      }),
      { numRuns: 150 },
    );
  });

  it('are all that it reads and writes, for any events in any order', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40, size: 'max' }), (history) => {
        history.reduce(expectTouchesComplete, noOrg);
      }),
      { numRuns: 200 },
    );
  });

  it('include every kind of event in the sample', () => {
    const seen = new Set(fc.sample(anyEvent, { numRuns: 2000, seed: 1 }).map(({ type }) => type));
    expect([...seen].sort()).toEqual(Object.keys(orgEvolutions).sort());
  });
});

describe('documents', () => {
  it('survive JSON: the same answers and the same decisions follow', () => {
    fc.assert(
      fc.property(commands, fc.array(command, { minLength: 1, maxLength: 5 }), (given, next) => {
        const state = fold('org', historyOf(given));
        const stored = stateOf(JSON.parse(JSON.stringify(documentsOf(state))));
        // The commands that made the state ask for what is already so.
        for (const each of [...given, ...next]) expect(decide(stored, each, roomy)).toEqual(decide(state, each, roomy));
        for (const person of people)
          for (const environment of environments)
            for (const at of moments)
              expect(mayUse(stored, person, environment, at)).toBe(mayUse(state, person, environment, at));
      }),
      { numRuns: 150 },
    );
  });
});
