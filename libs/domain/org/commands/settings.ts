import { z } from 'zod';
import { own } from '../../access/documents.js';
import { type Decision, type Refusal, refuse } from '../../decision.js';
import { slug, text } from '../../text.js';
import { nothing, orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { budget, type DocumentKind, endpoint, opaqueDocument, sso, witnessUrl } from '../fields.js';
import { type OrgState, settingsOf } from '../org.js';

const document = z.strictObject({ document: opaqueDocument });
const setting = (kind: DocumentKind) =>
  orgCommand(document, (state, { document: content }) => set(state, kind, content));

export const settingsCommands = {
  SetRouting: setting('routing'),
  SetGuardrails: setting('guardrails'),
  /** Kept as a document too. That the domains are the organization's is not proven here. */
  ConfigureSso: orgCommand(sso, (state, content) => set(state, 'sso', content)),

  AddOrgMcpServer: orgCommand(
    z.strictObject({ serverId: slug.optional(), name: text(200), url: endpoint }),
    (state, { serverId, name, url }, { newId }) => {
      if (state.org.status !== 'active') return refuse('org_not_found');
      const { mcpServers } = settingsOf(state);
      const id = serverId ?? newId;
      const present = own(mcpServers, id);
      if (present === undefined) return [{ type: 'McpServerAdded', data: { serverId: id, name, url } }];
      return present.name === name && present.url === url ? [] : refuse('mcp_server_exists');
    },
  ),

  RemoveOrgMcpServer: orgCommand(z.strictObject({ serverId: slug }), (state, { serverId }) =>
    own(settingsOf(state).mcpServers, serverId) === undefined ? [] : [{ type: 'McpServerRemoved', data: { serverId } }],
  ),

  SetBudget: orgCommand(budget.extend({ environmentId: slug.optional() }), (state, { environmentId, ...limits }) => {
    const fault = placeFault(state, environmentId);
    if (fault !== undefined) return fault;
    const present = own(settingsOf(state).budgets, environmentId ?? '');
    const { amount, currency, period } = limits;
    if (present?.amount === amount && present.currency === currency && present.period === period) return [];
    return [{ type: 'BudgetSet', data: { ...limits, ...(environmentId === undefined ? {} : { environmentId }) } }];
  }),

  RemoveBudget: orgCommand(z.strictObject({ environmentId: slug.optional() }), (state, { environmentId }) => {
    const fault = placeFault(state, environmentId);
    if (fault !== undefined) return fault;
    if (own(settingsOf(state).budgets, environmentId ?? '') === undefined) return [];
    return [{ type: 'BudgetRemoved', data: environmentId === undefined ? {} : { environmentId } }];
  }),

  SetCheckpointWitness: orgCommand(z.strictObject({ url: witnessUrl }), (state, { url }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    if (settingsOf(state).checkpointWitness?.url === url) return [];
    return [{ type: 'CheckpointWitnessSet', data: { url } }];
  }),

  RemoveCheckpointWitness: orgCommand(nothing, (state) =>
    settingsOf(state).checkpointWitness === undefined ? [] : [{ type: 'CheckpointWitnessRemoved', data: {} }],
  ),
};

/** The document as a text of its own: what is in it is nobody's business here, numbers of any kind included. */
function set(state: OrgState, kind: DocumentKind, content: unknown): Decision<OrgEvent> {
  if (state.org.status !== 'active') return refuse('org_not_found');
  const { documents } = settingsOf(state);
  const text = JSON.stringify(content);
  const present = own(documents, kind);
  if (present?.document === text) return [];
  return [{ type: 'DocumentSet', data: { kind, version: (present?.version ?? 0) + 1, document: text } }];
}

function placeFault({ org, environments }: OrgState, environmentId: string | undefined): Refusal | undefined {
  if (org.status !== 'active') return refuse('org_not_found');
  if (environmentId === undefined || environments.get(environmentId)?.status === 'active') return undefined;
  return refuse('environment_not_found');
}
