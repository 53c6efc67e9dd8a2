import { z } from 'zod';
import { slug, text } from '../../text.js';
import { budgetKey, budgetPlace } from '../budgets.js';
import { orgEvent } from '../event.js';
import { budget, documentKind, endpoint, witnessUrl } from '../fields.js';
import { settings, settingsOf, without, withSettings } from '../org.js';
import { sshPublicKey } from '../ssh-key.js';

// Stored format: add event types and optional fields, never change them.
export const settingsEvents = {
  /** Takes the place of the version before; that one stays in the history. */
  DocumentSet: orgEvent(z.strictObject({ kind: documentKind, version: z.int().min(1), document: z.string() }), {
    targets: ({ kind }) => [kind],
    touches: () => [settings],
    evolve: (state, { kind, version, document }) =>
      withSettings(state, { documents: { ...settingsOf(state).documents, [kind]: { version, document } } }),
  }),
  /** To the organization as a whole; one of an environment alone is `EnvironmentMcpServerAdded`. */
  McpServerAdded: orgEvent(z.strictObject({ serverId: slug, name: text(200), url: endpoint }), {
    targets: ({ serverId }) => [serverId],
    touches: () => [settings],
    evolve: (state, { serverId, name, url }) =>
      withSettings(state, { mcpServers: { ...settingsOf(state).mcpServers, [serverId]: { name, url } } }),
  }),
  McpServerRemoved: orgEvent(z.strictObject({ serverId: slug }), {
    targets: ({ serverId }) => [serverId],
    touches: () => [settings],
    evolve: (state, { serverId }) =>
      withSettings(state, { mcpServers: without(settingsOf(state).mcpServers, serverId) }),
  }),
  BudgetSet: orgEvent(budget.extend(budgetPlace.shape), {
    targets: ({ environmentId, userId }) => [environmentId ?? [], userId ?? []].flat(),
    touches: () => [settings],
    evolve: (state, { amount, currency, period, ...place }) =>
      withSettings(state, {
        budgets: { ...settingsOf(state).budgets, [budgetKey(place)]: { amount, currency, period } },
      }),
  }),
  BudgetRemoved: orgEvent(budgetPlace, {
    targets: ({ environmentId, userId }) => [environmentId ?? [], userId ?? []].flat(),
    touches: () => [settings],
    evolve: (state, place) => withSettings(state, { budgets: without(settingsOf(state).budgets, budgetKey(place)) }),
  }),
  /** Whoever runs the workers holds the private half. */
  WorkerSshKeySet: orgEvent(z.strictObject({ publicKey: sshPublicKey }), {
    targets: () => [],
    touches: () => [settings],
    evolve: (state, { publicKey }, { occurredAt: setAt }) =>
      withSettings(state, { workerSshKey: { publicKey, setAt } }),
  }),
  /** From then on, signed checkpoints of this stream are delivered there, the one that covers this event included. */
  CheckpointWitnessSet: orgEvent(z.strictObject({ url: witnessUrl }), {
    targets: () => [],
    touches: () => [settings],
    evolve: (state, { url }) => withSettings(state, { checkpointWitness: { url } }),
  }),
  CheckpointWitnessRemoved: orgEvent(z.strictObject({}), {
    targets: () => [],
    touches: () => [settings],
    evolve: (state) => {
      const { checkpointWitness: _, ...rest } = settingsOf(state);
      return { ...state, settings: rest };
    },
  }),
};
