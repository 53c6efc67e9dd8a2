import { z } from 'zod';
import type { Evaluation } from '#libs/application/checks.js';
import type { Position } from '#libs/application/ports/event-store.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import { environmentKind } from '#libs/domain/schemes/scheme.js';
import { instant, principalId, slug } from '#libs/domain/text.js';

const entity = z.object({ type: z.string(), id: z.string() });

/** Revisions are unsigned 64-bit numbers; text, because JSON numbers are not. */
const revision = z.object({ revision: z.string().regex(/^\d{1,18}$/, 'must be a revision as decimal text') });

/**
 * AuthZEN 1.0: what is not known here is ignored. That goes for `properties` too, on purpose: a request says nothing
 * about its own rights.
 */
export const evaluationRequest = z.object({
  subject: entity,
  action: z.object({ name: z.string() }),
  resource: entity,
  context: z.object({ at: z.union([instant, revision]).optional() }).optional(),
});

export type EvaluationRequest = z.output<typeof evaluationRequest>;

export function evaluationFrom(
  { subject, action, resource, context }: EvaluationRequest,
  after: Position | undefined,
  explain: boolean,
): Evaluation {
  const at = context?.at;
  return {
    // An id of no possible principal is that of an unknown subject; it must not reach stream names or queries.
    principal: principalId.safeParse(subject.id).success ? subject : { type: 'unknown', id: '' },
    action: action.name,
    resource: resourceFrom(resource.type, resource.id),
    at:
      at === undefined
        ? undefined
        : typeof at === 'string'
          ? { instant: Date.parse(at) }
          : { revision: BigInt(at.revision) },
    after,
    explain,
  };
}

const isSlug = (id: string | undefined): id is string => slug.safeParse(id).success;

/** Undefined for what cannot exist. */
export function resourceFrom(type: string, id: string): Resource | undefined {
  if (type === 'realm') return { kind: 'realm' };
  if (type === 'org') return isSlug(id) ? { kind: 'org', orgId: id } : undefined;
  if (type === 'account') return principalId.safeParse(id).success ? { kind: 'account', ownerId: id } : undefined;
  // An environment may be asked for by its kind; then one of another kind is not it.
  const kind = environmentKind.safeParse(type);
  if (!kind.success) return undefined;
  const slash = id.indexOf('/');
  const [owner, rest] = [id.slice(0, slash), id.slice(slash + 1)];
  if (slash < 0) return undefined;
  // No organization can be meant by this name: environments of people stand under it.
  if (owner === 'personal')
    return principalId.safeParse(rest).success ? { kind: 'personal_environment', ownerId: rest } : undefined;
  if (!isSlug(owner) || !isSlug(rest)) return undefined;
  const found = { kind: 'environment', orgId: owner, environmentId: rest } as const;
  return kind.data === 'environment' ? found : { ...found, type: kind.data };
}
