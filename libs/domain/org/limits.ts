import type { InvitationDocument } from '../access/documents.js';
import { own } from '../access/documents.js';
import type { Refusal } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import type { EnvironmentKind } from '../schemes/scheme.js';
import type { OrgState } from './org.js';

export const isPending = ({ status, expiresAt }: InvitationDocument, at: number): boolean =>
  status === 'pending' && at < Date.parse(expiresAt);

/** What a plan can limit, how many it allows – `null`: any number – and how many there are. */
export interface UsedLimit {
  readonly limited: string;
  readonly limit: number | null;
  readonly usage: number;
}

/** Whether the plan has no room for so many more members; who is invited takes a place where the scheme says so (C19). */
export const memberLimitFault = (
  state: OrgState,
  scheme: CompiledScheme,
  at: number,
  adding: number,
): Refusal | undefined => fault(ofMembers(state, scheme, at), adding);

/** Whether the plan has no room for another environment of the kind (C20). */
export const environmentLimitFault = (
  state: OrgState,
  scheme: CompiledScheme,
  kind: EnvironmentKind,
): Refusal | undefined => fault(ofEnvironments(state, scheme, kind), 1);

/** Everything that the organization's own stream counts: members, and environments of each kind. */
export const limitsOf = (state: OrgState, scheme: CompiledScheme, at: number): readonly UsedLimit[] =>
  [ofMembers(state, scheme, at), ...scheme.document.children.map((kind) => ofEnvironments(state, scheme, kind))].map(
    ({ limited, limit, usage }) => ({ limited, limit, usage: usage() }),
  );

interface Limited {
  readonly limited: string;
  readonly limit: number | null;
  /** Counted only where it matters. */
  readonly usage: () => number;
}

const ofMembers = (state: OrgState, scheme: CompiledScheme, at: number): Limited => ({
  ...limit(state, scheme, 'members'),
  usage: () => {
    const counts = scheme.document.invitations?.countPending === true;
    const pending = counts ? [...state.invitations.values()].filter((each) => isPending(each, at)).length : 0;
    return state.members.size + pending;
  },
});

const ofEnvironments = (state: OrgState, scheme: CompiledScheme, kind: EnvironmentKind): Limited => ({
  ...limit(state, scheme, `${kind}s`),
  usage: () =>
    [...state.environments.values()].filter((each) => each.status === 'active' && (each.kind ?? 'environment') === kind)
      .length,
});

function limit({ org }: OrgState, { document }: CompiledScheme, limited: string) {
  const plan = org.plan === undefined ? undefined : own(document.plans, org.plan);
  return { limited, limit: own(plan ?? {}, limited) ?? null };
}

/** A plan that was lowered below what there is takes nothing away: it leaves no room for more. */
function fault({ limited, limit, usage }: Limited, adding: number): Refusal | undefined {
  if (limit === null) return undefined;
  const used = usage();
  return used + adding <= limit ? undefined : { refused: 'limit_exceeded', exceeded: { limited, limit, usage: used } };
}
