import { type ActionScope, actionOf, type Permission } from './actions.js';
import { escalations } from './escalations.js';
import type { Fault } from './fault.js';
import { heldPermissions, lineOf } from './held-permissions.js';
import { environmentKind, type Role, type SchemeDocument } from './scheme.js';

type Scope = Role['scope'];
type Named = readonly [path: string, key: string, scopes: readonly Scope[]];

/** What a role of each scope may hold: so a role in one child never reaches the organization (P6). */
const holdable: { readonly [S in Scope]: readonly ActionScope[] } = {
  platform: ['realm', 'org', 'environment'],
  realm: ['realm'],
  org: ['org', 'environment'],
  environment: ['environment'],
  workspace: ['environment'],
  project: ['environment'],
  self: ['self', 'environment'],
};

/** Everything in which a scheme contradicts itself; empty for a sound one. A later kind of fault is looked for once the earlier ones are mended. */
export function faultsOf(document: SchemeDocument): readonly Fault[] {
  const broken = [
    ...namesTwice(document),
    ...unknownOrMisplaced(document),
    ...circles(document),
    ...unscoped(document),
  ];
  return broken.length > 0
    ? broken
    : [
        ...ownerless(document),
        ...ungiven(document),
        ...namedAlike(document),
        ...erasing(document),
        ...escalations(document),
      ];
}

function namesTwice({ roles, options }: SchemeDocument): Fault[] {
  const twice = (keys: readonly string[], list: string) =>
    keys.flatMap((key, i) =>
      keys.indexOf(key) < i ? [{ path: `${list}.${i}.key`, message: `has the same key as another: ${key}` }] : [],
    );
  return [
    ...twice(
      roles.map(({ key }) => key),
      'roles',
    ),
    ...twice(
      options.map(({ key }) => key),
      'options',
    ),
  ];
}

/** Every role that the document names, where, and the scopes that it may have there. */
function namedRoles(document: SchemeDocument): Named[] {
  const { roles, sources, implicit, override, grants, orgCreation, transfer, invitations, options } = document;
  const { everyone, idpGroup, emailAllowlist, systemUser, teamMembership } = sources;
  const named: (readonly [string, string | null | undefined, readonly Scope[]])[] = [
    ...roles.flatMap(({ inherits, scope }, i) =>
      inherits.map((key, j) => [`roles.${i}.inherits.${j}`, key, [scope]] as const),
    ),
    ...everyone.map((key, i) => [`sources.everyone.${i}`, key, ['self', 'realm']] as const),
    ['sources.default', sources.default, ['org']],
    ['sources.idpGroup', idpGroup, ['platform']],
    ['sources.emailAllowlist.role', emailAllowlist?.role, ['platform']],
    ['sources.systemUser', systemUser, ['platform']],
    ...environmentKind.options.map((kind) => [`sources.workflow.${kind}`, sources.workflow[kind], [kind]] as const),
    ...teamMembership.map(({ role }, i) => [`sources.teamMembership.${i}.role`, role, ['platform']] as const),
    ...implicit.flatMap(
      ({ from, to }, i) =>
        [
          [`implicit.${i}.from`, from, ['org']],
          [`implicit.${i}.to`, to, document.children],
        ] as const,
    ),
    ...Object.entries(override?.allowed ?? {}).flatMap(([from, to]) => [
      [`override.allowed.${from}`, from, ['org']] as const,
      ...to.map((key, i) => [`override.allowed.${from}.${i}`, key, override === null ? [] : [override.scope]] as const),
    ]),
    ...grants.flatMap(({ on, effect, of = [] }, i) => [
      [`grants.${i}.effect`, effect, [on]] as const,
      ...of.map((key, j) => [`grants.${i}.of.${j}`, key, ['org']] as const),
    ]),
    ['orgCreation.ownerRole', orgCreation.ownerRole, ['org']],
    ['transfer.role', transfer?.role, ['org']],
    ...(transfer?.target ?? []).map((key, i) => [`transfer.target.${i}`, key, ['org']] as const),
    ['transfer.former', transfer?.former, ['org']],
    ...(invitations?.forbidRoles ?? []).map((key, i) => [`invitations.forbidRoles.${i}`, key, ['org']] as const),
    ...options.flatMap(({ gives }, i) =>
      gives.map(({ role }, j) => [`options.${i}.gives.${j}.role`, role, Object.keys(holdable) as Scope[]] as const),
    ),
  ];
  return named.flatMap(([path, key, scopes]) => (key === null || key === undefined ? [] : [[path, key, scopes]]));
}

function unknownOrMisplaced(document: SchemeDocument): Fault[] {
  const scopes = new Map(document.roles.map(({ key, scope }) => [key, scope]));
  const ofRoles = namedRoles(document).flatMap(([path, key, expected]) => {
    const scope = scopes.get(key);
    if (scope === undefined) return [{ path, message: `names an unknown role ${key}` }];
    return expected.includes(scope) ? [] : [{ path, message: `takes a role of ${expected.join(' or ')}, not ${key}` }];
  });
  const kinds = [
    ...document.grants.map(({ on }, i) => [`grants.${i}.on`, on] as const),
    ...document.conjunctions.map(({ on }, i) => [`conjunctions.${i}.on`, on] as const),
    ...environmentKind.options
      .filter((kind) => document.sources.workflow[kind] !== undefined)
      .map((kind) => [`sources.workflow.${kind}`, kind] as const),
    ...(document.override === null ? [] : [['override.scope', document.override.scope] as const]),
  ];
  const ofKinds = kinds.filter(([, kind]) => !document.children.includes(kind));
  return [...ofRoles, ...ofKinds.map(([path, kind]) => ({ path, message: `the scheme has no ${kind}` }))];
}

function circles({ roles }: SchemeDocument): Fault[] {
  const byKey = new Map(roles.map((role, index) => [role.key, { role, index }]));
  const done = new Set<string>();
  const visit = (key: string, below: readonly string[]): Fault[] => {
    const found = byKey.get(key);
    if (found === undefined || done.has(key)) return [];
    if (below.includes(key)) {
      const circle = [...below.slice(below.indexOf(key)), key].join(' > ');
      return [{ path: `roles.${found.index}.inherits`, message: `inherits in a circle: ${circle}` }];
    }
    const faults = found.role.inherits.flatMap((parent) => visit(parent, [...below, key]));
    done.add(key);
    return faults;
  };
  return roles.flatMap(({ key }) => visit(key, []));
}

function unscoped({ roles, options }: SchemeDocument): Fault[] {
  const scopes = new Map(roles.map(({ key, scope }) => [key, scope]));
  const check = (path: string, key: string, permissions: readonly Permission[]) =>
    permissions.flatMap((permission, i) => {
      const scope = scopes.get(key);
      if (scope === undefined || holdable[scope].includes(actionOf(permission).scope)) return [];
      return [{ path: `${path}.${i}`, message: `a role of ${scope} cannot hold ${permission}` }];
    });
  return [
    ...roles.flatMap(({ key, permissions }, i) => check(`roles.${i}.permissions`, key, permissions)),
    ...options.flatMap(({ gives }, i) =>
      gives.flatMap(({ role, permissions }, j) => check(`options.${i}.gives.${j}.permissions`, role, permissions)),
    ),
    ...roles.flatMap(({ scope, holders }, i) =>
      holders !== undefined && scope !== 'org'
        ? [{ path: `roles.${i}.holders`, message: `only roles of an organization are counted, not of ${scope}` }]
        : [],
    ),
  ];
}

/** An organization must always have somebody in its first role, or the platform must be able to put somebody there. */
function ownerless(document: SchemeDocument): Fault[] {
  const roles = new Map(document.roles.map((role) => [role.key, role]));
  const { ownerRole } = document.orgCreation;
  const kept = lineOf(roles, ownerRole).some((key) => (roles.get(key)?.holders?.min ?? 0) >= 1);
  if (kept) return [];
  const needed = roles.get(ownerRole)?.assignedWith;
  const byPlatform = [...heldPermissions(document)].some(
    ([key, held]) => roles.get(key)?.scope === 'platform' && needed !== undefined && held.has(needed),
  );
  const message = `nobody need hold ${ownerRole}, and no platform role may give it: an organization could be left without`;
  return byPlatform ? [] : [{ path: 'orgCreation.ownerRole', message }];
}

/** Organizations that everybody is given begin with one name. */
function namedAlike({ tenancy, orgCreation }: SchemeDocument): Fault[] {
  if (!tenancy.personalOrg || !orgCreation.uniqueNames) return [];
  return [
    { path: 'orgCreation.uniqueNames', message: 'organizations of tenancy.personalOrg begin with the same name' },
  ];
}

/** An organization of their own is created by everybody themselves: all must be able to. */
function ungiven(document: SchemeDocument): Fault[] {
  const held = heldPermissions(document);
  const may = document.sources.everyone.some((key) => held.get(key)?.has('org:create'));
  if (!document.tenancy.personalOrg || may) return [];
  return [{ path: 'tenancy.personalOrg', message: 'no role in sources.everyone holds org:create' }];
}

/** Elsewhere it would end memberships of organizations that whoever has the right may not know of: the command refuses. */
function erasing({ roles, options, tenancy }: SchemeDocument): Fault[] {
  if (tenancy.orgsPerUser === 1) return [];
  const given = [
    ...roles.map(({ permissions }, i) => [`roles.${i}`, permissions] as const),
    ...options.flatMap(({ gives }, i) =>
      gives.map(({ permissions }, j) => [`options.${i}.gives.${j}`, permissions] as const),
    ),
  ];
  return given.flatMap(([path, permissions]) => {
    const at = permissions.indexOf('subject:erase');
    return at < 0 ? [] : [{ path: `${path}.permissions.${at}`, message: 'takes tenancy.orgsPerUser 1' }];
  });
}
