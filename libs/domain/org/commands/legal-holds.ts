import { z } from 'zod';
import { own } from '../../access/documents.js';
import { machineOf } from '../../access/machines.js';
import { refuse } from '../../decision.js';
import { principalId, slug, text } from '../../text.js';
import { orgCommand, person } from '../command.js';
import { holdsOver } from '../legal-holds.js';
import { roleFault } from '../role-bounds.js';

/** Every check of access reads them with the organization. */
const MAX_HOLDS = 100;

export const legalHoldCommands = {
  PlaceLegalHold: orgCommand(
    z.strictObject({ holdId: slug.optional(), userId: principalId.optional(), matter: text(200) }),
    ({ org }, { holdId, userId, matter }, { newId, actor }) => {
      if (org.status !== 'active') return refuse('org_not_found');
      if (machineOf(actor) !== undefined) return refuse('not_for_machines');
      const id = holdId ?? newId;
      const holds = org.legalHolds ?? {};
      const present = own(holds, id);
      if (present !== undefined)
        return present.userId === userId && present.matter === matter ? [] : refuse('legal_hold_exists');
      if (Object.keys(holds).length >= MAX_HOLDS) return refuse('legal_holds_full');
      const of = userId === undefined ? {} : { userId };
      return [{ type: 'LegalHoldPlaced', data: { holdId: id, ...of, matter, placedBy: actor } }];
    },
  ),

  /** By somebody other than who placed it. */
  ReleaseLegalHold: orgCommand(z.strictObject({ holdId: slug }), ({ org }, { holdId }, { actor }) => {
    const present = own(org.legalHolds ?? {}, holdId);
    if (present === undefined) return refuse('legal_hold_not_found');
    if (machineOf(actor) !== undefined) return refuse('not_for_machines');
    if (present.placedBy === actor) return refuse('release_by_another');
    return [{ type: 'LegalHoldReleased', data: { holdId } }];
  }),

  /** By an organization, of its own members; only where nobody can belong to another one as well. */
  EraseMember: orgCommand(person, (state, { userId }, { scheme }) => {
    const present = state.members.get(userId);
    if (scheme.document.tenancy.orgsPerUser !== 1) return refuse('erasure_by_platform');
    if (present === undefined) return refuse('member_not_found');
    if (holdsOver(state, userId).length > 0) return refuse('under_legal_hold');
    if (roleFault(state, scheme, { loses: present }) !== undefined) return refuse('last_owner');
    if (present.erasureRequested !== undefined) return [];
    return [{ type: 'MemberErasureRequested', data: { userId } }];
  }),
};
