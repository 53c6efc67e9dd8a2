import { type Permission, type Reach, actionOf } from './actions.js';
import type { Role, SchemeDocument } from './scheme.js';

/** The role and all that it inherits from, each once. Roles that inherit in a circle, or from nobody known, end there. */
export function lineOf(roles: ReadonlyMap<string, Role>, key: string): readonly string[] {
  const line = new Set<string>();
  const add = (each: string) => {
    const role = roles.get(each);
    if (role === undefined || line.has(each)) return;
    line.add(each);
    role.inherits.forEach(add);
  };
  add(key);
  return [...line];
}

/** The roles that the platform's sources give: those who run the deployment. */
export function platformAdminRoles({ sources }: SchemeDocument): ReadonlySet<string> {
  const { idpGroup, emailAllowlist, systemUser, teamMembership } = sources;
  const named = [idpGroup, emailAllowlist?.role ?? null, systemUser, ...teamMembership.map(({ role }) => role)];
  return new Set(named.filter((key) => key !== null));
}

/**
 * What each role holds in the end: its own permissions, what it inherits, what options give that are on, and for the
 * platform's roles what its reach adds and takes.
 */
export function heldPermissions(document: SchemeDocument): ReadonlyMap<string, ReadonlySet<Permission>> {
  const roles = new Map(document.roles.map((role) => [role.key, role]));
  const given = (key: string) =>
    document.options
      .filter(({ on }) => on)
      .flatMap(({ gives }) => gives.filter(({ role }) => role === key).flatMap(({ permissions }) => permissions));
  const ofLine = (key: string) =>
    lineOf(roles, key).flatMap((each) => [...(roles.get(each)?.permissions ?? []), ...given(each)]);
  const { actsAsOrgAdmin } = document.platformReach;
  const { ownerRole } = document.orgCreation;
  // An option gives to the roles that it names, and not to who acts as one of them.
  const asOrgAdmin = [ownerRole, ...impliedBy(document, roles, ownerRole)].flatMap((key) =>
    lineOf(roles, key).flatMap((each) => roles.get(each)?.permissions ?? []),
  );
  const admins = platformAdminRoles(document);
  return new Map(
    document.roles.map(({ key, scope }) => {
      if (scope !== 'platform') return [key, new Set(ofLine(key))];
      const all = actsAsOrgAdmin && admins.has(key) ? [...ofLine(key), ...asOrgAdmin] : ofLine(key);
      return [key, new Set(all.filter((permission) => reaches(document, actionOf(permission).reach)))];
    }),
  );
}

/** The roles in children that a role of the organization implies, inheritance included. */
export function impliedBy(
  { implicit }: SchemeDocument,
  roles: ReadonlyMap<string, Role>,
  key: string,
): readonly string[] {
  const line = lineOf(roles, key);
  return [...new Set(implicit.filter(({ from }) => line.includes(from)).map(({ to }) => to))];
}

const reaches = ({ platformReach }: SchemeDocument, reach: Reach | undefined): boolean =>
  reach === undefined || platformReach[reach];
