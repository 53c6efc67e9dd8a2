import { z } from 'zod';
import type { EnvironmentDocument } from '../access/documents.js';
import { DEFAULT_REALM, own } from '../access/documents.js';
import { type Decision, type Refusal, refuse } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { environmentKind } from '../schemes/scheme.js';
import { instant, principalId, slug, text } from '../text.js';
import { childRoleKey, grantee, type OrgEvent, roleKey } from './events.js';
import type { OrgState } from './org.js';

const member = z.strictObject({ userId: principalId });
const memberWithRole = z.strictObject({ userId: principalId, role: roleKey });
const environment = z.strictObject({ environmentId: slug });
const access = z.strictObject({ environmentId: slug, grantee });

/** `personal/<user>` names a person's own environment where others are named `<organization>/<environment>`. */
const newOrgId = slug.refine((id) => id !== 'personal', 'is reserved');

/** What each command takes. Ids of created things may be given; otherwise they derive from the command's own id. */
export const orgCommands = {
  CreateOrg: z.strictObject({ orgId: newOrgId.optional(), name: text(200), ownerId: principalId }),
  AddMember: memberWithRole,
  RemoveMember: member,
  ChangeMemberRole: memberWithRole,
  TransferOrgOwnership: z.strictObject({ toUserId: principalId }),
  CreateEnvironment: z.strictObject({
    environmentId: slug.optional(),
    name: text(200),
    kind: environmentKind.optional(),
  }),
  DeleteEnvironment: environment,
  GrantEnvironmentAccess: access.extend({
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    role: childRoleKey.optional(),
  }),
  RevokeEnvironmentAccess: access,
  AddModel: z.strictObject({ environmentId: slug, modelId: slug.optional(), provider: slug, name: text(200) }),
  RemoveModel: z.strictObject({ environmentId: slug, modelId: slug }),
};
export type OrgCommandName = keyof typeof orgCommands;
export type OrgCommandInput<Name extends OrgCommandName> = z.output<(typeof orgCommands)[Name]>;

/** What a decider knows beside the folded organization. */
export interface DecisionContext {
  readonly scheme: CompiledScheme;
  /** The id for a thing that the command creates and the client has not named. */
  readonly newId: string;
  /** Who sends the command. */
  readonly actor: string;
  /** The realm that the command came to. */
  readonly realm: string;
}

type Decide<Name extends OrgCommandName> = (
  state: OrgState,
  input: OrgCommandInput<Name>,
  context: DecisionContext,
) => Decision<OrgEvent>;

/** The rules of each command. Asking for what is already so yields no events; refusal codes are the prose. */
export const orgDecisions: { readonly [Name in OrgCommandName]: Decide<Name> } = {
  CreateOrg: ({ org }, { orgId, name, ownerId }, { scheme, newId, actor, realm }) => {
    if (org.status !== 'none') return refuse('org_exists');
    const { id, version, orgCreation } = scheme.document;
    // Where the platform does not create organizations for others, people create their own (K1).
    if (orgCreation.by !== 'platform' && ownerId !== actor) return refuse('owner_not_creator');
    const ofRealm = realm === DEFAULT_REALM ? {} : { realm };
    const owner = { userId: ownerId, role: orgCreation.ownerRole };
    return [{ type: 'OrgCreated', data: { orgId: orgId ?? newId, name, ...ofRealm, scheme: { id, version }, owner } }];
  },

  AddMember: (state, { userId, role }, { scheme }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    const present = state.members.get(userId);
    if (present !== undefined) return present.role === role ? [] : refuse('already_member');
    return roleFault(state, scheme, { gains: role }) ?? [{ type: 'MemberAdded', data: { userId, role } }];
  },

  RemoveMember: (state, { userId }, { scheme }) => {
    const present = state.members.get(userId);
    if (present === undefined) return [];
    return (
      roleFault(state, scheme, { loses: present.role }) ?? [
        { type: 'MemberRemoved', data: { userId, role: present.role } },
      ]
    );
  },

  ChangeMemberRole: (state, { userId, role }, { scheme }) => {
    const present = state.members.get(userId);
    if (present === undefined) return refuse('member_not_found');
    if (present.role === role) return [];
    return (
      roleFault(state, scheme, { gains: role, loses: present.role }) ?? [
        { type: 'MemberRoleChanged', data: { userId, role, from: present.role } },
      ]
    );
  },

  TransferOrgOwnership: ({ org, members }, { toUserId }, { scheme, actor }) => {
    const { transfer } = scheme.document;
    if (transfer === null) return refuse('transfer_target_role');
    const target = members.get(toUserId);
    if (target === undefined) return refuse('member_not_found');
    if (target.role === transfer.role) return [];
    if (!transfer.target.includes(target.role)) return refuse('transfer_target_role');
    // Where there are several owners, it is the one who asks that steps down.
    const from = members.get(actor)?.role === transfer.role ? actor : org.ownerId;
    if (members.get(from)?.role !== transfer.role) return refuse('transfer_source_role');
    const data = { from, to: toUserId, role: transfer.role, given: target.role, left: transfer.former };
    return [{ type: 'OrgOwnershipTransferred', data }];
  },

  CreateEnvironment: ({ org, environments }, { environmentId, name, kind }, { scheme, newId }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    const wanted = kind ?? scheme.document.children[0];
    if (wanted === undefined || !scheme.children.has(wanted)) return refuse('environment_kind_unknown');
    const id = environmentId ?? newId;
    const present = environments.get(id);
    // Left out where it is the kind that events without one have always had.
    const ofKind = wanted === 'environment' ? {} : { kind: wanted };
    if (present === undefined) return [{ type: 'EnvironmentCreated', data: { environmentId: id, name, ...ofKind } }];
    const same = present.name === name && (present.kind ?? 'environment') === wanted;
    return present.status === 'active' && same ? [] : refuse('environment_exists');
  },

  DeleteEnvironment: (state, { environmentId }) => {
    const present = state.environments.get(environmentId);
    if (present === undefined) return refuse('environment_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'EnvironmentDeleted', data: { environmentId } }];
  },

  GrantEnvironmentAccess: (state, { environmentId, grantee, notBefore, notAfter, role }, { scheme }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    if (grantee.type === 'group') return refuse('group_not_found');
    const holder = state.members.get(grantee.id);
    if (holder === undefined) return refuse('member_not_found');
    if (notAfter !== undefined && (notBefore ?? '') >= notAfter) return refuse('grant_window_empty');
    const present = own(holder.grants, environmentId);
    const same = present?.notBefore === notBefore && present?.notAfter === notAfter && present?.role === role;
    if (present !== undefined && same) return [];
    const fault = grantFault(scheme, found, holder.role, role);
    if (fault !== undefined) return fault;
    return [{ type: 'EnvironmentAccessGranted', data: { environmentId, grantee, notBefore, notAfter, role } }];
  },

  RevokeEnvironmentAccess: (state, { environmentId, grantee }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    const grants = grantee.type === 'group' ? found.groupGrants : state.members.get(grantee.id)?.grants;
    const present = grants && own(grants, grantee.type === 'group' ? grantee.id : environmentId);
    return present === undefined ? [] : [{ type: 'EnvironmentAccessRevoked', data: { environmentId, grantee } }];
  },

  AddModel: (state, { environmentId, modelId, provider, name }, { newId }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    const id = modelId ?? newId;
    const present = own(found.models, id);
    if (present !== undefined)
      return present.provider === provider && present.name === name ? [] : refuse('model_exists');
    return [{ type: 'ModelAdded', data: { environmentId, modelId: id, provider, name } }];
  },

  RemoveModel: (state, { environmentId, modelId }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    return own(found.models, modelId) === undefined ? [] : [{ type: 'ModelRemoved', data: { environmentId, modelId } }];
  },
};

function activeEnvironment({ environments }: OrgState, id: string): EnvironmentDocument | Refusal {
  const found = environments.get(id);
  return found?.status === 'active' ? found : refuse('environment_not_found');
}

const isMissing = (found: EnvironmentDocument | Refusal): found is Refusal => 'refused' in found;

/** Whether a grant would give nothing: it names no role where it must, or one that the scheme does not allow here. */
function grantFault(
  { children }: CompiledScheme,
  { kind }: EnvironmentDocument,
  orgRole: string,
  role: string | undefined,
): Refusal | undefined {
  const child = children.get(kind ?? 'environment');
  if (role !== undefined)
    return child?.overrides.get(orgRole)?.includes(role) === true ? undefined : refuse('grant_role_not_allowed');
  const effect = child?.grantedToUser.get(orgRole) ?? [];
  return effect.length > 0 ? undefined : refuse('grant_without_effect');
}

/** Whether the scheme's bounds on the holders of a role forbid the change (K3, T14). */
function roleFault(
  { org }: OrgState,
  { roles }: CompiledScheme,
  change: { gains?: string; loses?: string },
): Refusal | undefined {
  if (change.gains !== undefined) {
    const role = roles.get(change.gains);
    if (role?.scope !== 'org') return refuse('role_unknown');
    if (role.confirmed) return refuse('role_needs_confirmation');
    const max = role.holders?.max ?? null;
    if (max !== null && (org.holders[role.key] ?? 0) >= max) return refuse('role_holders_full');
  }
  if (change.loses !== undefined) {
    const min = roles.get(change.loses)?.holders?.min ?? 0;
    if ((org.holders[change.loses] ?? 0) <= min) return refuse('role_holders_short');
  }
  return undefined;
}
