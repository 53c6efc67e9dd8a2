import type { NaiveGrant, NaiveOrg } from './naive-org.js';
import { type NaiveRights, naiveRights } from './naive-rights.js';

const DAY = 86_400_000;

/** Who administers the platform, written down a second time: last word of each kind, in plain maps. */
export class NaivePlatform {
  adminGroup: string | null = null;
  adminAddresses: readonly string[] = [];
  system: string | null = null;
  readonly claims = new Map<string, { groups: readonly string[]; address: string | null; at: number }>();
  /** `team person` → role. */
  readonly teams = new Map<string, string>();
  /** `person role` → when it ends, if ever; who confirmed it. */
  readonly roles = new Map<string, { until: string | undefined; confirmed: boolean }>();

  apply(type: string, data: Record<string, unknown>, at: number): void {
    const who = String(data['userId']);
    const [place, seat] = [`${who} ${String(data['role'])}`, `${String(data['team'])} ${who}`];
    const until = data['notAfter'] as string | undefined;
    switch (type) {
      case 'PlatformAdminSourcesSet':
        this.adminGroup = data['adminGroup'] as string | null;
        this.adminAddresses = data['adminEmailIndexes'] as string[];
        this.system = data['systemUserId'] as string | null;
        break;
      case 'ClaimsObserved':
        this.claims.set(who, {
          groups: data['groups'] as string[],
          address: data['emailIndex'] as string | null,
          at,
        });
        break;
      case 'TeamMemberSet':
        this.teams.set(seat, String(data['role']));
        break;
      case 'TeamMemberRemoved':
        this.teams.delete(seat);
        break;
      case 'PlatformRoleAssigned':
        this.roles.set(place, { until, confirmed: false });
        break;
      case 'PlatformRoleConfirmed':
        this.roles.set(place, { until: this.roles.get(place)?.until, confirmed: true });
        break;
      case 'PlatformRoleRevoked':
        this.roles.delete(place);
    }
  }

  /** Every role of the platform that the principal holds at the instant. */
  rolesOf(who: string, { platform, teams }: NaiveRights, at: number): string[] {
    const claims = this.claims.get(who);
    const fresh = claims !== undefined && at < claims.at + DAY;
    const admin =
      this.system === who ||
      (fresh && this.adminGroup !== null && claims.groups.includes(this.adminGroup)) ||
      (fresh && claims.address !== null && this.adminAddresses.includes(claims.address)) ||
      teams.some((team) => ['owner', 'admin'].includes(this.teams.get(`${team} ${who}`) ?? ''));
    const given = Object.keys(platform).filter((role) => {
      const found = this.roles.get(`${who} ${role}`);
      if (found === undefined || (found.until !== undefined && at >= Date.parse(found.until))) return false;
      return !['platform.privacy-officer', 'platform.auditor'].includes(role) || found.confirmed;
    });
    return admin ? ['platform.admin', ...given] : given;
  }
}

export type NaivePlace =
  | { readonly kind: 'realm' }
  | { readonly kind: 'account'; readonly ownerId: string }
  | { readonly kind: 'personal_environment'; readonly ownerId: string }
  | { readonly kind: 'org'; readonly orgId: string }
  | { readonly kind: 'environment'; readonly orgId: string; readonly environmentId: string };

/**
 * Who may do what, from the rules and without the code: all permissions of all roles that somebody holds in a place.
 * The organization's role, roles that two people gave, the role that it implies in every environment, grants to the person
 * and to their groups with begin and end, roles that grants name, and the platform's, which no membership takes away.
 */
export class NaiveAccess {
  private readonly rights: NaiveRights;

  constructor(
    scheme: string,
    private readonly orgs: ReadonlyMap<string, NaiveOrg>,
    private readonly platform = new NaivePlatform(),
  ) {
    const rights = naiveRights[scheme];
    if (rights === undefined) throw new Error(`no rights are written down for ${scheme}`);
    this.rights = rights;
  }

  /** `activeOrg`: that of the session, where the principal itself asks. */
  permissions(who: string, place: NaivePlace, at: number, activeOrg?: string | null): ReadonlySet<string> {
    const { rights } = this;
    if (place.kind === 'account' || place.kind === 'personal_environment') {
      if (place.kind === 'personal_environment' && !rights.personalEnvironment) return new Set();
      if (place.ownerId === who && !who.includes(':')) return new Set(words(rights.self));
      const isGuest = place.kind === 'personal_environment' && this.isGuest(who, place.ownerId);
      return new Set(isGuest ? words(rights.child[rights.workflow['environment'] ?? '']) : []);
    }
    const above = this.platform.rolesOf(who, rights, at).flatMap((role) => words(rights.platform[role]));
    if (place.kind === 'realm') return new Set([...above, ...(who.includes(':') ? [] : words(rights.everyone))]);
    const org = this.orgs.get(place.orgId);
    if (org?.exists !== true) return new Set();
    if (place.kind === 'environment' && !org.environments.has(place.environmentId)) return new Set();
    const within = this.within(org, who, place, at);
    const outside = rights.activeOrg && activeOrg !== undefined && activeOrg !== place.orgId && isOf(org, who);
    const held = new Set([...above, ...(outside ? within.filter((each) => each === 'org:select') : within)]);
    if (place.kind === 'environment')
      for (const [permission, second] of Object.entries(rights.both)) if (!held.has(second)) held.delete(permission);
    return held;
  }

  /** Whether it is a workflow of an organization, in the personal environment of a member of that one. */
  private isGuest(who: string, owner: string): boolean {
    const org = who.startsWith('workflow:') ? this.orgs.get(who.split(/[:/]/)[1] ?? '') : undefined;
    if (org?.exists !== true || org.suspended) return false;
    if (org.workflows.get(idOf(who)) !== '' || org.workflowOwners.get(idOf(who)) !== owner) return false;
    return org.roles.has(owner) && !org.suspendedMembers.has(owner);
  }

  private within(org: NaiveOrg, who: string, place: NaivePlace, at: number): string[] {
    const { rights } = this;
    if (org.suspended || org.suspendedMembers.has(who) || !isOf(org, who)) return [];
    const environment = place.kind === 'environment' ? place.environmentId : undefined;
    const kind = org.kinds.get(environment ?? '') ?? '';
    const workflow = who.startsWith('workflow:') ? org.workflows.get(idOf(who)) : undefined;
    if (workflow !== undefined) return workflow === environment ? words(rights.child[rights.workflow[kind] ?? '']) : [];
    const role = who.startsWith('service:') ? org.machines.get(idOf(who))?.role : org.roles.get(who);
    const confirmed = [...(org.confirmed.get(who) ?? [])].filter(
      (each) => at < Date.parse(org.assignedUntil.get(`${who} ${each}`) ?? ''),
    );
    const held = [role ?? '', ...confirmed].flatMap((each) => words(rights.org[each]));
    if (environment === undefined) return held;
    const inIt = [rights.implicit[kind]?.[role ?? ''] ?? '', ...this.granted(org, who, role ?? '', environment, at)];
    return [...held, ...inIt.flatMap((each) => words(rights.child[each]))];
  }

  private granted(org: NaiveOrg, who: string, role: string, environment: string, at: number): string[] {
    const { rights } = this;
    const own = org.grants.get(environment)?.get(who);
    const groups = rights.groups ? [...(org.groupGrants.get(environment) ?? [])] : [];
    const through = groups.filter(([group]) => org.inGroup.get(group)?.has(who)).map(([, grant]) => grant);
    return [...(own === undefined ? [] : [own]), ...through]
      .filter((grant) => holds(grant, at))
      .flatMap(({ role: named }) => {
        const allowed = named !== undefined && rights.named[role]?.includes(named) === true;
        return [rights.grants[role] ?? '', ...(allowed ? [named] : [])];
      });
  }
}

/** Whether somebody uses an environment of the organization, under the scheme `enterprise`. */
export function mayUse(org: NaiveOrg, who: string, environmentId: string, at: number): boolean {
  const access = new NaiveAccess('enterprise', new Map([[org.id, org]]));
  return access.permissions(who, { kind: 'environment', orgId: org.id, environmentId }, at).has('environment:use');
}

const words = (list = ''): string[] => list.split(/\s+/).filter((each) => each !== '');

const idOf = (machine: string): string => machine.split('/')[1] ?? '';

/** Whether somebody, or some machine, is of the organization. */
function isOf(org: NaiveOrg, who: string): boolean {
  if (!who.includes(':')) return org.roles.has(who);
  if (who.split(/[:/]/)[1] !== org.id) return false;
  const id = idOf(who);
  if (who.startsWith('service:')) return org.machines.has(id);
  return org.workflows.has(id);
}

const holds = ({ from, until }: NaiveGrant, at: number): boolean =>
  (from === undefined || at >= Date.parse(from)) && (until === undefined || at < Date.parse(until));
