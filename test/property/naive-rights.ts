/** What a role holds, written down from the descriptions of the five systems: nothing is inherited, all is said. */
export interface NaiveRights {
  /** Role → permissions, wherever in the realm. */
  readonly platform: Readonly<Record<string, string>>;
  /** Role → permissions in the organization and on everything in it. */
  readonly org: Readonly<Record<string, string>>;
  /** Role → permissions in the one environment where it is held. */
  readonly child: Readonly<Record<string, string>>;
  /** Kind of environment → role in the organization → the role that it is in every environment of the kind. */
  readonly implicit: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Role in the organization → the role that a grant gives; `groups`: whether groups are granted anything. */
  readonly grants: Readonly<Record<string, string>>;
  readonly groups: boolean;
  /** Role in the organization → the roles that a grant may name, and that then count beside what it gives. */
  readonly named: Readonly<Record<string, readonly string[]>>;
  /** Kind of environment → the role of a workflow in the one that it is linked to. */
  readonly workflow: Readonly<Record<string, string>>;
  /** Permissions that take another one as well where the object lies in an environment (X9). */
  readonly both: Readonly<Record<string, string>>;
  readonly self: string;
  readonly everyone: string;
  readonly personalEnvironment: boolean;
  /** One organization at a time (R16). */
  readonly activeOrg: boolean;
  /** Teams of the platform whose owners and admins administer it (T5). */
  readonly teams: readonly string[];
}

// Section 8, the same in every scheme.
const auditing = 'audit:read audit:export history:read evidence:create';
const operating = `realm-activity:read org:list org:resolve org:suspend org:change-scheme platform-role:assign role-scheme:define
  realm:create login-method:set sign-up:set identity-provider:set platform-service-account:manage legal-hold:place legal-hold:release replay:run projection:rebuild ledger:verify`;
const keeping = `member:list decision:evaluate decision:search service-account:manage access-review:run access-review:attest
  access-review:read auditor:appoint privacy-officer:appoint`;
const belonging = 'org:view org:select org:leave';
const self = 'own-decision:evaluate own-invitation:answer own-api-key:manage';
/** `subjects`: what privacy officers do about the people of an organization. */
const others = (subjects = 'subject:export') => ({
  'org.auditor': `org:view ${auditing} decision:evaluate decision:search access-review:read`,
  'org.privacy-officer': `org:view legal-hold:place legal-hold:release ${subjects}`,
  'org.checker': 'decision:evaluate decision:search',
});
const erasing = 'subject:export subject:erase';
/** `audit`: what the platform may read of organizations' audit logs. */
const platform = (admin: string, audit: string, subjects = 'subject:export') => ({
  'platform.admin': `${operating} ${admin}`,
  'platform.auditor': `realm-activity:read ${audit}`,
  'platform.privacy-officer': `${subjects} platform-subject:erase platform-subject:export`,
  'platform.checker': 'decision:evaluate decision:search',
  'platform.meter': 'usage:record invoice:record',
});
const inviting = 'member:invite invitation:resend invitation:cancel';
const managing = 'member:manage member:set-role';
const appointing = 'admin:appoint admin:remove';
const nothing = { grants: {}, groups: false, named: {}, both: {}, teams: [], personalEnvironment: false };

function enterprise(): NaiveRights {
  const use = 'environment:see environment:use workflow:move';
  const admin = `${belonging} ${keeping} ${auditing} ${managing} ${appointing} provider-key:manage group:manage
    environment:create environment:delete environment:update environment:configure environment:connect-oauth
    environment:grant org-content:read`;
  const user = 'environment.user';
  return {
    ...nothing,
    platform: platform('org:create org:update org:delete org:transfer org:set-plan platform-model:manage', '', erasing),
    org: {
      'org.owner': `${admin} org:request-transfer`,
      'org.admin': admin,
      'org.participant': belonging,
      ...others(erasing),
    },
    child: { [user]: use },
    implicit: { environment: { 'org.owner': user, 'org.admin': user } },
    grants: { 'org.owner': user, 'org.admin': user, 'org.participant': user },
    groups: true,
    workflow: { environment: user },
    self: `${self} ${use}`,
    everyone: '',
    personalEnvironment: true,
    activeOrg: false,
    teams: ['alpha'],
  };
}

function teams(): NaiveRights {
  const admin = `${belonging} ${keeping} ${auditing} ${inviting} ${managing} ${appointing} org:update environment:create
    environment:delete environment:grant environment:override-role environment:update`;
  const viewer = 'environment:see environment-content:view';
  const developer = `${viewer} environment:use operation:run environment-content:modify`;
  return {
    ...nothing,
    platform: platform('org:set-plan', ''),
    org: {
      'org.owner': `${admin} billing:view billing:manage billing-details:edit subscription:manage payment-method:save
        invoice:view usage:read provider-key:manage org:transfer org:delete owner:appoint owner:remove`,
      'org.admin': admin,
      'org.developer': `${belonging} member:list`,
      'org.viewer': `${belonging} member:list audit:read`,
      ...others(),
    },
    child: {
      'workspace.viewer': viewer,
      'workspace.developer': developer,
      'workspace.admin': `${developer} environment:grant`,
    },
    implicit: { workspace: { 'org.owner': 'workspace.admin', 'org.admin': 'workspace.admin' } },
    grants: { 'org.developer': 'workspace.developer', 'org.viewer': 'workspace.viewer' },
    named: { 'org.viewer': ['workspace.developer'], 'org.developer': ['workspace.admin'] },
    workflow: { workspace: 'workspace.developer' },
    self,
    everyone: 'org:create',
    activeOrg: false,
  };
}

function studio(): NaiveRights {
  const member = `${belonging} feature:discover feature:define feature:design feature:build feature:insights feature:costs
    dashboard:view billing:view invoice:view`;
  const viewer = 'environment:see environment-content:view';
  const collaborator = `${viewer} environment:use environment-content:assign`;
  return {
    ...nothing,
    platform: platform(`${appointing} ssh-key:set`, '', erasing),
    org: {
      'org.admin': `${member} ${keeping} ${auditing} ${inviting} ${managing} ${appointing} org:update settings:view
        org-api-key:manage ssh-key:view search:admin-shortcuts dashboard:view-team dashboard:view-billing billing:manage
        billing-details:edit subscription:manage payment-method:save environment:create environment:update
        environment:delete`,
      'org.member': member,
      ...others(erasing),
    },
    child: {
      'workspace.viewer': viewer,
      'workspace.collaborator': collaborator,
      'workspace.admin': `${collaborator} environment:grant`,
    },
    implicit: { workspace: { 'org.admin': 'workspace.admin' } },
    named: { 'org.member': ['workspace.viewer', 'workspace.collaborator', 'workspace.admin'] },
    workflow: { workspace: 'workspace.collaborator' },
    both: {
      'feature:define': 'environment:use',
      'feature:design': 'environment:use',
      'feature:build': 'environment:use',
    },
    self,
    everyone: 'org:create',
    activeOrg: false,
  };
}

function projects(): NaiveRights {
  const member = `${belonging} dashboard:view usage:read`;
  const admin = `${member} ${keeping} ${auditing} ${inviting} ${managing} ${appointing} org:update subscription:manage
    credits:buy payment-method:save auto-recharge:set billing:view billing:manage invoice:view environment:create
    environment:update environment:delete`;
  const worker = 'environment:see environment:use environment-content:view rule:run';
  const everybody = (role: string) => ({ 'org.owner': role, 'org.admin': role, 'org.member': role });
  return {
    ...nothing,
    platform: platform('org:set-plan', ''),
    org: {
      'org.owner': `${admin} owner:appoint owner:remove org:delete org:transfer`,
      'org.admin': admin,
      'org.member': member,
      ...others(),
    },
    child: {
      'environment.worker': worker,
      'project.worker': `${worker} environment-content:modify rule:build`,
    },
    implicit: { environment: everybody('environment.worker'), project: everybody('project.worker') },
    workflow: { environment: 'environment.worker', project: 'project.worker' },
    self,
    everyone: 'org:create',
    activeOrg: true,
  };
}

function gateway(): NaiveRights {
  const admin = `${belonging} ${keeping} ${auditing} ${managing} usage:read org:update member:invite provider-key:manage
    routing:manage budget:manage guardrail:manage mcp-server:manage sso:manage environment:create environment:see
    environment:update environment:delete`;
  return {
    ...nothing,
    platform: platform(`${admin} ${appointing} org:create org:delete pricing:set`, auditing),
    org: { 'org.admin': `${admin} member-api-key:manage`, 'org.member': belonging, ...others() },
    child: {},
    implicit: {},
    workflow: {},
    self: `${self} own-usage:read own-blocked-request:read`,
    everyone: '',
    activeOrg: false,
  };
}

export const naiveRights: Readonly<Record<string, NaiveRights>> = {
  enterprise: enterprise(),
  teams: teams(),
  studio: studio(),
  projects: projects(),
  gateway: gateway(),
};
