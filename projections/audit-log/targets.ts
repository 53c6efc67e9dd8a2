import { eventSchemas } from '#libs/domain/aggregates.js';
import type { OrgEvent } from '#libs/domain/org/events.js';

type TargetsByType = {
  readonly [Type in OrgEvent['type']]: (data: Extract<OrgEvent, { type: Type }>['data']) => readonly string[];
};

const byType: TargetsByType = {
  OrgCreated: ({ owner }) => [owner.userId],
  MemberAdded: ({ userId }) => [userId],
  MemberRoleChanged: ({ userId }) => [userId],
  MemberRemoved: ({ userId }) => [userId],
  OrgOwnershipTransferred: ({ from, to }) => [from, to],
  EnvironmentCreated: ({ environmentId }) => [environmentId],
  EnvironmentDeleted: ({ environmentId }) => [environmentId],
  EnvironmentAccessGranted: ({ environmentId, grantee }) => [environmentId, grantee.id],
  EnvironmentAccessRevoked: ({ environmentId, grantee }) => [environmentId, grantee.id],
  ModelAdded: ({ environmentId, modelId }) => [environmentId, modelId],
  ModelRemoved: ({ environmentId, modelId }) => [environmentId, modelId],
  CommandHadNoEffect: () => [],
  MembershipClaimVoided: () => [],
};

/** Ids of the people, groups, environments and models that the event is about, each once. */
export function targetsOf(type: string, data: unknown): string[] {
  if (!Object.hasOwn(eventSchemas.org, type)) throw new Error(`no targets are declared for ${type}`);
  // Data was parsed by its type's schema when it was appended.
  const targets = byType[type as OrgEvent['type']] as (data: unknown) => readonly string[];
  return [...new Set(targets(data))];
}
