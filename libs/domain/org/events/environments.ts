import { z } from 'zod';
import type { DocumentKey } from '../../event.js';
import { environmentKind } from '../../schemes/scheme.js';
import { instant, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { childRoleKey, endpoint, grantee } from '../fields.js';
import { changedEnvironment, changedMember, environment, member, withEnvironment, without } from '../org.js';

const access = z.strictObject({ environmentId: slug, grantee });
type Access = z.output<typeof access>;

/** A grant to a person stands with the member, one to a group with the environment: so no event rewrites many documents. */
const holding = ({ environmentId, grantee: { type, id } }: Access): DocumentKey =>
  type === 'user' ? member(id) : environment(environmentId);

// Stored format: add event types and optional fields, never change them.
export const environmentEvents = {
  EnvironmentCreated: orgEvent(
    z.strictObject({
      environmentId: slug,
      name: text(200),
      /** Without a kind it is an `environment`. */
      kind: environmentKind.optional(),
      cloudProvider: slug.optional(),
    }),
    {
      targets: ({ environmentId }) => [environmentId],
      touches: ({ environmentId }) => [environment(environmentId)],
      evolve: (state, { environmentId, name, kind, cloudProvider }) =>
        withEnvironment(state, {
          id: environmentId,
          name,
          kind,
          cloudProvider,
          status: 'active',
          models: {},
          groupGrants: {},
        }),
    },
  ),
  EnvironmentRenamed: orgEvent(z.strictObject({ environmentId: slug, name: text(200) }), {
    targets: ({ environmentId }) => [environmentId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, name }) =>
      changedEnvironment(state, environmentId, (found) => ({ ...found, name })),
  }),
  /** Takes the environment's models and every grant on it with it. */
  EnvironmentDeleted: orgEvent(z.strictObject({ environmentId: slug }), {
    targets: ({ environmentId }) => [environmentId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        status: 'deleted',
        models: {},
        mcpServers: undefined,
        oauthConnections: undefined,
        contents: undefined,
        credential: undefined,
        groupGrants: {},
      })),
  }),
  EnvironmentAccessGranted: orgEvent(
    access.extend({
      notBefore: instant.optional(),
      notAfter: instant.optional(),
      /** A role in this environment that the grant names itself. */
      role: childRoleKey.optional(),
    }),
    {
      targets: ({ environmentId, grantee: { id } }) => [environmentId, id],
      touches: (data) => [holding(data)],
      evolve: (state, { environmentId, grantee: { type, id }, notBefore, notAfter, role }, { id: evidence }) => {
        const grant = { notBefore, notAfter, role, evidence };
        if (type === 'group')
          return changedEnvironment(state, environmentId, (found) => ({
            ...found,
            groupGrants: { ...found.groupGrants, [id]: grant },
          }));
        return changedMember(state, id, (found) => ({ ...found, grants: { ...found.grants, [environmentId]: grant } }));
      },
    },
  ),
  EnvironmentAccessRevoked: orgEvent(access, {
    targets: ({ environmentId, grantee: { id } }) => [environmentId, id],
    touches: (data) => [holding(data)],
    evolve: (state, { environmentId, grantee: { type, id } }) =>
      type === 'group'
        ? changedEnvironment(state, environmentId, (found) => ({
            ...found,
            groupGrants: without(found.groupGrants, id),
          }))
        : changedMember(state, id, (found) => ({ ...found, grants: without(found.grants, environmentId) })),
  }),
  ModelAdded: orgEvent(z.strictObject({ environmentId: slug, modelId: slug, provider: slug, name: text(200) }), {
    targets: ({ environmentId, modelId }) => [environmentId, modelId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, modelId, provider, name }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        models: { ...found.models, [modelId]: { provider, name } },
      })),
  }),
  ModelRemoved: orgEvent(z.strictObject({ environmentId: slug, modelId: slug }), {
    targets: ({ environmentId, modelId }) => [environmentId, modelId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, modelId }) =>
      changedEnvironment(state, environmentId, (found) => ({ ...found, models: without(found.models, modelId) })),
  }),
  EnvironmentMcpServerAdded: orgEvent(
    z.strictObject({ environmentId: slug, serverId: slug, name: text(200), url: endpoint }),
    {
      targets: ({ environmentId, serverId }) => [environmentId, serverId],
      touches: ({ environmentId }) => [environment(environmentId)],
      evolve: (state, { environmentId, serverId, name, url }) =>
        changedEnvironment(state, environmentId, (found) => ({
          ...found,
          mcpServers: { ...found.mcpServers, [serverId]: { name, url } },
        })),
    },
  ),
  EnvironmentMcpServerRemoved: orgEvent(z.strictObject({ environmentId: slug, serverId: slug }), {
    targets: ({ environmentId, serverId }) => [environmentId, serverId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, serverId }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        mcpServers: without(found.mcpServers ?? {}, serverId),
      })),
  }),
  /** That the environment acts through the connection; the tokens themselves are with whoever holds it. */
  OAuthConnected: orgEvent(
    z.strictObject({ environmentId: slug, connectionId: slug, provider: slug, name: text(200) }),
    {
      targets: ({ environmentId, connectionId }) => [environmentId, connectionId],
      touches: ({ environmentId }) => [environment(environmentId)],
      evolve: (state, { environmentId, connectionId, provider, name }) =>
        changedEnvironment(state, environmentId, (found) => ({
          ...found,
          oauthConnections: { ...found.oauthConnections, [connectionId]: { provider, name } },
        })),
    },
  ),
  OAuthDisconnected: orgEvent(z.strictObject({ environmentId: slug, connectionId: slug }), {
    targets: ({ environmentId, connectionId }) => [environmentId, connectionId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, connectionId }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        oauthConnections: without(found.oauthConnections ?? {}, connectionId),
      })),
  }),
};
