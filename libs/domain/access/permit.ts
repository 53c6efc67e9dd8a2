import type { Permission } from '../schemes/actions.js';
import type { Binding, Block } from './binding.js';
import { realmOf } from './documents.js';
import { bindingsOf, type Facts, type Resource, suspensionOf } from './bindings.js';

export interface Question {
  readonly principal: string;
  readonly permission: Permission;
  readonly resource: Resource;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type DenialReason =
  | 'unknown_resource'
  | 'not_active_org'
  | 'not_member'
  | 'not_owner'
  | 'role_lacks_permission'
  | 'lacks_second_permission'
  | 'not_yet_valid'
  | 'expired'
  | Block;

export type Permit =
  | {
      readonly allowed: true;
      readonly reason: 'allowed';
      readonly role: string;
      readonly evidence: readonly string[];
      /** Where only the list of addresses that the scheme keeps for emergencies gives the role. */
      readonly breakGlass?: true;
    }
  | { readonly allowed: false; readonly reason: DenialReason };

type Allowed = Extract<Permit, { allowed: true }>;

/**
 * Decides one question from folded facts: a permission is held if some binding of the principal that reaches the resource
 * gives a role that holds it, at that instant. Nothing denies explicitly, so an answer's evidence is one chain of events;
 * only what is suspended, or outside of the session's organization, holds nothing.
 * The same function serves commands, checks and history. Order of steps and reasons: the role-scheme model, steps 3 to 11.
 */
export function permit(facts: Facts, question: Question): Permit {
  if (!orgExists(facts, question.resource)) return denied('unknown_resource');
  // Whoever is suspended learns that alone, also of an environment that is not there.
  if (!exists(facts, question.resource)) return denied(blockOf(facts, question) ?? 'unknown_resource');
  if (outOfSession(facts, question))
    // Who administers the platform is of no organization.
    return fromOutside(held({ ...facts, member: undefined }, question, question.permission), blockOf(facts, question));
  const first = held(facts, question, question.permission);
  if (!first.allowed) return first;
  const second = secondPermission(facts, question);
  if (second === undefined) return first;
  const other = held(facts, question, second);
  if (!other.allowed)
    return denied(other.reason === 'role_lacks_permission' ? 'lacks_second_permission' : other.reason);
  const evidence = [...new Set([...first.evidence, ...other.evidence])];
  return { ...first, evidence, ...(other.breakGlass === true ? { breakGlass: true } : {}) };
}

const fromOutside = (found: Permit, block: Block | undefined): Permit =>
  found.allowed ? found : denied(block ?? 'not_active_org');

function held(facts: Facts, question: Question, permission: Permission): Permit {
  const holders = facts.scheme.holders.get(permission);
  if (holders === undefined) return denied(absence(facts, question));
  let reason: DenialReason | undefined;
  for (const binding of bindingsOf(facts, question.principal, question.resource, holders)) {
    const obstacle = obstacleOf(binding, question.at);
    if (obstacle === undefined)
      return isBreakGlass(facts, binding) ? { ...allowed(binding), breakGlass: true } : allowed(binding);
    reason = obstacle;
  }
  return denied(reason ?? absence(facts, question));
}

const allowed = ({ role, evidence }: Binding): Allowed => ({ allowed: true, reason: 'allowed', role, evidence });
const isBreakGlass = ({ scheme }: Facts, { source }: Binding): boolean =>
  source === 'email_allowlist' && scheme.document.sources.emailAllowlist?.breakGlass === true;
const denied = (reason: DenialReason): Permit => ({ allowed: false, reason });

/** A binding beside what became of it: the material of an explanation. */
export interface ExaminedBinding {
  readonly role: string;
  readonly source: Binding['source'];
  readonly outcome: 'supports' | 'role_lacks_permission' | 'not_yet_valid' | 'expired' | Block;
  readonly evidence: readonly string[];
}

/**
 * Every source of a role that was looked at for the question, and whether it supports an allow; none for what is not
 * there. Where a second permission is needed, a role that holds either supports its part.
 */
export function examine(facts: Facts, question: Question): readonly ExaminedBinding[] {
  // Of an environment, whoever is suspended does not even learn whether it is there.
  const seen = blockOf(facts, question) === undefined ? facts : { ...facts, environment: undefined };
  if (seen === facts && !exists(facts, question.resource)) return [];
  if (!orgExists(facts, question.resource) || outOfSession(facts, question)) return [];
  const { holders } = facts.scheme;
  const second = secondPermission(seen, question);
  return bindingsOf(seen, question.principal, question.resource).map((binding) => {
    const { role, source, evidence } = binding;
    const holds =
      holders.get(question.permission)?.has(role) === true || (second && holders.get(second)?.has(role)) === true;
    const outcome = holds ? (obstacleOf(binding, question.at) ?? 'supports') : 'role_lacks_permission';
    return { role, source, evidence, outcome };
  });
}

function obstacleOf({ from, until, block }: Binding, at: number): 'not_yet_valid' | 'expired' | Block | undefined {
  if (block !== undefined) return block;
  if (at < from) return 'not_yet_valid';
  return at >= until ? 'expired' : undefined;
}

/** What is of another realm is not there (tenant guard). */
function orgExists({ realm, org }: Facts, resource: Resource): boolean {
  if (!('orgId' in resource)) return true;
  if (org?.status !== 'active' || org.id !== resource.orgId) return false;
  return realm === undefined || realm.id === realmOf(org);
}

function exists(facts: Facts, resource: Resource): boolean {
  const { environment, scheme } = facts;
  if (resource.kind === 'personal_environment') return scheme.document.tenancy.personalEnvironment;
  if (resource.kind !== 'environment') return orgExists(facts, resource);
  if (!orgExists(facts, resource)) return false;
  if (environment?.status !== 'active' || environment.id !== resource.environmentId) return false;
  return resource.type === undefined || resource.type === (environment.kind ?? 'environment');
}

/** Choosing an organization is what leads into it: it takes none. */
function outOfSession({ scheme, session, member }: Facts, { principal, resource, permission }: Question): boolean {
  if (session?.principal !== principal || member?.id !== principal) return false;
  if (!scheme.document.tenancy.activeOrg) return false;
  return permission !== 'org:select' && 'orgId' in resource && resource.orgId !== session.activeOrg;
}

/** What the permission takes beside itself, where it is asked of an object in an environment. */
function secondPermission({ scheme, environment }: Facts, { resource, permission }: Question): Permission | undefined {
  if (resource.kind !== 'environment' || scheme.document.conjunctions.length === 0) return undefined;
  return scheme.children.get(environment?.kind ?? 'environment')?.conjunctions.get(permission);
}

const blockOf = (facts: Facts, { principal, resource }: Question): Block | undefined =>
  suspensionOf(facts, principal, resource);

function absence(facts: Facts, question: Question): DenialReason {
  const { principal, resource } = question;
  if (resource.kind === 'personal_environment' || resource.kind === 'account')
    return resource.ownerId === principal ? 'role_lacks_permission' : 'not_owner';
  if (resource.kind === 'org' || resource.kind === 'environment')
    return blockOf(facts, question) ?? (facts.member?.id === principal ? 'role_lacks_permission' : 'not_member');
  return 'role_lacks_permission';
}
