import type { MemberDocument } from '../access/documents.js';
import { type Refusal, refuse } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import type { OrgState } from './org.js';

/**
 * Whether the scheme's bounds on the holders of a role forbid that it is gained, or that `loses` no longer acts by theirs
 * (K3, T14). Who is suspended takes up a place, but is none of those who must be there.
 */
export function roleFault(
  { org }: OrgState,
  { roles }: CompiledScheme,
  { gains, loses }: { gains?: string; loses?: MemberDocument },
): Refusal | undefined {
  if (gains !== undefined) {
    const role = roles.get(gains);
    if (role?.scope !== 'org') return refuse('role_unknown');
    if (role.confirmed) return refuse('role_needs_confirmation');
    const max = role.holders?.max ?? null;
    if (max !== null && (org.holders[role.key] ?? 0) >= max) return refuse('role_holders_full');
  }
  if (loses !== undefined && loses.suspension === undefined) {
    const min = roles.get(loses.role)?.holders?.min ?? 0;
    const acting = (org.holders[loses.role] ?? 0) - (org.suspendedHolders?.[loses.role] ?? 0);
    if (acting <= min) return refuse('role_holders_short');
  }
  return undefined;
}
