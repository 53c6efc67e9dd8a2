import { describe, expect, it } from '@jest/globals';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import type { MemberDocument, RealmDocument } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { fold } from '../support/decider.js';
import { type XRole, type XRow, xRoles, xRows, xSchemes } from './x.cells.js';

const at = Date.parse('2026-06-01T00:00:00.000Z');
const principal = 'pat';

/** Pat holds the role in acme, or on the platform. */
function factsOf(id: string, role: XRole): Facts {
  const scheme = schemeOf({ id, version: 1 }, undefined);
  const ref = { id, version: 1 };
  const owner = { userId: 'olga', role: scheme.document.orgCreation.ownerRole };
  const { org } = fold('org', [
    { type: 'OrgCreated', data: { orgId: 'acme', name: 'Acme', scheme: ref, owner } },
    { type: 'EnvironmentCreated', data: { environmentId: 'main', name: 'Main' } },
  ]);
  const { realm } = fold('realm', [{ type: 'RealmCreated', data: { realmId: 'default', scheme: ref } }]);
  if (realm === undefined) throw new Error('no realm');
  return {
    scheme,
    realm: { ...realm, ...onPlatform(role) },
    user: undefined,
    org,
    member: memberOf(role, xSchemes[id]?.member ?? ''),
    environment: undefined,
  };
}

const assigned = { confirmed: true, evidence: ['assigned'] };

function onPlatform(role: XRole): Partial<RealmDocument> {
  if (role === 'platform.admin') return { systemUserId: principal };
  return role.startsWith('platform.') ? { assignments: { [principal]: { [role]: assigned } } } : {};
}

function memberOf(role: XRole, plain: string): MemberDocument | undefined {
  if (role === 'a stranger' || role.startsWith('platform.')) return undefined;
  const member = { id: principal, evidence: 'joined', grants: {} };
  if (role === 'org.auditor' || role === 'org.privacy-officer')
    return { ...member, role: plain, assignments: { [role]: assigned } };
  return { ...member, role: role === 'a plain member' ? plain : role };
}

const resources: { readonly [P in XRow['place']]: Resource } = {
  realm: { kind: 'realm' },
  org: { kind: 'org', orgId: 'acme' },
  'own account': { kind: 'account', ownerId: principal },
  'other account': { kind: 'account', ownerId: 'olga' },
};

describe.each(Object.entries(xSchemes))('permit: what %s has beyond its source', (id, { owner }) => {
  const cases = xRows.flatMap(({ row, permissions, place, holders, also }) =>
    xRoles
      .filter((role) => owner || role !== 'org.owner')
      .flatMap((role) =>
        permissions.map((permission) => {
          const expected = holders.includes(role) || also?.[id]?.includes(role) === true;
          return [row, role, expected ? 'allowed' : 'denied', permission, place] as const;
        }),
      ),
  );

  it.each(cases)('%s %s: %s %s of %s', (_, role, expected, permission, place) => {
    const answer = permit(factsOf(id, role), { principal, permission, resource: resources[place], at });
    expect(answer.allowed ? 'allowed' : 'denied').toBe(expected);
  });
});
