import { z } from 'zod';
import { slug } from '../../text.js';
import { contentKey } from '../contents.js';
import { orgEvent } from '../event.js';
import { content } from '../fields.js';
import { changedEnvironment, environment, without } from '../org.js';

const assigned = z.strictObject({ environmentId: slug, content });
type Assigned = z.output<typeof assigned>;

const targets = ({ environmentId, content: { id } }: Assigned) => [environmentId, id];
const touches = ({ environmentId }: Assigned) => [environment(environmentId)];

// Stored format: add event types and optional fields, never change them.
export const contentEvents = {
  /** Of a product or project, that it belongs to this environment; it may belong to others as well. */
  ContentAssigned: orgEvent(assigned, {
    targets,
    touches,
    evolve: (state, { environmentId, content: of }, { occurredAt: assignedAt }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        contents: { ...found.contents, [contentKey(of)]: { assignedAt } },
      })),
  }),
  ContentUnassigned: orgEvent(assigned, {
    targets,
    touches,
    evolve: (state, { environmentId, content: of }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        contents: without(found.contents ?? {}, contentKey(of)),
      })),
  }),
};
