import { z } from 'zod';
import { refuse } from '../../decision.js';
import { newKeyFault } from '../../keys.js';
import { instant, slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import { roleKey } from '../fields.js';
import { machineRoleFault } from '../machine-roles.js';

const key = z.strictObject({ keyId: slug });

/** API keys of the organization itself (V21), each with a role in it; the ids are those of service accounts too. */
export const orgApiKeyCommands = {
  CreateOrgApiKey: orgCommand(
    key.partial().extend({ name: text(200), role: roleKey, notAfter: instant.optional() }),
    ({ org, services }, { keyId, name, role, notAfter }, { scheme, newId, newKey, at, byKey }) => {
      if (org.status !== 'active') return refuse('org_not_found');
      if (byKey) return refuse('not_by_key');
      const id = keyId ?? newId;
      if (services.get(id) !== undefined) return refuse('key_exists');
      const fault = machineRoleFault(scheme, role) ?? newKeyFault({}, id, notAfter, at);
      if (fault !== undefined) return fault;
      const end = notAfter === undefined ? {} : { notAfter };
      const issued = newKey({ kind: 'org', path: [org.id, id] });
      return [{ type: 'OrgApiKeyCreated', data: { keyId: id, name, role, ...issued, ...end } }];
    },
  ),

  RevokeOrgApiKey: orgCommand(key, ({ services }, { keyId }) => {
    const found = services.get(keyId);
    if (found?.isApiKey !== true) return refuse('key_not_found');
    return found.status === 'deleted' ? [] : [{ type: 'OrgApiKeyRevoked', data: { keyId } }];
  }),
};
