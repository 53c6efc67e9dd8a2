import type { Permission } from '../schemes/actions.js';
import { type Binding, bindingsOf, type Facts, type Resource } from './bindings.js';

export interface Question {
  readonly principal: string;
  readonly permission: Permission;
  readonly resource: Resource;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type DenialReason =
  | 'unknown_resource'
  | 'not_member'
  | 'not_owner'
  | 'role_lacks_permission'
  | 'not_yet_valid'
  | 'expired';

export type Permit =
  | { readonly allowed: true; readonly reason: 'allowed'; readonly role: string; readonly evidence: readonly string[] }
  | { readonly allowed: false; readonly reason: DenialReason };

/**
 * Decides one question from folded facts: a permission is held if some binding of the principal that reaches the resource
 * gives a role that holds it, at that instant. Nothing denies explicitly, so an answer's evidence is one chain of events.
 * The same function serves commands, checks and history. Order of steps and reasons: the role-scheme model, steps 3 to 11.
 */
export function permit(facts: Facts, question: Question): Permit {
  if (!exists(facts, question.resource)) return { allowed: false, reason: 'unknown_resource' };
  const holders = facts.scheme.holders.get(question.permission);
  let reason: DenialReason = absence(facts, question);
  for (const binding of bindingsOf(facts, question.principal, question.resource)) {
    if (holders === undefined || !holders.has(binding.role)) continue;
    if (question.at < binding.from) reason = 'not_yet_valid';
    else if (question.at >= binding.until) reason = 'expired';
    else return { allowed: true, reason: 'allowed', role: binding.role, evidence: binding.evidence };
  }
  return { allowed: false, reason };
}

/** A binding beside what became of it: the material of an explanation. */
export interface ExaminedBinding {
  readonly role: string;
  readonly source: Binding['source'];
  readonly outcome: 'supports' | 'role_lacks_permission' | 'not_yet_valid' | 'expired';
  readonly evidence: readonly string[];
}

/** Every source of a role that was looked at for the question, and whether it supports an allow; none for what is not there. */
export function examine(facts: Facts, question: Question): readonly ExaminedBinding[] {
  if (!exists(facts, question.resource)) return [];
  const holders = facts.scheme.holders.get(question.permission);
  return bindingsOf(facts, question.principal, question.resource).map(({ role, source, evidence, from, until }) => ({
    role,
    source,
    evidence,
    outcome: !holders?.has(role)
      ? 'role_lacks_permission'
      : question.at < from
        ? 'not_yet_valid'
        : question.at >= until
          ? 'expired'
          : 'supports',
  }));
}

function exists({ org, environment, scheme }: Facts, resource: Resource): boolean {
  if (resource.kind === 'realm') return true;
  if (resource.kind === 'personal_environment') return scheme.document.tenancy.personalEnvironment;
  if (org?.status !== 'active' || org.id !== resource.orgId) return false;
  if (resource.kind === 'org') return true;
  return environment?.status === 'active' && environment.id === resource.environmentId;
}

function absence({ member }: Facts, { principal, resource }: Question): DenialReason {
  if (resource.kind === 'personal_environment' && resource.ownerId !== principal) return 'not_owner';
  if (resource.kind === 'org' || resource.kind === 'environment')
    return member?.id === principal ? 'role_lacks_permission' : 'not_member';
  return 'role_lacks_permission';
}
