import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { environmentPlan, isEverywhere, subjectPlan } from '#libs/application/search-plan.js';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import type { Assignment, Grant } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import { actions, isPermission } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';

const person = 'ann';
const permissions = Object.keys(actions).filter(isPermission);
const at = Date.parse('2026-06-01T00:00:00.000Z');
const resources: readonly Resource[] = [
  { kind: 'realm' },
  { kind: 'org', orgId: 'acme' },
  { kind: 'environment', orgId: 'acme', environmentId: 'prod' },
  { kind: 'personal_environment', ownerId: person },
  { kind: 'account', ownerId: person },
];

/** Any documents, also such as no command writes yet. */
function factsOf(scheme: CompiledScheme): fc.Arbitrary<Facts> {
  const keys = [...scheme.roles.keys()];
  const role = fc.constantFrom(...keys);
  const orgRole = fc.constantFrom(...keys.filter((key) => scheme.roles.get(key)?.scope === 'org'));
  const { teamMembership } = scheme.document.sources;
  const evidence = 'e';
  const grant: fc.Arbitrary<Grant> = fc.record({
    role: fc.option(role, { nil: undefined }),
    evidence: fc.constant(evidence),
  });
  const assignment: fc.Arbitrary<Assignment> = fc.record({
    confirmed: fc.boolean(),
    evidence: fc.constant([evidence]),
  });
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const member = fc.record({
    id: fc.constant(person),
    role: orgRole,
    evidence: fc.constant(evidence),
    grants: fc.dictionary(fc.constantFrom('prod', 'dev'), grant, { maxKeys: 2 }),
    assignments: some(fc.dictionary(role, assignment, { maxKeys: 2 })),
    groups: some(fc.dictionary(fc.constantFrom('team', 'crew'), fc.constant(evidence), { maxKeys: 2 })),
  });
  const environment = fc.record({
    id: fc.constant('prod'),
    name: fc.constant('Prod'),
    kind: fc.constantFrom(...scheme.document.children),
    status: fc.constant('active' as const),
    models: fc.constant({}),
    groupGrants: fc.dictionary(fc.constantFrom('team', 'crew'), grant, { maxKeys: 2 }),
  });
  const realm = fc.record({
    id: fc.constant('default'),
    storeId: fc.constant('s'),
    scheme: fc.constant({ id: scheme.document.id, version: 1 }),
    adminGroup: fc.option(fc.constant('admins')),
    adminEmailIndexes: fc.constantFrom([], ['index']),
    systemUserId: fc.constantFrom(null, person),
    teams: some(
      fc.dictionary(
        fc.constantFrom('none', ...teamMembership.map(({ team }) => team)),
        fc.dictionary(
          fc.constant(person),
          fc.record({
            role: fc.constantFrom('other', ...teamMembership.flatMap(({ roles }) => roles)),
            evidence: fc.constant(evidence),
          }),
        ),
      ),
    ),
    assignments: some(fc.dictionary(fc.constant(person), fc.dictionary(role, assignment, { maxKeys: 2 }))),
    evidence: fc.constant(evidence),
  });
  const claims = fc.record({
    groups: fc.constantFrom([], ['admins']),
    emailIndex: fc.constantFrom(null, 'index'),
    issuedAt: fc.constant(1),
    observedAt: fc.constantFrom(new Date(at).toISOString(), '2020-01-01T00:00:00.000Z'),
    evidence: fc.constant(evidence),
  });
  const user = fc.record({
    id: fc.constant(person),
    claims: fc.option(claims),
    membershipClaim: fc.constant(null),
    profileIndex: fc.constant(null),
    tokenIssuedAt: fc.constant(null),
  });
  const org = fc.constant({
    id: 'acme',
    name: 'Acme',
    status: 'active' as const,
    scheme: { id: scheme.document.id, version: 1 },
    ownerId: '',
    holders: {},
    voidedClaims: [],
    evidence,
  });
  // Optional members that are absent are not there, as in stored documents.
  return fc
    .record({ realm, user: some(user), org, member: some(member), environment: some(environment) })
    .map((facts) => ({ scheme, ...JSON.parse(JSON.stringify(facts)) }) as Facts)
    .map((facts) => ({ ...facts, user: facts.user, member: facts.member, environment: facts.environment }));
}

const keysOf = (record: object | undefined) => Object.keys(record ?? {});
const meet = (a: readonly string[], b: readonly string[]) => a.some((each) => b.includes(each));

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))('under %s', (_, scheme) => {
  it('whoever is allowed is among those whom the plan of a search for subjects names', () => {
    let allowed = 0;
    fc.assert(
      fc.property(factsOf(scheme), (facts) => {
        const missed: object[] = [];
        const { member, user } = facts;
        // A plan is made of what is of no single person.
        const shared = { ...facts, member: undefined, user: undefined };
        const bears = (user?.claims?.groups ?? []).length > 0 || typeof user?.claims?.emailIndex === 'string';
        for (const resource of resources)
          for (const permission of permissions) {
            if (!permit(facts, { principal: person, permission, resource, at }).allowed) continue;
            allowed += 1;
            const plan = subjectPlan(shared, resource, permission);
            const named =
              plan.everyone ||
              plan.named.includes(person) ||
              (plan.claimants && bears) ||
              (member !== undefined &&
                (plan.roles.includes(member.role) ||
                  (plan.grantees && Object.hasOwn(member.grants, 'prod')) ||
                  meet(plan.groups, keysOf(member.groups)) ||
                  meet(plan.assigned, keysOf(member.assignments))));
            if (!named) missed.push({ resource, permission });
          }
        expect(missed).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(allowed).toBeGreaterThan(500);
  });

  it('what somebody is allowed on is among what the plan of a search for resources names', () => {
    fc.assert(
      fc.property(factsOf(scheme), (facts) => {
        const { environment, member } = facts;
        const resource = { kind: 'environment', orgId: 'acme', environmentId: 'prod' } as const;
        const outside = { ...facts, environment: undefined };
        const missed: object[] = [];
        for (const permission of permissions) {
          for (const asked of [resource, { kind: 'org', orgId: 'acme' } as const]) {
            if (!permit(facts, { principal: person, permission, resource: asked, at }).allowed) continue;
            const reached =
              member !== undefined || isEverywhere({ ...outside, org: undefined, member: undefined }, person);
            if (!reached) missed.push({ permission, asked });
          }
          if (!permit(facts, { principal: person, permission, resource, at }).allowed) continue;
          const { all, named, groups } = environmentPlan(outside, person, 'acme', permission);
          const found = all || named.includes('prod') || meet(groups, keysOf(environment?.groupGrants));
          if (!found) missed.push({ permission, resource });
        }
        expect(missed).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
