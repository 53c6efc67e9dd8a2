import { z } from 'zod';
import type { EnvironmentDocument } from '../access/documents.js';
import { own } from '../access/documents.js';
import { type Decision, type Refusal, refuse } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { instant, principalId, slug, text } from '../text.js';
import { grantee, type OrgEvent, roleKey } from './events.js';
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
  CreateEnvironment: z.strictObject({ environmentId: slug.optional(), name: text(200) }),
  DeleteEnvironment: environment,
  GrantEnvironmentAccess: access.extend({ notBefore: instant.optional(), notAfter: instant.optional() }),
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
}

type Decide<Name extends OrgCommandName> = (
  state: OrgState,
  input: OrgCommandInput<Name>,
  context: DecisionContext,
) => Decision<OrgEvent>;

/** The rules of each command. Asking for what is already so yields no events; refusal codes are the prose. */
export const orgDecisions: { readonly [Name in OrgCommandName]: Decide<Name> } = {
  CreateOrg: ({ org }, { orgId, name, ownerId }, { scheme, newId }) => {
    if (org.status !== 'none') return refuse('org_exists');
    const { id, version, orgCreation } = scheme.document;
    const owner = { userId: ownerId, role: orgCreation.ownerRole };
    return [{ type: 'OrgCreated', data: { orgId: orgId ?? newId, name, scheme: { id, version }, owner } }];
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

  TransferOrgOwnership: ({ org, members }, { toUserId }, { scheme }) => {
    const { transfer } = scheme.document;
    if (transfer === null) return refuse('transfer_target_role');
    const target = members.get(toUserId);
    if (target === undefined) return refuse('member_not_found');
    if (target.role === transfer.role) return [];
    if (!transfer.target.includes(target.role)) return refuse('transfer_target_role');
    const data = { from: org.ownerId, to: toUserId, role: transfer.role, given: target.role, left: transfer.former };
    return [{ type: 'OrgOwnershipTransferred', data }];
  },

  CreateEnvironment: ({ org, environments }, { environmentId, name }, { newId }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    const id = environmentId ?? newId;
    const present = environments.get(id);
    if (present === undefined) return [{ type: 'EnvironmentCreated', data: { environmentId: id, name } }];
    return present.status === 'active' && present.name === name ? [] : refuse('environment_exists');
  },

  DeleteEnvironment: (state, { environmentId }) => {
    const present = state.environments.get(environmentId);
    if (present === undefined) return refuse('environment_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'EnvironmentDeleted', data: { environmentId } }];
  },

  GrantEnvironmentAccess: (state, { environmentId, grantee, notBefore, notAfter }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    if (grantee.type === 'group') return refuse('group_not_found');
    const holder = state.members.get(grantee.id);
    if (holder === undefined) return refuse('member_not_found');
    if (notAfter !== undefined && (notBefore ?? '') >= notAfter) return refuse('grant_window_empty');
    const present = own(holder.grants, environmentId);
    if (present !== undefined && present.notBefore === notBefore && present.notAfter === notAfter) return [];
    return [{ type: 'EnvironmentAccessGranted', data: { environmentId, grantee, notBefore, notAfter } }];
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

/** Whether the scheme's bounds on the holders of a role forbid the change (K3, T14). */
function roleFault(
  { org }: OrgState,
  { roles }: CompiledScheme,
  change: { gains?: string; loses?: string },
): Refusal | undefined {
  if (change.gains !== undefined) {
    const role = roles.get(change.gains);
    if (role?.scope !== 'org') return refuse('role_unknown');
    const max = role.holders?.max ?? null;
    if (max !== null && (org.holders[role.key] ?? 0) >= max) return refuse('role_holders_full');
  }
  if (change.loses !== undefined) {
    const min = roles.get(change.loses)?.holders?.min ?? 0;
    if ((org.holders[change.loses] ?? 0) <= min) return refuse('role_holders_short');
  }
  return undefined;
}
