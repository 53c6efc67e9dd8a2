import type {
  ChargeDocument,
  EnvironmentDocument,
  GroupDocument,
  InvitationDocument,
  MemberDocument,
  OrgDocument,
  ServiceAccountDocument,
  SettingsDocument,
  WorkflowDocument,
} from '../access/documents.js';
import { guestOf, holderOf, machineOf } from '../access/machines.js';
import type { DocumentKey } from '../event.js';
import { PersistentMap } from '../persistent-map.js';

/** An organization folded from its stream: the documents that decisions read. */
export interface OrgState {
  readonly org: OrgDocument;
  readonly members: PersistentMap<MemberDocument>;
  readonly groups: PersistentMap<GroupDocument>;
  readonly environments: PersistentMap<EnvironmentDocument>;
  readonly invitations: PersistentMap<InvitationDocument>;
  /** Ids of all invitations that an address ever got, by its keyed index: nobody need look through those of others. */
  readonly invited: PersistentMap<readonly string[]>;
  readonly workflows: PersistentMap<WorkflowDocument>;
  readonly charges: PersistentMap<ChargeDocument>;
  /** Service accounts. */
  readonly services: PersistentMap<ServiceAccountDocument>;
  /** Undefined until something was configured. */
  readonly settings: SettingsDocument | undefined;
}

export const noOrg: OrgState = {
  org: {
    id: '',
    name: '',
    status: 'none',
    scheme: { id: '', version: 0 },
    ownerId: '',
    holders: {},
    voidedClaims: [],
    evidence: '',
  },
  members: PersistentMap.empty(),
  groups: PersistentMap.empty(),
  environments: PersistentMap.empty(),
  invitations: PersistentMap.empty(),
  invited: PersistentMap.empty(),
  workflows: PersistentMap.empty(),
  charges: PersistentMap.empty(),
  services: PersistentMap.empty(),
  settings: undefined,
};

export const org: DocumentKey = { kind: 'org', id: '' };
export const member = (id: string): DocumentKey => ({ kind: 'member', id });
export const group = (id: string): DocumentKey => ({ kind: 'group', id });
export const environment = (id: string): DocumentKey => ({ kind: 'environment', id });
export const invitation = (id: string): DocumentKey => ({ kind: 'invitation', id });
export const workflow = (id: string): DocumentKey => ({ kind: 'workflow', id });
export const service = (id: string): DocumentKey => ({ kind: 'service', id });
export const settings: DocumentKey = { kind: 'settings', id: '' };

/** The state with what happened to the organization itself. */
export const withOrg = (state: OrgState, changes: Partial<OrgDocument>): OrgState => ({
  ...state,
  org: { ...state.org, ...changes },
});

/** The state in which the person holds the role, by membership. */
export function withRole(
  state: OrgState,
  { userId, role }: { userId: string; role: string },
  evidence: string,
): OrgState {
  const before = state.members.get(userId);
  return withMember(state, userId, { grants: {}, ...before, id: userId, role, evidence });
}

/** The state with this member, or without where none is given; who holds which role is counted anew. */
export function withMember(state: OrgState, userId: string, document: MemberDocument | undefined): OrgState {
  return {
    ...state,
    org: tallied(tallied(state.org, state.members.get(userId), -1), document, 1),
    members: document === undefined ? state.members.delete(userId) : state.members.set(userId, document),
  };
}

function tallied(document: OrgDocument, of: MemberDocument | undefined, change: number): OrgDocument {
  if (of === undefined) return document;
  const plus = (counts: Readonly<Record<string, number>>) => ({
    ...counts,
    [of.role]: (counts[of.role] ?? 0) + change,
  });
  const { suspendedHolders = {} } = document;
  return {
    ...document,
    holders: plus(document.holders),
    ...(of.suspension === undefined ? {} : { suspendedHolders: plus(suspendedHolders) }),
  };
}

/** A change of a member that leaves role and suspension alone; none of who is no member. */
export function changedMember(
  state: OrgState,
  userId: string,
  change: (found: MemberDocument) => MemberDocument,
): OrgState {
  const found = state.members.get(userId);
  return found === undefined ? state : { ...state, members: state.members.set(userId, change(found)) };
}

export const withGroup = (state: OrgState, document: GroupDocument): OrgState => ({
  ...state,
  groups: state.groups.set(document.id, document),
});

export function changedGroup(state: OrgState, id: string, changes: Partial<GroupDocument>): OrgState {
  const found = state.groups.get(id);
  return found === undefined ? state : withGroup(state, { ...found, ...changes });
}

export const withEnvironment = (state: OrgState, document: EnvironmentDocument): OrgState => ({
  ...state,
  environments: state.environments.set(document.id, document),
});

export function changedEnvironment(
  state: OrgState,
  id: string,
  change: (found: EnvironmentDocument) => EnvironmentDocument,
): OrgState {
  const found = state.environments.get(id);
  return found === undefined ? state : withEnvironment(state, change(found));
}

export function withInvitation(state: OrgState, document: InvitationDocument): OrgState {
  const { id, emailIndex } = document;
  const before = state.invited.get(emailIndex) ?? [];
  return {
    ...state,
    invitations: state.invitations.set(id, document),
    invited: before.includes(id) ? state.invited : state.invited.set(emailIndex, [...before, id]),
  };
}

/** Every invitation that the address ever got, whatever became of it. */
export const invitationsTo = ({ invitations, invited }: OrgState, emailIndex: string): readonly InvitationDocument[] =>
  (invited.get(emailIndex) ?? []).flatMap((id) => {
    const found = invitations.get(id);
    return found?.emailIndex === emailIndex ? found : [];
  });

export function changedInvitation(state: OrgState, id: string, changes: Partial<InvitationDocument>): OrgState {
  const found = state.invitations.get(id);
  return found === undefined ? state : withInvitation(state, { ...found, ...changes });
}

export const withWorkflow = (state: OrgState, document: WorkflowDocument): OrgState => ({
  ...state,
  workflows: state.workflows.set(document.id, document),
});

export function changedWorkflow(state: OrgState, id: string, changes: Partial<WorkflowDocument>): OrgState {
  const found = state.workflows.get(id);
  return found === undefined ? state : withWorkflow(state, { ...found, ...changes });
}

export const withService = (state: OrgState, document: ServiceAccountDocument): OrgState => ({
  ...state,
  services: state.services.set(document.id, document),
});

export function changedService(
  state: OrgState,
  id: string,
  change: (found: ServiceAccountDocument) => ServiceAccountDocument,
): OrgState {
  const found = state.services.get(id);
  return found === undefined ? state : withService(state, change(found));
}

/** What a principal of any kind holds in the organization: a membership, or what is told in its shape. */
export function holderIn({ org: { id }, members, services, workflows }: OrgState, principal: string) {
  const machine = machineOf(principal);
  if (machine === undefined) return members.get(principal);
  return holderOf(id, machine, (machine.kind === 'service' ? services : workflows).get(machine.id));
}

/** What a workflow of the organization holds in the personal environment of its owner. */
export function guestIn({ org: { id }, members, workflows }: OrgState, principal: string, ownerId: string) {
  const machine = machineOf(principal);
  if (machine?.orgId !== id) return undefined;
  return guestOf(machine, workflows.get(machine.id), members.get(ownerId));
}

/** Everyone who holds something in the organization by what it has recorded: members, service accounts, workflows. */
export function* holdersIn(state: OrgState): Generator<readonly [id: string, holder: MemberDocument]> {
  yield* state.members.entries();
  for (const kind of ['service', 'workflow'] as const) {
    const documents = kind === 'service' ? state.services : state.workflows;
    for (const [id, document] of documents.entries()) {
      const holder = holderOf(state.org.id, { kind, orgId: state.org.id, id }, document);
      if (holder !== undefined) yield [holder.id, holder];
    }
  }
}

const nothingSet: SettingsDocument = { documents: {}, mcpServers: {}, budgets: {} };

export const settingsOf = ({ settings }: OrgState): SettingsDocument => settings ?? nothingSet;

export const withSettings = (state: OrgState, changes: Partial<SettingsDocument>): OrgState => ({
  ...state,
  settings: { ...settingsOf(state), ...changes },
});

export function without<V>(record: Readonly<Record<string, V>>, key: string): Record<string, V> {
  const { [key]: _, ...rest } = record;
  return rest;
}
