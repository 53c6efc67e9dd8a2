import { z } from 'zod';
import { anyPrincipalId, slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { changedWorkflow, withWorkflow, workflow } from '../org.js';

const named = z.strictObject({ workflowId: slug });
const owned = named.extend({ name: text(200), ownerId: anyPrincipalId });
const linked = named.extend({ environmentId: slug });

// Stored format: add event types and optional fields, never change them.
export const workflowEvents = {
  WorkflowRegistered: orgEvent(linked.extend({ name: text(200), ownerId: anyPrincipalId }), {
    targets: ({ workflowId, environmentId }) => [workflowId, environmentId],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId: id, environmentId, name, ownerId }, { id: evidence }) =>
      withWorkflow(state, { id, environmentId, name, ownerId, status: 'active', evidence }),
  }),
  /** In the personal environment of its owner, who alone sees it there (T42). */
  PersonalWorkflowRegistered: orgEvent(owned, {
    targets: ({ workflowId }) => [workflowId],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId: id, name, ownerId }, { id: evidence }) =>
      withWorkflow(state, { id, name, ownerId, status: 'active', evidence }),
  }),
  /** Out of the personal environment of its owner. */
  WorkflowPromoted: orgEvent(linked, {
    targets: ({ workflowId, environmentId }) => [workflowId, environmentId],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId, environmentId }, { id: evidence }) =>
      changedWorkflow(state, workflowId, { environmentId, evidence }),
  }),
  /** Into the personal environment of its owner. */
  WorkflowMadePersonal: orgEvent(named.extend({ from: slug }), {
    targets: ({ workflowId, from }) => [workflowId, from],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId }, { id: evidence }) =>
      changedWorkflow(state, workflowId, { environmentId: undefined, evidence }),
  }),
  /** One link takes the place of the other: there is no moment with none or with two (T36, P9). */
  WorkflowMoved: orgEvent(linked.extend({ from: slug }), {
    targets: ({ workflowId, from, environmentId }) => [workflowId, from, environmentId],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId, environmentId }, { id: evidence }) =>
      changedWorkflow(state, workflowId, { environmentId, evidence }),
  }),
  WorkflowRemoved: orgEvent(named, {
    targets: ({ workflowId }) => [workflowId],
    touches: ({ workflowId }) => [workflow(workflowId)],
    evolve: (state, { workflowId }) => changedWorkflow(state, workflowId, { status: 'removed' }),
  }),
};
