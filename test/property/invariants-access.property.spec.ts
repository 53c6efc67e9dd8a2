import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { examine, permit } from '#libs/domain/access/permit.js';
import { actionOf } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { stamp } from '../support/decider.js';
import {
  AccessWorld,
  everybody,
  type FoldedWorld,
  inAcme,
  moment,
  permissions,
  roomy,
  stepsUnder,
} from './access-world.js';
import { unreplaceable } from './superseded.js';

/** Histories of each property under each of the five schemes. */
const RUNS = { implicit: 100, overrides: 50, inheritance: 50, reach: 50, evidence: 100 };
const onOrg = { kind: 'org', orgId: 'acme' } as const;

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, roomy(scheme)] as const))(
  'the access after any history under %s',
  (_, scheme) => {
    const steps = stepsUnder(scheme);

    it('that a role implies is no row: rows are what was granted, and a new admin reaches all without one (P4)', () => {
      let implied = 0;
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          const rows = ({ members, environments }: ReturnType<FoldedWorld['org']>) => [
            ...[...members.values()].flatMap(({ id, grants }) => Object.keys(grants).map((on) => `${on} user ${id}`)),
            ...[...environments.values()].flatMap(({ id, groupGrants }) =>
              Object.keys(groupGrants).map((group) => `${id} group ${group}`),
            ),
          ];
          const { environments, grants, groupGrants } = world.naiveOrgs.get('acme') ?? {};
          const granted = [
            ...[...(grants ?? [])].flatMap(([on, to]) => [...to.keys()].map((id) => `${on} user ${id}`)),
            ...[...(groupGrants ?? [])].flatMap(([on, to]) => [...to.keys()].map((id) => `${on} group ${id}`)),
          ];
          // A grant on what was deleted leads nowhere, and may stay with its holder.
          const live = rows(world.org('acme')).filter((row) => environments?.has(row.split(' ')[0] ?? ''));
          expect(live.sort()).toEqual(granted.sort());
          const before = rows(world.org('acme'));
          world.command('acme', 'AddMember', { userId: 'zoe', role: 'org.admin' });
          expect(rows(world.org('acme'))).toEqual(before);
          if (!world.org('acme').members.has('zoe') || world.org('acme').org.suspension) return;
          for (const environmentId of environments?.keys() ?? []) {
            implied += 1;
            expect(world.permissions('zoe', { kind: 'environment', orgId: 'acme', environmentId }, at)).toContain(
              'environment:see',
            );
          }
        }),
        { numRuns: RUNS.implicit },
      );
      expect(implied).toBeGreaterThan(RUNS.implicit / 4);
    });

    it('to one environment, by a grant or a role named in it, holds nothing of the organization (P6)', () => {
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          for (const who of everybody) {
            const all = world.permissions(who, onOrg, at);
            const facts = world.facts(who, onOrg);
            const bare = facts.member && { ...facts.member, grants: {}, groups: {} };
            const without = permissions.filter(
              (permission) =>
                permit({ ...facts, member: bare }, { principal: who, permission, resource: onOrg, at }).allowed,
            );
            expect(new Set(without)).toEqual(all);
            for (const resource of inAcme)
              for (const permission of world.permissions(who, resource, at))
                if (actionOf(permission).scope !== 'environment') expect(all).toContain(permission);
          }
        }),
        { numRuns: RUNS.overrides },
      );
    });

    it('of a role holds all that the roles hold which it inherits (P7)', () => {
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          for (const member of world.org('acme').members.values())
            for (const { key, inherits } of scheme.document.roles)
              for (const resource of inherits.includes(member.role) ? inAcme : []) {
                const facts = { ...world.facts(member.id, resource), member: { ...member, role: key } };
                const lost = [...world.permissions(member.id, resource, at)].filter(
                  (permission) => !permit(facts, { principal: member.id, permission, resource, at }).allowed,
                );
                expect(lost).toEqual([]);
              }
        }),
        { numRuns: RUNS.inheritance },
      );
    });

    it("of the platform's roles reaches no content of an organization (P8)", () => {
      let above = 0;
      fc.assert(
        fc.property(steps, moment, (given, at) => {
          const world = AccessWorld.of(scheme, given);
          for (const who of everybody)
            for (const resource of inAcme) {
              const facts = { ...world.facts(who, resource), member: undefined };
              const held = permissions.filter(
                (permission) => permit(facts, { principal: who, permission, resource, at }).allowed,
              );
              above += held.length;
              expect(held.filter((permission) => actionOf(permission).reach === 'content')).toEqual([]);
            }
        }),
        { numRuns: RUNS.reach },
      );
      expect(above).toBeGreaterThan(RUNS.reach);
    });

    it('rests on events: each allow names some, and without one that nothing stands beside there is none (P12)', () => {
      let flips = 0;
      fc.assert(
        fc.property(steps, moment, fc.nat(), (given, at, part) => {
          const world = AccessWorld.of(scheme, given);
          const alone = new Set([...unreplaceable(world.log)].map((number) => stamp(number).id));
          const worlds = new Map<string, FoldedWorld>();
          const without = (id: string) => {
            const known = worlds.get(id) ?? world.without(id);
            worlds.set(id, known);
            return known;
          };
          const all = world.principals.flatMap((who) => inAcme.map((resource) => [who, resource] as const));
          for (const [who, resource] of all.filter((__, i) => (i + part) % 2 === 0)) {
            const facts = world.facts(who, resource);
            for (const permission of permissions) {
              const question = { principal: who, permission, resource, at };
              const answer = permit(facts, question);
              if (!answer.allowed) continue;
              expect(answer.evidence.length).toBeGreaterThan(0);
              const supporting = examine(facts, question).filter(({ outcome }) => outcome === 'supports');
              for (const id of answer.evidence) {
                if (!alone.has(id) || !supporting.every(({ evidence }) => evidence.includes(id))) continue;
                flips += 1;
                const left = without(id).facts(who, resource);
                if (permit(left, question).allowed)
                  throw new Error(`${who} ${permission} on ${JSON.stringify(resource)} without its evidence ${id}`);
              }
            }
          }
        }),
        { numRuns: RUNS.evidence },
      );
      expect(flips).toBeGreaterThan(10 * RUNS.evidence);
    });
  },
);
