import { z } from 'zod';
import { own } from '../../access/documents.js';
import { type Decision, type Refusal, refuse } from '../../decision.js';
import { slug, text } from '../../text.js';
import { type BudgetPlace, budgetKey, budgetPlace, isOnePlace } from '../budgets.js';
import { nothing, orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { budget, type DocumentKind, endpoint, opaqueDocument, sso, witnessUrl } from '../fields.js';
import { type OrgState, settingsOf } from '../org.js';
import { sshPublicKey } from '../ssh-key.js';

const ONE_PLACE = 'is of an environment or of a person, not of both';

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

  /** Of the organization, one of its environments, or one of its members; where several bear on a use, each is kept. */
  SetBudget: orgCommand(
    budget.extend(budgetPlace.shape).refine(isOnePlace, ONE_PLACE),
    (state, { amount, currency, period, ...place }) => {
      const fault = placeFault(state, place);
      if (fault !== undefined) return fault;
      const present = own(settingsOf(state).budgets, budgetKey(place));
      if (present?.amount === amount && present.currency === currency && present.period === period) return [];
      return [{ type: 'BudgetSet', data: { amount, currency, period, ...place } }];
    },
  ),

  RemoveBudget: orgCommand(budgetPlace.refine(isOnePlace, ONE_PLACE), (state, place) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    const present = own(settingsOf(state).budgets, budgetKey(place));
    if (present === undefined) return placeFault(state, place) ?? [];
    return [{ type: 'BudgetRemoved', data: place }];
  }),

  /** The public half alone (V22): by whoever runs the workers and holds the private one. */
  SetWorkerSshKey: orgCommand(z.strictObject({ publicKey: sshPublicKey }), (state, { publicKey }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    if (settingsOf(state).workerSshKey?.publicKey === publicKey) return [];
    return [{ type: 'WorkerSshKeySet', data: { publicKey } }];
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

function placeFault({ org, environments, members }: OrgState, place: BudgetPlace): Refusal | undefined {
  const { environmentId, userId } = place;
  if (org.status !== 'active') return refuse('org_not_found');
  if (userId !== undefined && !members.has(userId)) return refuse('member_not_found');
  if (environmentId === undefined || environments.get(environmentId)?.status === 'active') return undefined;
  return refuse('environment_not_found');
}
