import { describe, expect, it } from '@jest/globals';
import { permit } from '#libs/domain/access/permit.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { epoch, faultsOf } from '../support/decider.js';
import { permissions } from './access-world.js';
import { type Move, type OrgId, orgIds, type SmallOrg, SmallWorld } from './small-world.js';
import { people } from './small-world-commands.js';

/** Commands one after another, to both organizations together, in every order. */
const DEPTH = 2;

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))(
  'every small world under %s',
  (id, scheme) => {
    it('keeps organizations apart (P1) and roles within bounds (P2), and nobody but admins gives or gains rights (P13)', () => {
      const world = new SmallWorld(scheme);
      const [acme, beta] = [
        world.begin('acme', beginning('acme', 'ann')),
        world.begin('beta', beginning('beta', 'bob')),
      ];
      const start = { acme, beta };
      const seen = new Set([keyOf(start)]);
      const checked = new Set<SmallOrg>();
      let transitions = 0;
      let frontier = [start];
      const meet = (state: typeof start) => {
        expectApart(world, state);
        for (const org of orgIds) {
          if (checked.has(state[org])) continue;
          checked.add(state[org]);
          expect(faultsOf(state[org].state, scheme)).toEqual([]);
          expectOnlyMembers(org, state[org]);
        }
      };
      meet(start);
      for (let depth = 0; depth < DEPTH; depth++) {
        const next: (typeof start)[] = [];
        for (const from of frontier)
          for (const org of orgIds)
            for (const move of world.moves(org, from[org])) {
              transitions += 1;
              expectNoEscalation(from[org], move);
              const to = { ...from, [org]: move.to };
              if (seen.has(keyOf(to))) continue;
              seen.add(keyOf(to));
              meet(to);
              next.push(to);
            }
        frontier = next;
      }
      process.stdout.write(
        `small worlds of ${id}: ${seen.size} states, ${transitions} transitions, ${world.tried} commands tried on ${checked.size} organizations\n`,
      );
      expect(seen.size).toBeGreaterThan(1000);
      expect(transitions).toBeGreaterThan(2500);
    });

    /** With somebody who is no admin, and something to be granted. */
    function beginning(orgId: OrgId, ownerId: string) {
      const plain = ['org.participant', 'org.developer', 'org.member'].find((key) => scheme.roles.has(key));
      const by = { newId: 'dev', actor: ownerId };
      const granted = grantedIn[id] ?? [];
      return [
        { name: 'CreateOrg' as const, input: { orgId, name: orgId, ownerId }, ...by },
        { name: 'AddMember' as const, input: { userId: 'cyd', role: plain }, ...by },
        { name: 'CreateEnvironment' as const, input: { name: 'dev' }, ...by },
        ...(id === 'enterprise'
          ? [{ name: 'CreateGroup' as const, input: { groupId: 'team', name: 'team' }, ...by }]
          : []),
        ...granted.map((to) => ({
          name: 'GrantEnvironmentAccess' as const,
          input: { environmentId: 'dev', ...to },
          ...by,
        })),
      ];
    }
  },
);

/** What there is at the beginning that somebody might widen. */
const grantedIn: Readonly<Record<string, readonly object[]>> = {
  enterprise: [{ grantee: { type: 'group', id: 'team' } }],
  teams: [{ grantee: { type: 'user', id: 'cyd' } }],
  studio: [{ grantee: { type: 'user', id: 'cyd' }, role: 'workspace.viewer' }],
};

const keyOf = ({ acme, beta }: { acme: SmallOrg; beta: SmallOrg }) => `${acme.key} ${beta.key}`;

/** What was found of one organization allows nothing in the other (P1). */
function expectApart(world: SmallWorld, orgs: { readonly [Org in OrgId]: SmallOrg }): void {
  for (const [here, there] of [orgIds, [...orgIds].reverse()] as const)
    for (const principal of people) {
      const resource = { kind: 'org', orgId: there ?? '' } as const;
      const facts = world.facts(orgs[here as OrgId].state, principal, resource);
      const allowed = permissions.filter(
        (permission) => permit(facts, { principal, permission, resource, at: epoch }).allowed,
      );
      if (allowed.length > 0) throw new Error(`${principal} of ${here} holds ${allowed.join(', ')} in ${there}`);
    }
}

/** Who is no member, no machine of the organization, and does not administer the platform, holds nothing (P1). */
function expectOnlyMembers(org: OrgId, { state, rights }: SmallOrg): void {
  for (const [principal, held] of rights)
    if (people.includes(principal) && !state.members.has(principal) && held.size > 0)
      throw new Error(`${principal} is not of ${org}, and holds ${[...held].join(', ')}`);
}

/**
 * One step of whoever is no admin gives themselves nothing, and nobody else more than they hold; so no sequence of such
 * steps does. Theirs for the taking is what was offered: an invitation, or an organization of their own.
 */
function expectNoEscalation(from: SmallOrg, { actor, command, to }: Move): void {
  const role = from.state.members.get(actor)?.role ?? '';
  if (actor === 'pat' || ['org.owner', 'org.admin'].includes(role)) return;
  if (command.name === 'CreateOrg' && from.state.org.status === 'none') return;
  const own = from.rights.get(actor) ?? new Set();
  for (const [principal, after] of to.rights) {
    const before = from.rights.get(principal) ?? new Set();
    const gained = [...after].filter((right) => !before.has(right));
    if (principal === actor && command.name === 'AcceptInvitation') continue;
    const given = principal === actor ? gained : gained.filter((right) => !own.has(right));
    if (given.length > 0)
      throw new Error(`${actor} (${role}) gives ${principal} ${given.join(', ')} by ${JSON.stringify(command)}`);
  }
}
