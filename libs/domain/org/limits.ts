import type { InvitationDocument } from '../access/documents.js';
import { own } from '../access/documents.js';
import type { Refusal } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import type { EnvironmentKind } from '../schemes/scheme.js';
import type { OrgState } from './org.js';

export const isPending = ({ status, expiresAt }: InvitationDocument, at: number): boolean =>
  status === 'pending' && at < Date.parse(expiresAt);

/** Whether the plan has no room for so many more members; who is invited takes a place where the scheme says so (C19). */
export function memberLimitFault(
  state: OrgState,
  scheme: CompiledScheme,
  at: number,
  adding: number,
): Refusal | undefined {
  const usage = () => {
    const counts = scheme.document.invitations?.countPending === true;
    const pending = counts ? [...state.invitations.values()].filter((each) => isPending(each, at)).length : 0;
    return state.members.size + pending;
  };
  return limitFault(state, scheme, 'members', usage, adding);
}

/** Whether the plan has no room for another environment of the kind (C20). */
export function environmentLimitFault(
  state: OrgState,
  scheme: CompiledScheme,
  kind: EnvironmentKind,
): Refusal | undefined {
  const usage = () =>
    [...state.environments.values()].filter((each) => each.status === 'active' && (each.kind ?? 'environment') === kind)
      .length;
  return limitFault(state, scheme, `${kind}s`, usage, 1);
}

/** A plan that was lowered below what there is takes nothing away: it leaves no room for more. */
function limitFault(
  { org }: OrgState,
  { document }: CompiledScheme,
  limited: string,
  usage: () => number,
  adding: number,
): Refusal | undefined {
  const limit = org.plan === undefined ? undefined : own(own(document.plans, org.plan) ?? {}, limited);
  if (limit === undefined || limit === null) return undefined;
  const used = usage();
  return used + adding <= limit ? undefined : { refused: 'limit_exceeded', exceeded: { limited, limit, usage: used } };
}
