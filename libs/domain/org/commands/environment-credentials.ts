import { z } from 'zod';
import { refuse } from '../../decision.js';
import { slug } from '../../text.js';
import { orgCommand } from '../command.js';
import { secretReference } from '../fields.js';
import { activeEnvironment, isMissing } from './environments.js';

const one = z.strictObject({ environmentId: slug });
const issuing = one.extend({ credential: secretReference });
const MAX_OVERLAP_SECONDS = 30 * 86_400;

/** The one virtual key of an environment (T33, T34). The rules see a reference only: the key itself was made before. */
export const environmentCredentialCommands = {
  IssueEnvironmentCredential: orgCommand(issuing, (state, { environmentId, credential }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    if (found.credential !== undefined)
      return found.credential.id === credential.secretId ? [] : refuse('credential_exists');
    return [{ type: 'EnvironmentCredentialIssued', data: { environmentId, credential } }];
  }),

  RotateEnvironmentCredential: orgCommand(
    issuing.extend({ overlapSeconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(3600) }),
    (state, { environmentId, credential, overlapSeconds }, { at }) => {
      const found = activeEnvironment(state, environmentId);
      if (isMissing(found)) return found;
      if (found.credential === undefined) return refuse('credential_not_found');
      if (found.credential.id === credential.secretId) return [];
      const formerUntil = new Date(at + overlapSeconds * 1000).toISOString();
      return [{ type: 'EnvironmentCredentialRotated', data: { environmentId, credential, formerUntil } }];
    },
  ),

  RevokeEnvironmentCredential: orgCommand(one, (state, { environmentId }) => {
    const found = activeEnvironment(state, environmentId);
    if (isMissing(found)) return found;
    return found.credential === undefined ? [] : [{ type: 'EnvironmentCredentialRevoked', data: { environmentId } }];
  }),
};
