import { z } from 'zod';
import { DEFAULT_REALM, own } from '../../access/documents.js';
import { type Decision, refuse } from '../../decision.js';
import { schemeVersion } from '../../realm/schemes.js';
import type { CompiledScheme } from '../../schemes/compiled.js';
import type { EnvironmentKind } from '../../schemes/scheme.js';
import { principalId, slug, text } from '../../text.js';
import { changeScheme } from '../change-scheme.js';
import { type DecisionContext, nothing, orgCommand } from '../command.js';
import type { OrgEvent } from '../events.js';
import { nameFault } from '../names.js';
import type { OrgState } from '../org.js';
import { environmentCreated } from './environments.js';

/**
 * `personal/<user>` names a person's own environment where others are named `<organization>/<environment>`. Ids after
 * `personal-` are those of organizations that people are given at sign-up: nobody takes somebody else's before.
 */
const newOrgId = slug.refine((id) => id !== 'personal' && !id.startsWith('personal-'), 'is reserved');

const defaultNames: Readonly<Record<EnvironmentKind, string>> = {
  environment: 'Default Environment',
  workspace: 'Default Workspace',
  project: 'Default Project',
};

const newSettings = z
  .strictObject({
    name: text(200).optional(),
    /** Empty or null: there is to be none. */
    description: text(500, 0)
      .nullable()
      .transform((value) => (value === '' ? null : value))
      .optional(),
  })
  .refine(({ name, description }) => name !== undefined || description !== undefined, {
    path: ['name'],
    error: 'there must be a name, a description or both',
  });

const ofPlan = z.strictObject({ plan: slug });

/** A scheme without plans of its own takes any name: it then limits nothing. */
function setPlan(
  { org }: OrgState,
  { plan }: z.output<typeof ofPlan>,
  { scheme }: DecisionContext,
): Decision<OrgEvent> {
  if (org.status !== 'active') return refuse('org_not_found');
  const { plans } = scheme.document;
  if (Object.keys(plans).length > 0 && own(plans, plan) === undefined) return refuse('plan_unknown');
  if (org.plan === plan && org.cancellation === undefined) return [];
  return [{ type: 'OrgPlanSet', data: { plan, ...(org.plan === undefined ? {} : { from: org.plan }) } }];
}

/** What an organization begins with where the scheme says so (C2): one of what it is divided into at first. */
function firstEnvironment({ document }: CompiledScheme): readonly OrgEvent[] {
  const [kind] = document.children;
  if (!document.orgCreation.defaultWorkspace || kind === undefined) return [];
  return [environmentCreated('default', defaultNames[kind], kind)];
}

export const organizationCommands = {
  CreateOrg: orgCommand(
    z.strictObject({ orgId: newOrgId.optional(), name: text(200), ownerId: principalId }),
    ({ org }, { orgId, name, ownerId }, { scheme, newId, actor, realm }) => {
      if (org.status !== 'none') return refuse('org_exists');
      const { id, version, orgCreation } = scheme.document;
      // Where the platform does not create organizations for others, people create their own (K1).
      if (orgCreation.by !== 'platform' && ownerId !== actor) return refuse('owner_not_creator');
      const reserved = nameFault(scheme, name);
      if (reserved !== undefined) return reserved;
      const ofRealm = realm === DEFAULT_REALM ? {} : { realm };
      const owner = { userId: ownerId, role: orgCreation.ownerRole };
      const data = { orgId: orgId ?? newId, name, ...ofRealm, scheme: { id, version }, owner };
      return [{ type: 'OrgCreated', data }, ...firstEnvironment(scheme)];
    },
  ),

  /** An organization's settings are its name and its description (C7, C8). */
  UpdateOrg: orgCommand(newSettings, ({ org }, { name, description }, { scheme }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    const events: OrgEvent[] = [];
    if (name !== undefined && name !== org.name) {
      const reserved = nameFault(scheme, name);
      if (reserved !== undefined) return reserved;
      events.push({ type: 'OrgRenamed', data: { name } });
    }
    if (description !== undefined && description !== (org.description ?? null))
      events.push({ type: 'OrgDescribed', data: { description } });
    return events;
  }),

  SuspendOrg: orgCommand(nothing, ({ org }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    return org.suspension === undefined ? [{ type: 'OrgSuspended', data: {} }] : [];
  }),

  ResumeOrg: orgCommand(nothing, ({ org }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    return org.suspension === undefined ? [] : [{ type: 'OrgResumed', data: {} }];
  }),

  SetOrgPlan: orgCommand(ofPlan, setPlan),
  /** The same, by the organization itself. */
  ChangeSubscription: orgCommand(ofPlan, setPlan),

  ChangeOrgScheme: orgCommand(schemeVersion, changeScheme),

  DeleteOrg: orgCommand(nothing, ({ org }) => {
    if (org.status === 'none') return refuse('org_not_found');
    return org.status === 'deleted' ? [] : [{ type: 'OrgDeleted', data: {} }];
  }),

  RequestOwnershipTransfer: orgCommand(
    z.strictObject({ toUserId: principalId }),
    ({ org, members }, { toUserId }, { scheme, actor }) => {
      const { transfer } = scheme.document;
      const target = members.get(toUserId);
      if (target === undefined) return refuse('member_not_found');
      if (transfer?.target.includes(target.role) !== true) return refuse('transfer_target_role');
      if (org.transferRequest?.to === toUserId && org.transferRequest.requestedBy === actor) return [];
      return [{ type: 'OrgOwnershipTransferRequested', data: { to: toUserId, requestedBy: actor } }];
    },
  ),

  TransferOrgOwnership: orgCommand(
    z.strictObject({ toUserId: principalId }),
    ({ org, members }, { toUserId }, { scheme, actor }) => {
      const { transfer } = scheme.document;
      if (transfer === null) return refuse('transfer_target_role');
      const target = members.get(toUserId);
      if (target === undefined) return refuse('member_not_found');
      if (target.role === transfer.role) return [];
      if (!transfer.target.includes(target.role)) return refuse('transfer_target_role');
      // Where there are several owners, it is the one who asks that steps down.
      const from = members.get(actor)?.role === transfer.role ? actor : org.ownerId;
      const source = members.get(from);
      if (source?.role !== transfer.role) return refuse('transfer_source_role');
      if (target.suspension !== undefined || source.suspension !== undefined) return refuse('member_suspended');
      const data = { from, to: toUserId, role: transfer.role, given: target.role, left: transfer.former };
      return [{ type: 'OrgOwnershipTransferred', data }];
    },
  ),
};
