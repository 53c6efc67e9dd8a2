import type { TypedEvent } from '../support/decider.js';

/** What an event that gives access says about: a later one about the same takes its place. Written from the rules. */
function saysAbout({ type, data }: TypedEvent): readonly string[] {
  const field = (name: string) => String((data as Record<string, unknown>)[name]);
  const [user, role] = [field('userId'), field('role')];
  switch (type) {
    case 'OrgCreated':
      return [`member ${(data as { owner: { userId: string } }).owner.userId}`];
    case 'MemberAdded':
    case 'MemberRoleChanged':
      return [`member ${user}`];
    case 'OrgOwnershipTransferred':
      return [`member ${field('from')}`, `member ${field('to')}`];
    case 'InvitationAccepted': {
      const { environments } = data as { environments: readonly { environmentId: string }[] };
      return [`member ${user}`, ...environments.map(({ environmentId }) => `grant ${environmentId} user ${user}`)];
    }
    case 'EnvironmentAccessGranted': {
      const { grantee } = data as { grantee: { type: string; id: string } };
      return [`grant ${field('environmentId')} ${grantee.type} ${grantee.id}`];
    }
    case 'GroupMemberAdded':
      return [`group ${field('groupId')} ${user}`];
    case 'RoleAssigned':
    case 'PlatformRoleAssigned':
      return [`assigned ${user} ${role}`];
    case 'RoleAssignmentConfirmed':
    case 'PlatformRoleConfirmed':
      return [`confirmed ${user} ${role}`];
    case 'OrgApiKeyCreated':
      return [`service ${field('keyId')}`];
    case 'ServiceAccountCreated':
    case 'ServiceAccountRoleChanged':
      return [`service ${field('accountId')}`];
    case 'WorkflowRegistered':
    case 'WorkflowMoved':
    case 'PersonalWorkflowRegistered':
    case 'WorkflowPromoted':
    case 'WorkflowMadePersonal':
      return [`workflow ${field('workflowId')}`];
    case 'PlatformAdminSourcesSet':
      return ['sources'];
    case 'ClaimsObserved':
      return [`claims ${user}`];
    case 'TeamMemberSet':
      return [`team ${field('team')} ${user}`];
    default:
      return [];
  }
}

/** The numbers of the events that are the only ones of their stream to say what they say: without them, it is not so. */
export function unreplaceable(
  log: readonly { readonly number: number; readonly stream: string; readonly event: TypedEvent }[],
): ReadonlySet<number> {
  const said = new Map<string, number>();
  const about = log.map(({ number, stream, event }) => ({
    number,
    keys: saysAbout(event).map((each) => `${stream} ${each}`),
  }));
  for (const { keys } of about) for (const key of keys) said.set(key, (said.get(key) ?? 0) + 1);
  const alone = about.filter(({ keys }) => keys.length > 0 && keys.every((key) => said.get(key) === 1));
  return new Set(alone.map(({ number }) => number));
}
