import { type RefusalCode, refusals } from '#libs/domain/decision.js';

/** The public sentence of a code, and the status that it is answered with. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const own = {
  invalid: { status: 400, title: 'The request is not valid.' },
  invalid_token: { status: 400, title: 'The Consistency-Token is not one that this server gave.' },
  unauthenticated: { status: 401, title: 'The request does not say who asks, or not in a way that is accepted.' },
  forbidden: { status: 403, title: 'The caller may not do this.' },
  sign_up_refused: {
    status: 403,
    title: 'Not everybody may come here for the first time: an organization has to invite this person.',
  },
  active_org_required: {
    status: 403,
    title:
      'Here one works in one organization at a time. Enter this one with POST /v1/session, and ask with the token that answers.',
  },
  not_found: { status: 404, title: 'There is no such thing, or it is not for the caller to see.' },
  conflict: { status: 409, title: 'Others kept changing the same thing; try again.' },
  foreign_token: { status: 409, title: 'The Consistency-Token comes from another event store.' },
  revision_unknown: { status: 409, title: 'The organization has no such revision: it is one of another event store.' },
  version_conflict: { status: 412, title: 'The stream is not at the revision that If-Match expects.' },
  too_large: { status: 413, title: 'The request is too large.' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used before, for another command.' },
  session_unscoped: {
    status: 422,
    title: "Here a session is in no single organization: the caller's own token reaches all of theirs.",
  },
  org_choice_needed: { status: 422, title: 'The caller is not in exactly one organization: name the one to enter.' },
  too_many_requests: {
    status: 429,
    title: 'The caller, or the organization, asks for too much at once; try again later.',
  },
  internal: { status: 500, title: 'The server failed.' },
  organization_parked: {
    status: 503,
    title: "The organization's read models stand still at an event that cannot be projected; try again later.",
  },
  unavailable: { status: 503, title: 'A part that is needed does not answer; try again.' },
  stale_read: { status: 503, title: 'The read models are behind what was asked for; try again.' },
} as const satisfies Record<string, ProblemKind>;

/** 409 where the present state is in the way and may change; 422 where the command asks for what cannot be. */
const refusalStatus: { readonly [Code in RefusalCode]: 409 | 422 } = {
  org_exists: 409,
  org_not_found: 422,
  name_reserved: 422,
  name_taken: 409,
  owner_not_creator: 422,
  already_member: 409,
  member_elsewhere: 409,
  member_not_found: 422,
  role_unknown: 422,
  role_needs_confirmation: 422,
  role_holders_full: 409,
  role_holders_short: 409,
  transfer_target_role: 422,
  transfer_source_role: 422,
  environment_exists: 409,
  environment_not_found: 422,
  environment_kind_unknown: 422,
  cloud_provider_unknown: 422,
  model_not_found: 422,
  model_exists: 409,
  platform_models_full: 409,
  member_suspended: 422,
  group_exists: 409,
  group_not_found: 422,
  group_grants_unknown: 422,
  grant_role_not_allowed: 422,
  grant_without_effect: 422,
  end_needed: 422,
  grant_window_empty: 422,
  org_suspended: 409,
  limit_exceeded: 409,
  plan_unknown: 422,
  plan_missing: 409,
  invitations_unknown: 422,
  invitation_batch_too_large: 422,
  invitation_exists: 409,
  invitation_not_found: 422,
  invitation_accepted: 409,
  role_is_membership: 422,
  assignment_not_found: 422,
  confirmation_by_another: 422,
  role_not_invitable: 422,
  mcp_server_exists: 409,
  oauth_connection_exists: 409,
  contents_full: 409,
  workflow_exists: 409,
  workflow_not_found: 422,
  personal_environment_unknown: 422,
  credential_exists: 409,
  credential_not_found: 422,
  provider_key_exists: 409,
  provider_key_not_found: 422,
  provider_keys_full: 409,
  provider_key_missing: 422,
  legal_hold_exists: 409,
  legal_hold_not_found: 422,
  legal_holds_full: 409,
  release_by_another: 422,
  under_legal_hold: 409,
  last_owner: 409,
  erasure_by_platform: 422,
  person_not_found: 422,
  team_unknown: 422,
  purchase_exists: 409,
  invoice_exists: 409,
  payment_method_missing: 409,
  service_account_exists: 409,
  service_account_not_found: 422,
  not_for_machines: 422,
  service_accounts_full: 409,
  key_exists: 409,
  key_not_found: 422,
  key_rotated: 422,
  not_by_key: 422,
  not_in_session: 422,
  keys_full: 409,
  scheme_broken: 422,
  scheme_exists: 409,
  scheme_version_order: 422,
  scheme_unknown: 422,
  scheme_locks_out: 422,
  roles_missing: 409,
  usage_day_out_of_range: 422,
  realm_exists: 409,
  realm_not_home: 422,
  realms_full: 409,
  issuer_elsewhere: 409,
  workflow_not_owned: 422,
};

export type ProblemCode = keyof typeof own | RefusalCode;

const refused = Object.entries(refusals).map(([code, title]) => {
  const status = refusalStatus[code as RefusalCode];
  return [code, { status, title }] as const;
});

/** Every code that a problem can have: the one table from code to status. */
export const problemTable = Object.freeze({ ...Object.fromEntries(refused), ...own }) as {
  readonly [Code in ProblemCode]: ProblemKind;
};

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problemTable, code);

export interface ProblemMembers {
  readonly detail?: string;
  readonly [member: string]: unknown;
}

/** An expected answer that is not a success; the filter writes it as `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly members: ProblemMembers = {},
    readonly headers: Readonly<Record<string, string>> = {},
    /** The path to see instead: the problem is answered 303 then. */
    readonly seeOther?: string,
  ) {
    super(members.detail ?? problemTable[code].title);
  }
}

export interface FieldError {
  /** Where in the input: member names and indexes, joined by dots. */
  readonly path: string;
  readonly message: string;
}

export function invalid(errors: readonly FieldError[]): Problem {
  const detail = errors
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .slice(0, 5)
    .join('; ');
  return new Problem('invalid', { detail, errors });
}

const retry = { 'retry-after': '1' };

export const notFound = (): Problem => new Problem('not_found');
export const unavailable = (): Problem => new Problem('unavailable', {}, retry);
export const organizationParked = (): Problem => new Problem('organization_parked', {}, { 'retry-after': '30' });
export const staleRead = (): Problem => new Problem('stale_read', {}, retry);
