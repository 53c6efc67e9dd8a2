import { z } from 'zod';
import type { Evaluation } from '#libs/application/checks.js';
import type { UpTo } from '#libs/application/up-to.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import { machineOf } from '#libs/domain/access/machines.js';
import { isEnvironmentKind } from '#libs/domain/schemes/scheme.js';
import { instant, isPrincipalId, isSlug } from '#libs/domain/text.js';

export const entity = z.object({ type: z.string(), id: z.string() });
export const action = z.object({ name: z.string() });

/** Revisions are unsigned 64-bit numbers; text, because JSON numbers are not. */
const revision = z.object({ revision: z.string().regex(/^\d{1,18}$/, 'must be a revision as decimal text') });

/** `at`: the past instant, or revision of the organization, that is asked about. */
export const context = z.object({ at: z.union([instant, revision]).optional() });

/**
 * AuthZEN 1.0: what is not known here is ignored. That goes for `properties` too, on purpose: a request says nothing
 * about its own rights.
 */
export const evaluationRequest = z.object({
  subject: entity,
  action,
  resource: entity,
  context: context.optional(),
});

type EvaluationRequest = z.output<typeof evaluationRequest>;

export function evaluationFrom(
  { subject, action: { name }, resource, context: about }: EvaluationRequest,
  explain: boolean,
): Evaluation {
  return {
    principal: principalFrom(subject),
    action: name,
    resource: resourceFrom(resource.type, resource.id),
    at: pastFrom(about),
    explain,
  };
}

/** An id of no possible principal is that of an unknown subject; it must not reach stream names or queries. */
export function principalFrom({ type, id }: z.output<typeof entity>): Evaluation['principal'] {
  const principal = type === 'service' || type === 'workflow' ? `${type}:${id}` : id;
  const possible = principal === id ? isPrincipalId(id) : machineOf(principal) !== undefined;
  return possible ? { type, id: principal } : { type: 'unknown', id: '' };
}

export function pastFrom(about: z.output<typeof context> | undefined): UpTo | undefined {
  const at = about?.at;
  if (at === undefined) return undefined;
  return typeof at === 'string' ? { instant: Date.parse(at) } : { revision: BigInt(at.revision) };
}

/** Undefined for what cannot exist. */
export function resourceFrom(type: string, id: string): Resource | undefined {
  if (type === 'realm') return { kind: 'realm' };
  if (type === 'org') return isSlug(id) ? { kind: 'org', orgId: id } : undefined;
  if (type === 'account') return isPrincipalId(id) ? { kind: 'account', ownerId: id } : undefined;
  // An environment may be asked for by its kind; then one of another kind is not it.
  if (!isEnvironmentKind(type)) return undefined;
  const slash = id.indexOf('/');
  const [owner, rest] = [id.slice(0, slash), id.slice(slash + 1)];
  if (slash < 0) return undefined;
  // No organization can be meant by this name: environments of people stand under it.
  if (owner === 'personal') return isPrincipalId(rest) ? { kind: 'personal_environment', ownerId: rest } : undefined;
  if (!isSlug(owner) || !isSlug(rest)) return undefined;
  const found = { kind: 'environment', orgId: owner, environmentId: rest } as const;
  return type === 'environment' ? found : { ...found, type };
}
