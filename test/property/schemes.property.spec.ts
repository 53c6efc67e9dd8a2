import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { isRefusal } from '#libs/domain/decision.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import { type ActionScope, actionOf, actions, isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type Command, decide, faultsOf, fold } from '../support/decider.js';

const people = ['ann', 'bob', 'cyd'];
const environments = ['dev', 'prod'];
const at = Date.parse('2026-06-01T00:00:00.000Z');
const permissions = Object.keys(actions).filter(isPermission);

/** Commands that make sense under the scheme, sent by any of the people. */
function commandsOf({ document, roles }: CompiledScheme): fc.Arbitrary<Command[]> {
  const userId = fc.constantFrom(...people);
  const keys = [...roles.values()];
  const role = fc.constantFrom(...keys.filter(({ scope }) => scope === 'org').map(({ key }) => key));
  const childRoles = keys.filter(({ scope }) => document.children.some((kind) => kind === scope)).map(({ key }) => key);
  const childRole = fc.constantFrom(undefined, ...childRoles);
  const environmentId = fc.constantFrom(...environments);
  const kind = fc.constantFrom(...document.children);
  const grantee = fc.oneof(
    fc.record({ type: fc.constant('user' as const), id: userId }),
    fc.record({ type: fc.constant('group' as const), id: fc.constant('team') }),
  );
  const inTeam = fc.record({ groupId: fc.constant('team'), userId });
  const inputs = {
    AddMember: fc.record({ userId, role }),
    RemoveMember: fc.record({ userId }),
    ChangeMemberRole: fc.record({ userId, role }),
    TransferOrgOwnership: fc.record({ toUserId: userId }),
    SuspendMember: fc.record({ userId }),
    ResumeMember: fc.record({ userId }),
    LeaveOrg: fc.record({}),
    SuspendOrg: fc.record({}),
    ResumeOrg: fc.record({}),
    CreateGroup: fc.constant({ groupId: 'team', name: 'Team' }),
    AddGroupMember: inTeam,
    RemoveGroupMember: inTeam,
    CreateEnvironment: fc.record({ environmentId, name: environmentId, kind }),
    GrantEnvironmentAccess: fc.record({ environmentId, grantee, role: childRole }),
    RevokeEnvironmentAccess: fc.record({ environmentId, grantee }),
    InviteMembers: fc.record({
      emails: fc.array(fc.constantFrom(...people.map((id) => `${id}@acme.test`)), { minLength: 1, maxLength: 2 }),
      role,
      environments: fc.array(fc.record({ environmentId, role: childRole }), { maxLength: 1 }),
    }),
    AcceptInvitation: fc.record({ invitationId: environmentId }),
  } as const;
  const command = fc.oneof(
    ...Object.entries(inputs).map(([name, input]) =>
      fc.record({
        name: fc.constant(name),
        input: input as fc.Arbitrary<unknown>,
        newId: environmentId,
        actor: userId,
      }),
    ),
  );
  const created = {
    name: 'CreateOrg',
    input: { orgId: 'acme', name: 'Acme', ownerId: 'ann' },
    newId: 'x',
    actor: 'ann',
  };
  // The names are the keys of the inputs.
  return fc.array(command, { maxLength: 30, size: 'max' }).map((rest) => [created, ...rest] as Command[]);
}

/** Each state that the commands lead to. */
function* statesOf(commands: readonly Command[], scheme: CompiledScheme): Generator<OrgState> {
  let state = noOrg;
  let count = 0;
  for (const command of commands) {
    const decision = decide(state, command, scheme);
    if (isRefusal(decision) || decision.length === 0) continue;
    state = fold('org', decision, state, count);
    count += decision.length;
    const again = decide(state, command, scheme);
    expect(isRefusal(again) ? [] : again).toEqual([]);
    yield state;
  }
}

const resourcesOf = (state: OrgState): Resource[] => [
  { kind: 'org', orgId: 'acme' },
  ...[...state.environments.values()].map(
    ({ id }): Resource => ({ kind: 'environment', orgId: 'acme', environmentId: id }),
  ),
];

function held(
  state: OrgState,
  scheme: CompiledScheme,
  principal: string,
): { permission: Permission; resource: Resource }[] {
  return resourcesOf(state).flatMap((resource) => {
    const environment = resource.kind === 'environment' ? state.environments.get(resource.environmentId) : undefined;
    const member = state.members.get(principal);
    const facts: Facts = { scheme, realm: undefined, user: undefined, org: state.org, member, environment };
    return permissions
      .filter((permission) => permit(facts, { principal, permission, resource, at }).allowed)
      .map((permission) => ({ permission, resource }));
  });
}

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))(
  'any history under %s',
  (_, scheme) => {
    const asked = commandsOf(scheme);

    it('keeps every role within its bounds at every step (P2), and asking twice adds nothing', () => {
      fc.assert(
        fc.property(asked, (commands) => {
          for (const state of statesOf(commands, scheme)) expect(faultsOf(state, scheme)).toEqual([]);
        }),
        { numRuns: 200 },
      );
    });

    it('leaves nothing to who is no member or suspended (P1, P3), and nothing of the platform or oneself to who is (P6)', () => {
      const within: readonly ActionScope[] = ['org', 'environment'];
      fc.assert(
        fc.property(asked, (commands) => {
          let last: OrgState | undefined;
          for (const state of statesOf(commands, scheme)) last = state;
          if (last === undefined) return;
          for (const person of [...people, 'stranger']) {
            const found = held(last, scheme, person);
            const member = last.members.get(person);
            if (member === undefined || member.suspension || last.org.suspension) expect(found).toEqual([]);
            for (const { permission } of found) expect(within).toContain(actionOf(permission).scope);
          }
        }),
        { numRuns: 100 },
      );
    });
  },
);
