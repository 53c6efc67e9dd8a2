import { z } from 'zod';
import type { ServiceAccountDocument } from '../../access/documents.js';
import { own } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import type { KeyPlace } from '../../keys.js';
import { accountNamed, issued, keyIssue, keyNamed, keyRotation, rotated } from '../../service-keys.js';
import { slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { roleKey } from '../fields.js';
import { machineRoleFault } from '../machine-roles.js';
import type { OrgState } from '../org.js';

/** The organization's own machines, and the keys that they act by. */
export const serviceAccountCommands = {
  CreateServiceAccount: orgCommand(
    z.strictObject({ accountId: slug.optional(), name: text(200), role: roleKey }),
    ({ org, services }, { accountId, name, role }, { scheme, newId }) => {
      if (org.status !== 'active') return refuse('org_not_found');
      const id = accountId ?? newId;
      const present = services.get(id);
      if (present !== undefined)
        return present.status === 'active' && !present.isApiKey && present.name === name && present.role === role
          ? []
          : refuse('service_account_exists');
      return machineRoleFault(scheme, role) ?? [{ type: 'ServiceAccountCreated', data: { accountId: id, name, role } }];
    },
  ),

  UpdateServiceAccount: orgCommand(
    accountNamed.extend({ name: text(200).optional(), role: roleKey.optional() }),
    (state, { accountId, name, role }, { scheme }) => {
      const found = accountIn(state, accountId);
      if ('refused' in found) return found;
      const events: OrgEvent[] = [];
      if (name !== undefined && name !== found.name)
        events.push({ type: 'ServiceAccountRenamed', data: { accountId, name } });
      if (role !== undefined && role !== found.role) {
        const fault = machineRoleFault(scheme, role);
        if (fault !== undefined) return fault;
        events.push({ type: 'ServiceAccountRoleChanged', data: { accountId, role, from: found.role } });
      }
      return events;
    },
  ),

  DeleteServiceAccount: orgCommand(accountNamed, ({ services }, { accountId }) => {
    const present = services.get(accountId);
    if (present === undefined || present.isApiKey) return refuse('service_account_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'ServiceAccountDeleted', data: { accountId } }];
  }),

  IssueServiceAccountKey: orgCommand(keyIssue, (state, input, context) => {
    const found = accountIn(state, input.accountId);
    if ('refused' in found) return found;
    const data = issued(found, input, placeOf(state, input.accountId), context);
    return 'refused' in data ? data : [{ type: 'ServiceAccountKeyIssued', data }];
  }),

  RotateServiceAccountKey: orgCommand(keyRotation, (state, input, context) => {
    const found = accountIn(state, input.accountId);
    if ('refused' in found) return found;
    const data = rotated(found, input, placeOf(state, input.accountId), context);
    return 'refused' in data ? data : [{ type: 'ServiceAccountKeyRotated', data }];
  }),

  RevokeServiceAccountKey: orgCommand(keyNamed, (state, { accountId, keyId }) => {
    const found = accountIn(state, accountId);
    if ('refused' in found) return found;
    if (own(found.keys, keyId) === undefined) return [];
    return [{ type: 'ServiceAccountKeyRevoked', data: { accountId, keyId } }];
  }),
};

const placeOf =
  ({ org }: OrgState, accountId: string) =>
  (keyId: string): KeyPlace => ({ kind: 'svc', path: [org.id, accountId, keyId] });

function accountIn({ services }: OrgState, id: string): ServiceAccountDocument | Refusal {
  const found = services.get(id);
  return found?.status === 'active' && !found.isApiKey ? found : refuse('service_account_not_found');
}
