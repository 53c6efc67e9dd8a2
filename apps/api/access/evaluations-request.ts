import { z } from 'zod';
import type { Evaluation } from '#libs/application/checks.js';
import { invalid } from '../problems/problem.js';
import { fieldErrors } from '../requests/input.js';
import { action, context, entity, evaluationFrom, evaluationRequest } from './evaluation-request.js';

const MAX_EVALUATIONS = 1000;
/** Each is a fold of a whole stream. */
const MAX_PASTS = 10;

const semantic = z.enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit']);
export type Semantic = z.output<typeof semantic>;

const defaults = { subject: entity.optional(), action: action.optional(), resource: entity.optional() };

/** A faulty item is answered in its place, so the items are read one by one and not with the request. */
const item = z.unknown().meta({
  type: 'object',
  description:
    'As in one evaluation; a member that is absent is that of the request, one that is present replaces it whole',
});

/** AuthZEN 1.0: unknown members are ignored; without items it is one evaluation. */
export const evaluationsRequest = z.object({
  ...defaults,
  context: context.optional(),
  evaluations: z.array(item).max(MAX_EVALUATIONS, `must be ${MAX_EVALUATIONS} at most`).optional(),
  options: z.object({ evaluations_semantic: semantic.optional() }).optional(),
});

type EvaluationsRequest = z.output<typeof evaluationsRequest>;

/** An item as a question, or as what is wrong with it. */
export type Item = Evaluation | { readonly fault: string };

/** Throws a problem for what is wrong with all of it: too many different pasts. */
export function itemsFrom({ evaluations = [], ...request }: EvaluationsRequest, explain: boolean): readonly Item[] {
  const items = evaluations.map((each) => itemFrom(request, each, explain));
  const pasts = new Set(items.flatMap((each) => ('fault' in each || each.at === undefined ? [] : [nameOf(each)])));
  if (pasts.size > MAX_PASTS) {
    const message = `must ask about ${MAX_PASTS} different pasts at most, each an organization at an instant or revision`;
    throw invalid([{ path: 'evaluations', message }]);
  }
  return items;
}

function itemFrom(
  { subject, action: asked, resource, context: about }: Omit<EvaluationsRequest, 'evaluations'>,
  given: unknown,
  explain: boolean,
): Item {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { fault: 'must be an object' };
  const parsed = evaluationRequest.safeParse({ subject, action: asked, resource, context: about, ...given });
  return parsed.success ? evaluationFrom(parsed.data, explain) : { fault: invalid(fieldErrors(parsed.error)).message };
}

function nameOf({ resource, at }: Evaluation): string {
  const org = resource !== undefined && 'orgId' in resource ? resource.orgId : '';
  return at !== undefined && 'revision' in at ? `${org} ${at.revision}` : `${org} ${at?.instant}ms`;
}
