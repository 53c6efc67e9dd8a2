import { z } from 'zod';
import type { ServiceAccountDocument } from '../../access/documents.js';
import { own } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import { liveKey, newKeyFault } from '../../keys.js';
import { instant, slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { roleKey } from '../fields.js';
import { machineRoleFault } from '../machine-roles.js';
import type { OrgState } from '../org.js';

const account = z.strictObject({ accountId: slug });
const key = account.extend({ keyId: slug });

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
    account.extend({ name: text(200).optional(), role: roleKey.optional() }),
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

  DeleteServiceAccount: orgCommand(account, ({ services }, { accountId }) => {
    const present = services.get(accountId);
    if (present === undefined || present.isApiKey) return refuse('service_account_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'ServiceAccountDeleted', data: { accountId } }];
  }),

  IssueServiceAccountKey: orgCommand(
    account.extend({ keyId: slug.optional(), notAfter: instant.optional() }),
    (state, { accountId, keyId, notAfter }, { newId, newKey, at }) => {
      const found = accountIn(state, accountId);
      if ('refused' in found) return found;
      const id = keyId ?? newId;
      const fault = newKeyFault(found.keys, id, notAfter, at);
      if (fault !== undefined) return fault;
      const data = { accountId, keyId: id, ...newKey(placeOf(state, accountId, id)), ...until(notAfter) };
      return [{ type: 'ServiceAccountKeyIssued', data }];
    },
  ),

  /** `until`: the former key is accepted until then; absent, it is over at once. */
  RotateServiceAccountKey: orgCommand(
    key.extend({ newKeyId: slug.optional(), until: instant.optional(), notAfter: instant.optional() }),
    (state, { accountId, keyId: from, newKeyId, until: overlap, notAfter }, { newId, newKey, at }) => {
      const found = accountIn(state, accountId);
      if ('refused' in found) return found;
      const former = liveKey(found.keys, from, at);
      if (former === undefined) return refuse('key_not_found');
      if (former.rotatedAt !== undefined) return refuse('key_rotated');
      const keyId = newKeyId ?? newId;
      const fault = newKeyFault(found.keys, keyId, notAfter, at);
      if (fault !== undefined) return fault;
      const now = new Date(at).toISOString();
      const fromUntil = overlap === undefined || overlap < now ? now : overlap;
      const issued = { keyId, ...newKey(placeOf(state, accountId, keyId)), ...until(notAfter) };
      return [{ type: 'ServiceAccountKeyRotated', data: { accountId, from, fromUntil, ...issued } }];
    },
  ),

  RevokeServiceAccountKey: orgCommand(key, (state, { accountId, keyId }) => {
    const found = accountIn(state, accountId);
    if ('refused' in found) return found;
    if (own(found.keys, keyId) === undefined) return [];
    return [{ type: 'ServiceAccountKeyRevoked', data: { accountId, keyId } }];
  }),
};

const placeOf = ({ org }: OrgState, accountId: string, keyId: string) =>
  ({ kind: 'svc', path: [org.id, accountId, keyId] }) as const;

const until = (notAfter: string | undefined) => (notAfter === undefined ? {} : { notAfter });

function accountIn({ services }: OrgState, id: string): ServiceAccountDocument | Refusal {
  const found = services.get(id);
  return found?.status === 'active' && !found.isApiKey ? found : refuse('service_account_not_found');
}
