import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { permit } from '#libs/domain/access/permit.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { faultsOf } from '../support/decider.js';
import { AccessWorld, everybody, inAcme, moment, permissions, resources, roomy, stepsUnder } from './access-world.js';

/** Histories of each property under each of the five schemes: 10,000 in all are held against the naive model. */
const RUNS = { naive: 2000, tenants: 100, bounds: 200, removal: 150, limits: 200 };

/** The workflow of acme that begins in its owner's personal environment. */
const atHome = ['workflow:acme/draft', { kind: 'personal_environment', ownerId: 'cyd' }] as const;

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, roomy(scheme)] as const))(
  'any history under %s',
  (_, scheme) => {
    const steps = stepsUnder(scheme);

    it('is decided as a naive model of the five systems decides it (P1, P3, P6, P8, P9)', () => {
      const session = fc.constantFrom(undefined, undefined, null, 'acme', 'beta');
      let allows = 0;
      fc.assert(
        fc.property(steps, moment, session, fc.nat(), (given, at, activeOrg, part) => {
          const world = AccessWorld.of(scheme, given);
          const all = world.principals.flatMap((who) => resources.map((resource) => [who, resource] as const));
          // A quarter of all pairs, another one each time.
          for (const [who, resource] of all.filter((__, i) => (i + part) % 4 === 0)) {
            const asked = activeOrg === undefined ? undefined : { principal: who, activeOrg };
            const allowed = world.permissions(who, resource, at, asked);
            const naive = world.naive.permissions(who, resource, at, activeOrg);
            allows += allowed.size;
            const differ = permissions.filter((each) => allowed.has(each) !== naive.has(each));
            if (differ.length > 0)
              throw new Error(
                `${who} on ${JSON.stringify(resource)}: the naive model disagrees on ${differ.join(', ')}`,
              );
          }
        }),
        { numRuns: RUNS.naive },
      );
      expect(allows).toBeGreaterThan(10 * RUNS.naive);
    });

    it("lets nothing of one organization, or of another realm, bear on another's (P1)", () => {
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          const all = everybody.flatMap((who) => inAcme.map((resource) => [who, resource] as const));
          for (const [who, resource] of [...all, atHome]) {
            const facts = world.facts(who, resource);
            const abroad = { ...resource, ...(resource === atHome[1] ? { ownerId: 'bob' } : { orgId: 'beta' }) };
            const realm = facts.realm && { ...facts.realm, id: 'another' };
            const allowed = permissions.filter((permission) => {
              const asked = { principal: who, permission, resource, at };
              return (
                permit(facts, { ...asked, resource: abroad }).allowed ||
                permit({ ...facts, org: world.org('beta').org }, asked).allowed ||
                permit({ ...facts, realm }, asked).allowed
              );
            });
            expect([who, resource, allowed]).toEqual([who, resource, []]);
          }
        }),
        { numRuns: RUNS.tenants },
      );
    });

    it('keeps every role within its bounds after every step (P2), and asking twice adds nothing', () => {
      fc.assert(
        fc.property(steps, (given) => {
          const world = new AccessWorld(scheme);
          for (const step of given) {
            world.take(step);
            for (const state of world.orgs.values()) expect(faultsOf(state, scheme)).toEqual([]);
            const { length } = world.log;
            if ('org' in step) world.take(step);
            expect(world.log).toHaveLength(length);
          }
        }),
        { numRuns: RUNS.bounds },
      );
    });

    it('leaves nothing to who was removed, and nothing of it when they come back (P3)', () => {
      let removed = 0;
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          const role = scheme.document.sources.default ?? 'org.viewer';
          for (const { id } of world.org('acme').members.values()) {
            world.command('acme', 'RemoveMember', { userId: id });
            if (world.org('acme').members.has(id)) continue;
            removed += 1;
            const above = world.permissions(id, { kind: 'realm' }, at);
            for (const resource of inAcme)
              expect([...world.permissions(id, resource, at)].filter((each) => !above.has(each))).toEqual([]);
            world.command('acme', 'AddMember', { userId: id, role });
            const back = world.org('acme').members.get(id);
            if (back !== undefined) expect(back).toEqual({ id, role, grants: {}, evidence: back.evidence });
          }
        }),
        { numRuns: RUNS.removal },
      );
      expect(removed).toBeGreaterThan(RUNS.removal);
    });

    it('never takes the members with the invited ones, or the environments, above what the plan allows (P5)', () => {
      let full = 0;
      fc.assert(
        fc.property(steps, (given) => {
          const world = new AccessWorld(scheme);
          const used = () => {
            const org = world.naiveOrgs.get('acme');
            const kinds = [...(org?.environments.keys() ?? [])].map((id) => org?.kinds.get(id));
            return {
              members: (org?.roles.size ?? 0) + (org?.pending.size ?? 0),
              ...Object.fromEntries(
                scheme.document.children.map((kind) => [`${kind}s`, kinds.filter((each) => each === kind).length]),
              ),
            };
          };
          for (const step of given) {
            const before: Record<string, number> = used();
            world.take(step);
            const limits = scheme.document.plans[world.org('acme').org.plan ?? ''] ?? {};
            for (const [limited, now] of Object.entries(used())) {
              const limit = limits[limited] ?? Number.POSITIVE_INFINITY;
              if (now === limit) full += 1;
              // What was there before the plan was lowered stays.
              expect(now).toBeLessThanOrEqual(Math.max(limit, before[limited] ?? 0));
            }
          }
        }),
        { numRuns: RUNS.limits },
      );
      expect(full).toBeGreaterThan(RUNS.limits / 4);
    });
  },
);
