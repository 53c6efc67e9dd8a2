import { z } from 'zod';
import { own } from '../../access/documents.js';
import { refuse } from '../../decision.js';
import { slug } from '../../text.js';
import { orgCommand } from '../command.js';
import { contentKey } from '../contents.js';
import { content } from '../fields.js';
import { activeEnvironment, isMissing } from './environments.js';

/** An environment's document is written whole with each change, and read by checks. */
const MAX_CONTENTS = 500;

const assigned = z.strictObject({ environmentId: slug, content });

/** Which products and projects belong to a workspace (V18); what they are is kept elsewhere. */
export const contentCommands = {
  AssignContent: orgCommand(assigned, (state, { environmentId, content: of }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    const { contents = {} } = found;
    if (own(contents, contentKey(of)) !== undefined) return [];
    if (Object.keys(contents).length >= MAX_CONTENTS) return refuse('contents_full');
    return [{ type: 'ContentAssigned', data: { environmentId, content: of } }];
  }),

  UnassignContent: orgCommand(assigned, (state, { environmentId, content: of }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    return own(found.contents ?? {}, contentKey(of)) === undefined
      ? []
      : [{ type: 'ContentUnassigned', data: { environmentId, content: of } }];
  }),
};
