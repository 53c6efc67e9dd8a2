import { z } from 'zod';
import { type EnvironmentDocument, type Grant, own } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import type { CompiledChild, CompiledScheme } from '../../schemes/compiled.js';
import { type EnvironmentKind, environmentKind } from '../../schemes/scheme.js';
import { instant, slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { childRoleKey, endpoint, grantee } from '../fields.js';
import { environmentLimitFault } from '../limits.js';
import type { OrgState } from '../org.js';
import { isModelValid } from '../provider-keys.js';
import { activeGroup } from './groups.js';

const ofEnvironment = z.strictObject({ environmentId: slug });
const access = z.strictObject({ environmentId: slug, grantee });
type Grantee = z.output<typeof grantee>;

/** The event of a new environment. Its kind is left out where it is the one that events without one have always had. */
export function environmentCreated(
  environmentId: string,
  name: string,
  kind: EnvironmentKind,
  cloudProvider?: string,
): OrgEvent {
  const ofKind = kind === 'environment' ? {} : { kind };
  const ofProvider = cloudProvider === undefined ? {} : { cloudProvider };
  return { type: 'EnvironmentCreated', data: { environmentId, name, ...ofKind, ...ofProvider } };
}

export const environmentCommands = {
  CreateEnvironment: orgCommand(
    z.strictObject({
      environmentId: slug.optional(),
      name: text(200),
      kind: environmentKind.optional(),
      cloudProvider: slug.optional(),
    }),
    (state, { environmentId, name, kind, cloudProvider }, { scheme, newId }) => {
      const { org, environments } = state;
      if (org.status !== 'active') return refuse('org_not_found');
      const wanted = kind ?? scheme.document.children[0];
      if (wanted === undefined || !scheme.children.has(wanted)) return refuse('environment_kind_unknown');
      if (cloudProvider !== undefined && scheme.document.cloudProvider === 'none')
        return refuse('cloud_provider_unknown');
      const id = environmentId ?? newId;
      const present = environments.get(id);
      const full = environmentLimitFault(state, scheme, wanted);
      if (present === undefined) return full ?? [environmentCreated(id, name, wanted, cloudProvider)];
      const same =
        present.name === name && (present.kind ?? 'environment') === wanted && present.cloudProvider === cloudProvider;
      return present.status === 'active' && same ? [] : refuse('environment_exists');
    },
  ),

  UpdateEnvironment: orgCommand(
    z.strictObject({ environmentId: slug, name: text(200) }),
    (state, { environmentId, name }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      return found.name === name ? [] : [{ type: 'EnvironmentRenamed', data: { environmentId, name } }];
    },
  ),

  DeleteEnvironment: orgCommand(ofEnvironment, (state, { environmentId }) => {
    const present = state.environments.get(environmentId);
    if (present === undefined) return refuse('environment_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'EnvironmentDeleted', data: { environmentId } }];
  }),

  GrantEnvironmentAccess: orgCommand(
    access.extend({
      notBefore: instant.optional(),
      notAfter: instant.optional(),
      role: childRoleKey.optional(),
    }),
    (state, { environmentId, grantee: to, notBefore, notAfter, role }, { scheme }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      const missing = to.type === 'group' ? groupFault(state, to.id) : memberFault(state, to.id);
      if (missing !== undefined) return missing;
      if (notAfter !== undefined && (notBefore ?? '') >= notAfter) return refuse('grant_window_empty');
      const present = grantTo(state, found, to);
      const same = present?.notBefore === notBefore && present?.notAfter === notAfter && present?.role === role;
      if (present !== undefined && same) return [];
      const ofRole = state.members.get(to.id)?.role ?? '';
      const fault =
        to.type === 'group'
          ? groupGrantFault(scheme.children.get(found.kind ?? 'environment'), role)
          : grantFault(scheme, found, ofRole, role);
      if (fault !== undefined) return fault;
      const data = { environmentId, grantee: to, notBefore, notAfter, role };
      return [{ type: 'EnvironmentAccessGranted', data }];
    },
  ),

  RevokeEnvironmentAccess: orgCommand(access, (state, { environmentId, grantee: from }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    const present = grantTo(state, found, from);
    return present === undefined ? [] : [{ type: 'EnvironmentAccessRevoked', data: { environmentId, grantee: from } }];
  }),

  AddModel: orgCommand(
    z.strictObject({ environmentId: slug, modelId: slug.optional(), provider: slug, name: text(200) }),
    (state, { environmentId, modelId, provider, name }, { newId, scheme }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      const id = modelId ?? newId;
      const present = own(found.models, id);
      if (present !== undefined)
        return present.provider === provider && present.name === name ? [] : refuse('model_exists');
      if (!isModelValid(scheme, state.settings, provider)) return refuse('provider_key_missing');
      return [{ type: 'ModelAdded', data: { environmentId, modelId: id, provider, name } }];
    },
  ),

  RemoveModel: orgCommand(
    z.strictObject({ environmentId: slug, modelId: slug }),
    (state, { environmentId, modelId }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      return own(found.models, modelId) === undefined
        ? []
        : [{ type: 'ModelRemoved', data: { environmentId, modelId } }];
    },
  ),

  AddMcpServer: orgCommand(
    z.strictObject({ environmentId: slug, serverId: slug.optional(), name: text(200), url: endpoint }),
    (state, { environmentId, serverId, name, url }, { newId }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      const id = serverId ?? newId;
      const present = own(found.mcpServers ?? {}, id);
      if (present !== undefined) return present.name === name && present.url === url ? [] : refuse('mcp_server_exists');
      return [{ type: 'EnvironmentMcpServerAdded', data: { environmentId, serverId: id, name, url } }];
    },
  ),

  RemoveMcpServer: orgCommand(
    z.strictObject({ environmentId: slug, serverId: slug }),
    (state, { environmentId, serverId }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      return own(found.mcpServers ?? {}, serverId) === undefined
        ? []
        : [{ type: 'EnvironmentMcpServerRemoved', data: { environmentId, serverId } }];
    },
  ),

  ConnectOAuth: orgCommand(
    z.strictObject({ environmentId: slug, connectionId: slug.optional(), provider: slug, name: text(200) }),
    (state, { environmentId, connectionId, provider, name }, { newId }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      const id = connectionId ?? newId;
      const present = own(found.oauthConnections ?? {}, id);
      if (present !== undefined)
        return present.provider === provider && present.name === name ? [] : refuse('oauth_connection_exists');
      return [{ type: 'OAuthConnected', data: { environmentId, connectionId: id, provider, name } }];
    },
  ),

  DisconnectOAuth: orgCommand(
    z.strictObject({ environmentId: slug, connectionId: slug }),
    (state, { environmentId, connectionId }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      return own(found.oauthConnections ?? {}, connectionId) === undefined
        ? []
        : [{ type: 'OAuthDisconnected', data: { environmentId, connectionId } }];
    },
  ),
};

export function activeEnvironment({ environments }: OrgState, id: string): EnvironmentDocument | Refusal {
  const found = environments.get(id);
  return found?.status === 'active' ? found : refuse('environment_not_found');
}

export const isMissing = (found: EnvironmentDocument | Refusal): found is Refusal => 'refused' in found;

const memberFault = ({ members }: OrgState, id: string): Refusal | undefined =>
  members.has(id) ? undefined : refuse('member_not_found');

function groupFault(state: OrgState, id: string): Refusal | undefined {
  const found = activeGroup(state, id);
  return 'refused' in found ? found : undefined;
}

/** A grant to a person stands with the member, one to a group with the environment. */
function grantTo({ members }: OrgState, { id, groupGrants }: EnvironmentDocument, to: Grantee): Grant | undefined {
  if (to.type === 'group') return own(groupGrants, to.id);
  const grants = members.get(to.id)?.grants;
  return grants && own(grants, id);
}

/**
 * Whether a grant would give nothing to a holder of the organization's role: it names no role where it must, or one that
 * the scheme does not allow here.
 */
export function grantFault(
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

/** What a grant gives to who is in the group goes by each one's own role, so that it must give something to some role. */
function groupGrantFault(child: CompiledChild | undefined, role: string | undefined): Refusal | undefined {
  const effects = [...(child?.grantedToGroup.values() ?? [])];
  if (!effects.some((effect) => effect.length > 0)) return refuse('group_grants_unknown');
  const named = [...(child?.overrides.values() ?? [])];
  return role === undefined || named.some((roles) => roles.includes(role))
    ? undefined
    : refuse('grant_role_not_allowed');
}
