import { z } from 'zod';
import { instant, slug } from '../../text.js';
import { orgEvent } from '../event.js';
import { secretReference } from '../fields.js';
import { changedEnvironment, environment } from '../org.js';

const one = z.strictObject({ environmentId: slug });
const issued = one.extend({ credential: secretReference });

// Stored format: add event types and optional fields, never change them.
export const environmentCredentialEvents = {
  EnvironmentCredentialIssued: orgEvent(issued, {
    targets: ({ environmentId }) => [environmentId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, credential: { secretId } }) =>
      changedEnvironment(state, environmentId, (found) => ({ ...found, credential: { id: secretId } })),
  }),
  /** The one before is accepted until `formerUntil`; one that is older still, no more. */
  EnvironmentCredentialRotated: orgEvent(issued.extend({ formerUntil: instant }), {
    targets: ({ environmentId }) => [environmentId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId, credential: { secretId }, formerUntil }) =>
      changedEnvironment(state, environmentId, (found) => ({
        ...found,
        credential: {
          id: secretId,
          ...(found.credential === undefined ? {} : { former: { id: found.credential.id, until: formerUntil } }),
        },
      })),
  }),
  /** With one that is being replaced, too. */
  EnvironmentCredentialRevoked: orgEvent(one, {
    targets: ({ environmentId }) => [environmentId],
    touches: ({ environmentId }) => [environment(environmentId)],
    evolve: (state, { environmentId }) =>
      changedEnvironment(state, environmentId, (found) => ({ ...found, credential: undefined })),
  }),
};
