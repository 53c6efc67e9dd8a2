import { type Facts, type Resource, suspensionOf } from '#libs/domain/access/bindings.js';
import { permit, type Question } from '#libs/domain/access/permit.js';
import { actionOf } from '#libs/domain/schemes/actions.js';
import { mayKnow } from './authorize.js';

/**
 * The environment that the question is of, where it is there and its principal may not see it (T39): whoever asks about
 * themselves is answered as if it were not there. Whoever may do something to it knows of it; what they may do in the whole
 * organization tells nothing of it.
 */
export function unseenBy(facts: Facts, question: Question): string | undefined {
  const { resource, permission } = question;
  if (resource.kind !== 'environment' || facts.environment === undefined) return undefined;
  if (permit(facts, { ...question, permission: 'environment:see' }).allowed) return undefined;
  if (actionOf(permission).scope === 'environment' && permit(facts, question).allowed) return undefined;
  return resource.environmentId;
}

/** The facts as they look to the one whom the question is about. */
export const asSeen = (facts: Facts, question: Question): Facts =>
  unseenBy(facts, question) === undefined ? facts : { ...facts, environment: undefined };

/** A thing that the asker may not see is answered like one that does not exist. */
export function maySee(facts: Facts, principal: string, resource: Resource, at: number): boolean {
  if (resource.kind === 'realm') return true;
  if (resource.kind === 'personal_environment' || resource.kind === 'account') return resource.ownerId === principal;
  if (!mayKnow(facts, principal, resource.orgId, at)) return false;
  // Whoever is suspended is told this alone, whether the environment is there or not.
  if (suspensionOf(facts, principal, resource) !== undefined) return true;
  return resource.kind === 'org' || permit(facts, { principal, permission: 'environment:see', resource, at }).allowed;
}
