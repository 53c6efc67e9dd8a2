import type { Fault } from './schemes/fault.js';

/** Every reason a valid, permitted command can be refused for; each has one HTTP status and one public sentence. */
export const refusals = {
  org_exists: 'An organization with this id exists already.',
  org_not_found: 'There is no such organization.',
  name_taken: 'Another organization has this name, and under this role scheme only one may. Choose another one.',
  name_reserved: "People would take this name for the platform's own. Choose another one.",
  owner_not_creator: 'Here people create organizations for themselves: the first member is who creates it.',
  already_member: 'This person is a member already, with another role. Change the role instead.',
  member_elsewhere: 'This person belongs to another organization. A person belongs to one organization at a time.',
  member_not_found: 'This person is not a member of the organization.',
  role_unknown: 'The organization has no such role.',
  role_needs_confirmation: 'This role is given for a time and confirmed by a second person; it is no membership.',
  role_holders_full: 'This role has as many holders as it may have. Transfer it instead.',
  role_holders_short: 'This role would be left with too few holders. Transfer it first.',
  transfer_target_role: 'Ownership moves only to a member who holds the role that may take it over.',
  transfer_source_role: 'The one who would hand the ownership over does not hold it.',
  environment_exists: 'An environment with this id exists, or existed, in the organization.',
  environment_not_found: 'There is no such environment in the organization.',
  environment_kind_unknown: 'Organizations under this scheme are not divided into environments of this kind.',
  cloud_provider_unknown: 'Under this scheme environments are of no cloud provider.',
  model_not_found: 'The environment has no such model.',
  model_exists: 'There is a model with this id that differs.',
  platform_models_full: 'The platform has as many models as it may have. Remove one first.',
  member_suspended: 'A member who is suspended neither hands the ownership over nor takes it. Resume the member first.',
  group_exists: 'A group with this id exists, or existed, in the organization.',
  group_not_found: 'The organization has no such group.',
  group_grants_unknown: 'Here environments are granted to people, not to groups.',
  grant_role_not_allowed: 'The scheme does not allow this role in this environment to this member.',
  grant_without_effect: 'Without a role, a grant gives this member nothing in this environment.',
  end_needed: 'A role that a second person confirms is given for a time: say until when.',
  grant_window_empty: 'The grant ends before it begins.',
  org_suspended: 'The organization is suspended.',
  limit_exceeded: "The organization's plan or a budget does not allow more of these.",
  plan_unknown: 'The scheme has no such plan.',
  plan_missing: 'The organization has no plan: there is nothing to cancel.',
  invitations_unknown: 'Here people are added by those who may, not invited.',
  invitation_batch_too_large: 'More addresses at once than the scheme allows; none of them was invited.',
  invitation_exists: 'This address has an invitation already, to something else. Cancel that one first.',
  invitation_not_found: 'There is no such invitation, or it is over.',
  invitation_accepted: 'This invitation was accepted: remove the member instead.',
  role_is_membership: "This role is held by membership. Change the member's role instead.",
  assignment_not_found: 'This member was not assigned the role, or its time is over.',
  confirmation_by_another: 'A role is confirmed by somebody other than who assigned it and who is to hold it.',
  role_not_invitable: 'Nobody is invited to this role.',
  mcp_server_exists: 'There is an MCP server with this id that differs.',
  oauth_connection_exists: 'There is an OAuth connection with this id that differs.',
  contents_full: 'The environment has as many products and projects as it may have. Unassign one first.',
  workflow_exists: 'A workflow with this id exists, or existed, in the organization.',
  workflow_not_found: 'The organization has no such workflow.',
  personal_environment_unknown: 'Here people have no personal environments: name an environment of the organization.',
  credential_exists: 'The environment has a credential. Rotate it, or revoke it first.',
  credential_not_found: 'The environment has no credential.',
  provider_key_exists: 'There is a provider key with this id that differs. Rotate it, or remove it first.',
  provider_key_not_found: 'The organization has no such provider key.',
  provider_keys_full: 'The organization has as many provider keys as it may have. Remove one first.',
  provider_key_missing: 'The organization holds no key of this provider. Add one first.',
  legal_hold_exists: 'There is a legal hold with this id that differs.',
  legal_hold_not_found: 'There is no such legal hold, or it was released.',
  legal_holds_full: 'The organization has as many legal holds as it may have. Release one first.',
  release_by_another: 'A legal hold is released by somebody other than who placed it.',
  under_legal_hold: 'A legal hold keeps this person from being erased. It must be released first.',
  last_owner: 'This person is the last who holds a role that must be held. Give the role to somebody else first.',
  erasure_by_platform: "Here people may belong to several organizations: the platform's privacy officer erases them.",
  person_not_found: 'Nothing is known of this person.',
  team_unknown: "The scheme has no such team, or the team has no such role: the platform's admins come from elsewhere.",
  purchase_exists: 'There is a purchase of credits with this id that differs.',
  invoice_exists: 'There is an invoice with this id that differs, or that is settled.',
  payment_method_missing: 'No payment method is saved to recharge with. Save one first.',
  service_account_exists: 'A service account with this id exists, or existed, in the organization.',
  service_account_not_found: 'The organization has no such service account.',
  service_accounts_full: 'The platform has as many service accounts as it may have; deleted ones count.',
  not_for_machines: 'This is for people: a role that must always be held, or a decision that takes two of them.',
  key_exists: 'There is a key with this id. The text of a key is shown once: issue another one.',
  key_not_found: 'There is no such key, or it is over.',
  key_rotated: 'Another key took the place of this one already.',
  not_in_session: 'A session in one organization makes no keys to others: it takes a token that is of no organization.',
  not_by_key: 'A key makes no other keys: whoever it belongs to signs in for that.',
  keys_full: 'As many keys as there may be at once. Revoke one first.',
  scheme_broken: 'The role scheme contradicts itself, or what the realm rests on.',
  scheme_exists: 'There is this version of the role scheme, and it says something else: a version never changes.',
  scheme_version_order: 'Versions of a role scheme are counted from 1, without gaps.',
  scheme_unknown: 'The realm has no such version of a role scheme.',
  scheme_locks_out: 'Under this role scheme the one who asks could not go back: they would not hold the right to it.',
  roles_missing: 'Members hold roles, or are invited to roles, that the role scheme does not have.',
  usage_day_out_of_range: 'Usage is recorded for the day or the days before it, 45 at most.',
  realm_exists: 'There is a realm with this id, which began otherwise.',
  realm_not_home: "Realms are created in the deployment's first realm.",
  realms_full: 'The deployment has as many realms as it may have.',
  issuer_elsewhere:
    'This identity provider is of another realm of the deployment: one vouches for the people of one realm.',
  workflow_not_owned: 'A workflow is moved and removed by whoever registered it.',
} as const;

export type RefusalCode = keyof typeof refusals;
export interface Refusal {
  readonly refused: RefusalCode;
  /** Ids of the organizations that stand against it. */
  readonly orgs?: readonly string[];
  /** What is wrong with a role scheme, each with its path in the document. */
  readonly faults?: readonly Fault[];
  /** Roles that members hold, or are invited to, and that would be none. */
  readonly roles?: readonly string[];
  /** What a plan limits, how many it allows, and how many there are. */
  readonly exceeded?: { readonly limited: string; readonly limit: number; readonly usage: number };
}

/** What a decider answers: events to append (none when nothing would change), or a reason why not. Deciders never throw. */
export type Decision<Event> = readonly Event[] | Refusal;

export const refuse = (refused: RefusalCode): Refusal => ({ refused });

export function isRefusal(decision: Decision<unknown>): decision is Refusal {
  return 'refused' in decision;
}
