import { z } from 'zod';
import { DEFAULT_REALM } from '../../access/documents.js';
import { refuse } from '../../decision.js';
import { principalId, slug, text } from '../../text.js';
import { nothing, orgCommand } from '../command.js';

/** `personal/<user>` names a person's own environment where others are named `<organization>/<environment>`. */
const newOrgId = slug.refine((id) => id !== 'personal', 'is reserved');

export const organizationCommands = {
  CreateOrg: orgCommand(
    z.strictObject({ orgId: newOrgId.optional(), name: text(200), ownerId: principalId }),
    ({ org }, { orgId, name, ownerId }, { scheme, newId, actor, realm }) => {
      if (org.status !== 'none') return refuse('org_exists');
      const { id, version, orgCreation } = scheme.document;
      // Where the platform does not create organizations for others, people create their own (K1).
      if (orgCreation.by !== 'platform' && ownerId !== actor) return refuse('owner_not_creator');
      const ofRealm = realm === DEFAULT_REALM ? {} : { realm };
      const owner = { userId: ownerId, role: orgCreation.ownerRole };
      const data = { orgId: orgId ?? newId, name, ...ofRealm, scheme: { id, version }, owner };
      return [{ type: 'OrgCreated', data }];
    },
  ),

  UpdateOrg: orgCommand(z.strictObject({ name: text(200) }), ({ org }, { name }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    return org.name === name ? [] : [{ type: 'OrgRenamed', data: { name } }];
  }),

  SuspendOrg: orgCommand(nothing, ({ org }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    return org.suspension === undefined ? [{ type: 'OrgSuspended', data: {} }] : [];
  }),

  ResumeOrg: orgCommand(nothing, ({ org }) => {
    if (org.status !== 'active') return refuse('org_not_found');
    return org.suspension === undefined ? [] : [{ type: 'OrgResumed', data: {} }];
  }),

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
