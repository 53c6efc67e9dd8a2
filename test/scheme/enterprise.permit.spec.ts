import { describe, expect, it } from '@jest/globals';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { own } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { noOrg } from '#libs/domain/org/org.js';
import { enterprise, fold, stamp } from '../support/decider.js';
import { type Actor, actors, type Cell, type CellResource, enterpriseCells } from './enterprise.cells.js';

const scheme = { id: 'enterprise', version: 1 };
const people: Record<Actor, string> = { PA: 'pia', OO: 'olga', OA: 'adam', PT: 'pat' };

const created = (orgId: string, userId: string): OrgEvent => ({
  type: 'OrgCreated',
  data: { orgId, name: orgId, scheme, owner: { userId, role: 'org.owner' } },
});
const environment = (environmentId: string, modelId: string): OrgEvent[] => [
  { type: 'EnvironmentCreated', data: { environmentId, name: environmentId } },
  { type: 'ModelAdded', data: { environmentId, modelId, provider: 'anthropic', name: modelId } },
];
const granted = (id: string): OrgEvent => ({
  type: 'EnvironmentAccessGranted',
  data: { environmentId: 'granted', grantee: { type: 'user', id } },
});

const acme: OrgEvent[] = [
  created('acme', people.OO),
  { type: 'MemberAdded', data: { userId: people.OA, role: 'org.admin' } },
  { type: 'MemberAdded', data: { userId: people.PT, role: 'org.participant' } },
  ...environment('granted', 'model-granted'),
  ...environment('ungranted', 'model-ungranted'),
  granted(people.PT),
];
const beta: OrgEvent[] = [created('beta', 'bea'), ...environment('granted', 'model-beta'), granted('bea')];
const { realm } = fold('realm', [
  { type: 'RealmCreated', data: { realmId: 'default', scheme } },
  { type: 'PlatformAdminSourcesSet', data: { adminGroup: 'alpha', adminEmailIndexes: [], systemUserId: null } },
]);
const { user: platformAdmin } = fold('user', [
  { type: 'ClaimsObserved', data: { userId: people.PA, groups: ['alpha'], emailIndex: null, issuedAt: 1 } },
]);

const environmentOf = (orgId: string, environmentId: string): Resource => ({
  kind: 'environment',
  orgId,
  environmentId,
});

function resourceOf(resource: CellResource, principal: string): Resource {
  switch (resource) {
    case 'realm':
      return { kind: 'realm' };
    case 'org':
      return { kind: 'org', orgId: 'acme' };
    case 'granted_environment':
      return environmentOf('acme', 'granted');
    case 'ungranted_environment':
      return environmentOf('acme', 'ungranted');
    case 'other_org_environment':
      return environmentOf('beta', 'granted');
    case 'own_personal':
      return { kind: 'personal_environment', ownerId: principal };
    case 'other_personal':
      return { kind: 'personal_environment', ownerId: 'somebody-else' };
  }
}

function factsOf({ actor, addedAs }: Cell, resource: Resource): Facts {
  const principal = people[actor];
  const joined: OrgEvent[] =
    addedAs === undefined
      ? []
      : [{ type: 'MemberAdded', data: { userId: principal, role: addedAs } }, granted(principal)];
  const orgId = 'orgId' in resource ? resource.orgId : undefined;
  const state = orgId === undefined ? noOrg : fold('org', orgId === 'acme' ? [...acme, ...joined] : beta);
  return {
    scheme: enterprise,
    realm,
    user: actor === 'PA' ? platformAdmin : undefined,
    org: state.org,
    member: state.members.get(principal),
    environment: resource.kind === 'environment' ? state.environments.get(resource.environmentId) : undefined,
  };
}

const mayAsk = (cell: Cell, name: CellResource): boolean => {
  const principal = people[cell.actor];
  const resource = resourceOf(name, principal);
  const at = Date.parse(stamp(100).occurredAt);
  return permit(factsOf(cell, resource), { principal, permission: cell.permission, resource, at }).allowed;
};

/** A credential reaches the models of its own environment: nobody finds another environment's model behind it. */
function reachesThrough(cell: Cell, credential: CellResource): boolean {
  const [theirs, ours] = [cell.resource, credential].map(
    (name) => factsOf(cell, resourceOf(name, people[cell.actor])).environment,
  );
  const [model] = Object.keys(theirs?.models ?? {});
  if (model === undefined || ours === undefined) throw new Error('the situation lacks a model');
  return mayAsk(cell, credential) && own(ours.models, model) !== undefined;
}

describe('enterprise: who may do what', () => {
  for (const cell of enterpriseCells) {
    const { row, actor, expected, certainty, permission, resource, situation, through } = cell;
    it(`${row} ${actor}: ${expected} ${permission} of ${resource} (${certainty}): ${situation}`, () => {
      const allowed = through === undefined ? mayAsk(cell, resource) : reachesThrough(cell, through);
      expect(allowed ? 'allowed' : 'denied').toBe(expected);
    });
  }
});

describe('the enterprise matrix', () => {
  const named = new Map(enterpriseCells.map((cell) => [`${cell.row} ${cell.actor}`, cell]));

  it('is complete: 26 rows of four columns, and two rows of the platform admin as a member', () => {
    const wanted = Array.from({ length: 26 }, (_, i) => `T-M${String(i + 1).padStart(2, '0')}`).flatMap((row) =>
      actors.map((actor) => `${row} ${actor}`),
    );
    expect([...named.keys()].sort()).toEqual([...wanted, 'T-M27 PA', 'T-M28 PA'].sort());
  });

  it('rests on assumptions in six cells of 106', () => {
    const assumed = [...named].filter(([, { certainty }]) => certainty === 'L').map(([name]) => name);
    expect(named.size).toBe(106);
    expect(assumed.sort()).toEqual(['T-M14 OA', 'T-M14 OO', 'T-M14 PT', 'T-M15 OA', 'T-M19 PA', 'T-M19 PT']);
  });
});
