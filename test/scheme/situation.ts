import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { own } from '#libs/domain/access/documents.js';
import { permit, type Question } from '#libs/domain/access/permit.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { EnvironmentKind } from '#libs/domain/schemes/scheme.js';
import { fold, stamp } from '../support/fold.js';
import type { Cell } from './cells.js';

/** An organization of a situation, as every level sets it up: by events, or by commands. */
export interface OrgSetup {
  readonly owner: string;
  readonly members?: readonly (readonly [user: string, role: string])[];
  readonly environments?: readonly (readonly [id: string, kind: EnvironmentKind])[];
  readonly grants?: readonly (readonly [environment: string, user: string, role?: string])[];
}

/** Who and what the cells of a matrix speak of. */
export interface Situation<Column extends string = string, Place extends string = string> {
  readonly people: Readonly<Record<Column, string>>;
  /** Other people for some columns, by the cell's `as`. */
  readonly others?: Readonly<Record<string, { readonly [C in Column]?: string }>>;
  /** Members of the group of platform admins. */
  readonly operators: readonly string[];
  readonly orgs: Readonly<Record<string, OrgSetup>>;
  readonly resource: (place: Place, column: Column, principal: string) => Resource;
  /** The organization that the session of these people is in. */
  readonly activeOrg?: string;
}

const GROUP = 'operators';
/** A moment after everything in the situation. */
const now = Date.parse(stamp(200).occurredAt);

export const environmentOf = (orgId: string, environmentId: string): Resource => ({
  kind: 'environment',
  orgId,
  environmentId,
});

export function principalOf({ people, others }: Situation, { row, column, as }: Cell): string {
  const found = (as === undefined ? undefined : others?.[as]?.[column]) ?? people[column];
  if (found === undefined) throw new Error(`the situation of ${row} has nobody for ${column}`);
  return found;
}

/** Whether the cell's question is allowed in its situation, under the scheme, as `permit()` alone decides. */
export function isAllowed(situation: Situation, scheme: CompiledScheme, cell: Cell): boolean {
  const direct = questionOf(situation, scheme, cell);
  if (cell.through === undefined) return permit(direct.facts, direct.question).allowed;
  // A credential reaches what its own environment holds: nobody finds another environment's model behind it.
  const through = questionOf(situation, scheme, cell, cell.through);
  const [model] = Object.keys(direct.facts.environment?.models ?? {});
  const ours = through.facts.environment;
  if (model === undefined || ours === undefined) throw new Error('the situation lacks a model');
  return permit(through.facts, through.question).allowed && own(ours.models, model) !== undefined;
}

/** The question that a cell asks about a place, with the facts of its situation. */
export function questionOf(
  situation: Situation,
  scheme: CompiledScheme,
  cell: Cell,
  place = cell.place,
): { readonly facts: Facts; readonly question: Question } {
  const principal = principalOf(situation, cell);
  const resource = situation.resource(place, cell.column, principal);
  const { activeOrg } = situation;
  const session = activeOrg === undefined ? undefined : { principal, activeOrg };
  const facts = { ...factsOf(situation, scheme, principal, resource), session };
  return { facts, question: { principal, permission: cell.permission, resource, at: now } };
}

function factsOf(situation: Situation, scheme: CompiledScheme, principal: string, resource: Resource): Facts {
  const state = 'orgId' in resource ? stateOf(situation, scheme, resource.orgId) : noOrg;
  const { realm } = fold('realm', [
    { type: 'RealmCreated', data: { realmId: 'default', scheme: refOf(scheme) } },
    { type: 'PlatformAdminSourcesSet', data: { adminGroup: GROUP, adminEmailIndexes: [], systemUserId: null } },
  ]);
  const claims = { userId: principal, groups: [GROUP], emailIndex: null, issuedAt: 1 };
  const { user } = fold(
    'user',
    situation.operators.includes(principal) ? [{ type: 'ClaimsObserved', data: claims }] : [],
  );
  return {
    scheme,
    realm,
    user,
    org: state.org,
    member: state.members.get(principal),
    environment: resource.kind === 'environment' ? state.environments.get(resource.environmentId) : undefined,
  };
}

function stateOf({ orgs }: Situation, scheme: CompiledScheme, orgId: string): OrgState {
  const setup = orgs[orgId];
  return setup === undefined ? noOrg : fold('org', eventsOf(orgId, setup, scheme));
}

/** The organization's history, as the commands that set it up would leave it. */
function eventsOf(
  orgId: string,
  { owner, members = [], environments = [], grants = [] }: OrgSetup,
  scheme: CompiledScheme,
): OrgEvent[] {
  const role = scheme.document.orgCreation.ownerRole;
  return [
    { type: 'OrgCreated', data: { orgId, name: orgId, scheme: refOf(scheme), owner: { userId: owner, role } } },
    ...members.map(([userId, as]): OrgEvent => ({ type: 'MemberAdded', data: { userId, role: as } })),
    ...environments.flatMap(([environmentId, kind]): OrgEvent[] => [
      { type: 'EnvironmentCreated', data: { environmentId, name: environmentId, kind } },
      {
        type: 'ModelAdded',
        data: { environmentId, modelId: `model-of-${environmentId}`, provider: 'anthropic', name: environmentId },
      },
    ]),
    ...grants.map(
      ([environmentId, id, named]): OrgEvent => ({
        type: 'EnvironmentAccessGranted',
        data: { environmentId, grantee: { type: 'user', id }, role: named },
      }),
    ),
  ];
}

const refOf = ({ document: { id, version } }: CompiledScheme) => ({ id, version });
