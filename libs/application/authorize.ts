import type { Facts } from '#libs/domain/access/bindings.js';
import { bindingsOf } from '#libs/domain/access/bindings.js';
import { own, realmOf } from '#libs/domain/access/documents.js';
import { realmOfMachine } from '#libs/domain/access/machines.js';
import { type Permit, permit } from '#libs/domain/access/permit.js';
import { liveKey } from '#libs/domain/keys.js';
import { holderIn, type OrgState } from '#libs/domain/org/org.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { allowsPersonalKeys, livePersonalKey } from '#libs/domain/user/api-keys.js';
import { type Caller, sessionOf } from './caller.js';
import type { Need } from './command-table.js';
import type { Folded } from './fold.js';

/** The realm's and the person's folds, where a decision needed them. */
export interface PlatformFacts {
  readonly realm: Folded<'realm'>;
  readonly user: Folded<'user'>;
}

export interface Authorization {
  readonly role: string;
  readonly evidence: readonly string[];
  /** Whether some of it rests on the list of addresses that the scheme keeps for emergencies alone. */
  readonly breakGlass?: true | undefined;
}

/** Puts together what a decision about the caller rests on at an instant (milliseconds), from folded streams. */
export function factsFrom(
  scheme: CompiledScheme,
  org: OrgState | undefined,
  caller: Caller,
  need: Need,
  platform: PlatformFacts | undefined,
  at: number,
): Facts {
  const over = isOver(org, caller, at, scheme, platform);
  return {
    scheme,
    realm: over ? undefined : platform?.realm.state.realm,
    user: over ? undefined : platform?.user.state.user,
    org: org?.org,
    member: over ? undefined : org && holderIn(org, caller.id),
    environment: need.resource.kind === 'environment' ? org?.environments.get(need.resource.environmentId) : undefined,
    session: sessionOf(caller),
  };
}

/**
 * Whether the key by which the caller is known was revoked or has ended since: then it holds nothing any more. Whether a key to
 * all of a person's organizations is for this one stands in the person's stream: without that, it is for none.
 */
function isOver(
  org: OrgState | undefined,
  { id, realm, machine, apiKey }: Caller,
  at: number,
  scheme: CompiledScheme,
  platform: PlatformFacts | undefined,
): boolean {
  if (machine !== undefined && realmOfMachine(machine) !== undefined) {
    const account = own(platform?.realm.state.realm?.services ?? {}, machine.accountId);
    return liveKey(account?.keys ?? {}, machine.keyId, at) === undefined;
  }
  if (org === undefined) return false;
  if (machine !== undefined)
    return liveKey(org.services.get(machine.accountId)?.keys ?? {}, machine.keyId, at) === undefined;
  if (apiKey === undefined) return false;
  const member = org.members.get(id);
  if (apiKey.orgId !== undefined) return liveKey(member?.apiKeys ?? {}, apiKey.keyId, at) === undefined;
  if (member === undefined || !allowsPersonalKeys(scheme)) return true;
  return livePersonalKey(platform?.user.state.user, realm, apiKey.keyId, at) === undefined;
}

/** Asks for every need at one instant: the first denial, or the role and evidence that allowed. */
export function authorize(
  needs: readonly Need[],
  factsFor: (need: Need) => Facts,
  principal: string,
  at: number,
): Authorization | { readonly denied: Extract<Permit, { allowed: false }>; readonly need: Need } {
  let allowed: Authorization = { role: '', evidence: [] };
  for (const need of needs) {
    const answer = permit(factsFor(need), { principal, permission: need.permission, resource: need.resource, at });
    if (!answer.allowed) return { denied: answer, need };
    allowed = {
      role: answer.role,
      evidence: [...new Set([...allowed.evidence, ...answer.evidence])],
      breakGlass: allowed.breakGlass ?? answer.breakGlass,
    };
  }
  return allowed;
}

/** Whether the principal may know that the organization exists: some role of theirs reaches it now. */
export function mayKnow(facts: Facts, principal: string, orgId: string, at: number): boolean {
  if (facts.org?.status !== 'active') return false;
  if (facts.realm !== undefined && facts.realm.id !== realmOf(facts.org)) return false;
  return bindingsOf(facts, principal, { kind: 'org', orgId }).some(({ from, until }) => at >= from && at < until);
}
