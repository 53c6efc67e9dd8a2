import fc from '../support/fast-check.js';
import type { OrgCommandName } from '#libs/domain/org/decisions.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Command } from '../support/decider.js';
import { inputsUnder } from './org-commands.js';

export const people = ['ann', 'bob', 'cyd'];
export const environments = ['dev', 'prod'];

/** Every input that can bear on access in a small world; of commands that cannot, one that random histories send too. */
export function commandsOf(scheme: CompiledScheme, orgId: string): readonly Command[] {
  const keys = [...scheme.roles.values()];
  const roles = keys.filter(({ scope, confirmed }) => scope === 'org' && !confirmed).map(({ key }) => key);
  const { children } = scheme.document;
  const childRoles = keys.filter(({ scope }) => children.some((kind) => kind === scope)).map(({ key }) => key);
  const each = <A, B>(list: readonly A[], make: (item: A) => B) => list.map(make);
  const userIds = each(people, (userId) => ({ userId }));
  const members = userIds.flatMap((user) => roles.map((role) => ({ ...user, role })));
  const confirmed = userIds.flatMap((user) =>
    ['org.auditor', 'org.privacy-officer'].map((role) => ({ ...user, role })),
  );
  const inGroup = each(userIds, (user) => ({ groupId: 'team', ...user }));
  const inEnvironment = each(environments, (environmentId) => ({ environmentId }));
  const grantees = [...each(people, (id) => ({ type: 'user', id })), { type: 'group', id: 'team' }];
  const access = inEnvironment.flatMap((on) => each(grantees, (grantee) => ({ ...on, grantee })));
  const named = [undefined, ...childRoles];
  const machineRoles = each(roles, (role) => ({ accountId: 'm', name: 'm', role }));
  const workflow = each([{}, ...inEnvironment], (on) => ({ workflowId: 'w', ...on }));
  const inputs: { readonly [Name in OrgCommandName]?: readonly object[] } = {
    CreateOrg: each(people, (ownerId) => ({ orgId, name: orgId, ownerId })),
    AddMember: members,
    RemoveMember: userIds,
    ChangeMemberRole: members,
    SuspendMember: userIds,
    ResumeMember: userIds,
    AssignRole: each(confirmed, (of) => ({ ...of, notAfter: '2027-01-01T00:00:00.000Z' })),
    ConfirmRole: confirmed,
    RevokeRole: confirmed,
    TransferOrgOwnership: each(people, (toUserId) => ({ toUserId })),
    CreateGroup: [{ groupId: 'team', name: 'team' }],
    DeleteGroup: [{ groupId: 'team' }],
    AddGroupMember: inGroup,
    RemoveGroupMember: inGroup,
    CreateEnvironment: environments.flatMap((environmentId) =>
      each(children, (kind) => ({ environmentId, name: environmentId, kind })),
    ),
    DeleteEnvironment: inEnvironment,
    GrantEnvironmentAccess: access.flatMap((to) => each(named, (role) => ({ ...to, role }))),
    RevokeEnvironmentAccess: access,
    InviteMembers: people.flatMap((id) => each(roles, (role) => ({ emails: [`${id}@acme.test`], role }))),
    AcceptInvitation: [{ invitationId: 'dev' }],
    DeclineInvitation: [{ invitationId: 'dev' }],
    CancelInvitation: [{ invitationId: 'dev' }],
    CreateServiceAccount: machineRoles,
    UpdateServiceAccount: machineRoles,
    DeleteServiceAccount: [{ accountId: 'm' }],
    CreateOrgApiKey: machineRoles.map(({ accountId: keyId, ...of }) => ({ keyId, ...of })),
    RevokeOrgApiKey: [{ keyId: 'm' }],
    RegisterWorkflow: each(workflow, (of) => ({ ...of, name: 'w' })),
    MoveWorkflow: workflow,
    RemoveWorkflow: [{ workflowId: 'w' }],
  };
  return Object.entries(inputsUnder(scheme, orgId)).flatMap(([name, input]) => {
    const given = inputs[name as OrgCommandName] ?? fc.sample(input, { numRuns: 1, seed: 1 });
    // The names are the keys of the inputs.
    return given.map((one) => ({ name: name as OrgCommandName, input: one, newId: 'dev' }));
  });
}
