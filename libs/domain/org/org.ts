import type { EnvironmentDocument, MemberDocument, OrgDocument } from '../access/documents.js';
import type { DocumentKey, Evolutions } from '../event.js';
import { PersistentMap } from '../persistent-map.js';
import type { OrgEvent } from './events.js';

/** An organization folded from its stream: the documents that decisions read. */
export interface OrgState {
  readonly org: OrgDocument;
  readonly members: PersistentMap<MemberDocument>;
  readonly environments: PersistentMap<EnvironmentDocument>;
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
  environments: PersistentMap.empty(),
};

const org: DocumentKey = { kind: 'org', id: '' };
const member = (id: string): DocumentKey => ({ kind: 'member', id });
const environment = (id: string): DocumentKey => ({ kind: 'environment', id });

export const orgEvolutions: Evolutions<OrgState, OrgEvent> = {
  OrgCreated: {
    touches: ({ owner }) => [org, member(owner.userId)],
    evolve: (state, { orgId, name, realm, scheme, owner }, { id }) =>
      withRole(
        {
          ...state,
          org: { ...state.org, id: orgId, name, realm, scheme, ownerId: owner.userId, status: 'active', evidence: id },
        },
        owner,
        id,
      ),
  },
  MemberAdded: {
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, data, { id }) => withRole(state, data, id),
  },
  MemberRoleChanged: {
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, data, { id }) => withRole(state, data, id),
  },
  MemberRemoved: {
    touches: ({ userId }) => [org, member(userId)],
    evolve: (state, { userId }) => ({
      ...state,
      org: counted(state.org, state.members.get(userId)?.role, -1),
      members: state.members.delete(userId),
    }),
  },
  OrgOwnershipTransferred: {
    touches: ({ from, to }) => [org, member(from), member(to)],
    evolve: (state, { from, to, role, left }, { id }) => {
      const swapped = withRole(withRole(state, { userId: from, role: left }, id), { userId: to, role }, id);
      return { ...swapped, org: { ...swapped.org, ownerId: to } };
    },
  },
  EnvironmentCreated: {
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, name, kind }) =>
      withEnvironment(state, { id: environmentId, name, kind, status: 'active', models: {}, groupGrants: {} }),
  },
  EnvironmentDeleted: {
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId }) =>
      changed(state, environmentId, (found) => ({ ...found, status: 'deleted', models: {}, groupGrants: {} })),
  },
  EnvironmentAccessGranted: {
    touches: ({ environmentId, grantee }) => [
      grantee.type === 'user' ? member(grantee.id) : environment(environmentId),
    ],
    evolve: (state, { environmentId, grantee, notBefore, notAfter, role }, { id }) => {
      const grant = { notBefore, notAfter, role, evidence: id };
      if (grantee.type === 'group')
        return changed(state, environmentId, (found) => ({
          ...found,
          groupGrants: { ...found.groupGrants, [grantee.id]: grant },
        }));
      return withGrants(state, grantee.id, (grants) => ({ ...grants, [environmentId]: grant }));
    },
  },
  EnvironmentAccessRevoked: {
    touches: ({ environmentId, grantee }) => [
      grantee.type === 'user' ? member(grantee.id) : environment(environmentId),
    ],
    evolve: (state, { environmentId, grantee }) =>
      grantee.type === 'group'
        ? changed(state, environmentId, (found) => ({ ...found, groupGrants: without(found.groupGrants, grantee.id) }))
        : withGrants(state, grantee.id, (grants) => without(grants, environmentId)),
  },
  ModelAdded: {
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, modelId, provider, name }) =>
      changed(state, environmentId, (found) => ({
        ...found,
        models: { ...found.models, [modelId]: { provider, name } },
      })),
  },
  ModelRemoved: {
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, modelId }) =>
      changed(state, environmentId, (found) => ({ ...found, models: without(found.models, modelId) })),
  },
  CommandHadNoEffect: { touches: () => [], evolve: (state) => state },
  MembershipClaimVoided: {
    touches: () => [org],
    evolve: (state, { claimId }) => ({
      ...state,
      org: { ...state.org, voidedClaims: [...state.org.voidedClaims, claimId] },
    }),
  },
};

function withRole(state: OrgState, { userId, role }: { userId: string; role: string }, evidence: string): OrgState {
  const before = state.members.get(userId);
  const document: MemberDocument = { id: userId, role, evidence, grants: before?.grants ?? {} };
  return {
    ...state,
    org: counted(counted(state.org, before?.role, -1), role, 1),
    members: state.members.set(userId, document),
  };
}

function counted(document: OrgDocument, role: string | undefined, change: number): OrgDocument {
  if (role === undefined) return document;
  return { ...document, holders: { ...document.holders, [role]: (document.holders[role] ?? 0) + change } };
}

const withEnvironment = (state: OrgState, document: EnvironmentDocument): OrgState => ({
  ...state,
  environments: state.environments.set(document.id, document),
});

function changed(state: OrgState, id: string, change: (found: EnvironmentDocument) => EnvironmentDocument): OrgState {
  const found = state.environments.get(id);
  return found === undefined ? state : withEnvironment(state, change(found));
}

type Grants = MemberDocument['grants'];

function withGrants(state: OrgState, userId: string, change: (grants: Grants) => Grants): OrgState {
  const found = state.members.get(userId);
  if (found === undefined) return state;
  return { ...state, members: state.members.set(userId, { ...found, grants: change(found.grants) }) };
}

function without<V>(record: Readonly<Record<string, V>>, key: string): Record<string, V> {
  const { [key]: _, ...rest } = record;
  return rest;
}
