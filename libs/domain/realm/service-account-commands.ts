import { own, type RealmDocument, type ServiceAccountDocument } from '../access/documents.js';
import { type Refusal, refuse } from '../decision.js';
import type { KeyPlace } from '../keys.js';
import { heldPermissions, platformAdminRoles } from '../schemes/held-permissions.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { accountNamed, issued, keyIssue, keyNamed, keyRotation, rotated } from '../service-keys.js';
import { slug, text } from '../text.js';
import { realmCommand } from './command.js';
import type { RealmState } from './state.js';

/** Every check reads them with the realm; deleted ones count, as their ids are never used again. */
const MAX_ACCOUNTS = 100;

/** The platform's own machines, and the keys that they act by. */
export const serviceAccountCommands = {
  CreatePlatformServiceAccount: realmCommand(
    accountNamed.extend({ accountId: slug.optional(), name: text(200), role: text(100) }),
    ({ realm }, { accountId, name, role }, { scheme, newId }) => {
      const id = accountId ?? newId;
      const services = realm?.services ?? {};
      const present = own(services, id);
      if (present !== undefined)
        return present.status === 'active' && present.name === name && present.role === role
          ? []
          : refuse('service_account_exists');
      if (Object.keys(services).length >= MAX_ACCOUNTS) return refuse('service_accounts_full');
      const fault = roleFault(scheme, role);
      return fault ?? [{ type: 'PlatformServiceAccountCreated', data: { accountId: id, name, role } }];
    },
  ),

  DeletePlatformServiceAccount: realmCommand(accountNamed, ({ realm }, { accountId }) => {
    const present = own(realm?.services ?? {}, accountId);
    if (present === undefined) return refuse('service_account_not_found');
    return present.status === 'deleted' ? [] : [{ type: 'PlatformServiceAccountDeleted', data: { accountId } }];
  }),

  IssuePlatformServiceAccountKey: realmCommand(keyIssue, (state, input, context) => {
    const found = accountIn(state, input.accountId);
    if ('refused' in found) return found;
    const data = issued(found, input, placeOf(state, input.accountId), context);
    return 'refused' in data ? data : [{ type: 'PlatformServiceAccountKeyIssued', data }];
  }),

  RotatePlatformServiceAccountKey: realmCommand(keyRotation, (state, input, context) => {
    const found = accountIn(state, input.accountId);
    if ('refused' in found) return found;
    const data = rotated(found, input, placeOf(state, input.accountId), context);
    return 'refused' in data ? data : [{ type: 'PlatformServiceAccountKeyRotated', data }];
  }),

  RevokePlatformServiceAccountKey: realmCommand(keyNamed, (state, { accountId, keyId }) => {
    const found = accountIn(state, accountId);
    if ('refused' in found) return found;
    if (own(found.keys, keyId) === undefined) return [];
    return [{ type: 'PlatformServiceAccountKeyRevoked', data: { accountId, keyId } }];
  }),
};

const placeOf =
  ({ realm }: RealmState, accountId: string) =>
  (keyId: string): KeyPlace => ({ kind: 'plt', path: [realm?.id ?? '', accountId, keyId] });

function accountIn({ realm }: RealmState, id: string): ServiceAccountDocument | Refusal {
  const found = own(realm?.services ?? {}, id);
  return found?.status === 'active' ? found : refuse('service_account_not_found');
}

/** Decisions that name the person who took them, in pairs or for good. */
const ofPeople = [
  'platform-role:assign',
  'platform-service-account:manage',
  'platform-subject:erase',
  'legal-hold:place',
  'legal-hold:release',
] as const;

/** Whether the scheme would give a machine of the realm what is for people; under one without its role it holds nothing. */
export const givesMachinesTooMuch = ({ services = {} }: RealmDocument, scheme: CompiledScheme): boolean =>
  Object.values(services).some(
    ({ status, role }) => status === 'active' && roleFault(scheme, role)?.refused === 'not_for_machines',
  );

/** A machine is none of those who run the deployment, and of nobody whom a second person confirms. */
function roleFault({ document, roles }: CompiledScheme, key: string): Refusal | undefined {
  const role = roles.get(key);
  if (role?.scope !== 'platform') return refuse('role_unknown');
  const held = heldPermissions(document).get(key);
  const personal = role.confirmed || platformAdminRoles(document).has(key);
  return personal || ofPeople.some((permission) => held?.has(permission)) ? refuse('not_for_machines') : undefined;
}
