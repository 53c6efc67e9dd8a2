import { z } from 'zod';
import type { FoundPage } from '#libs/application/search-page.js';
import type { PageAsked } from '#libs/application/searches.js';
import { type CursorScope, cursorTo, keyFrom } from '../queries/cursor.js';
import { action, context, entity } from './evaluation-request.js';

const DEFAULT_LIMIT = 100;
/** Who asks for more gets so many. */
const MAX_LIMIT = 1000;

/** An `id` here is ignored, as every unknown member: it is what is searched for. */
const searched = z.object({ type: z.string() });

const page = z.object({
  /** Empty on the first page; all else of the request stays the same on the next ones, but for the limit. */
  token: z.string().max(1000).optional(),
  limit: z.int().min(0).optional(),
});

const common = { context: context.optional(), page: page.optional() };

export const subjectSearchRequest = z.object({ subject: searched, action, resource: entity, ...common });
export const resourceSearchRequest = z.object({ subject: entity, action, resource: searched, ...common });
export const actionSearchRequest = z.object({ subject: entity, resource: entity, ...common });

/** Where a page ended: an id, for resources also that of an environment in its organization. */
const place = z.string().regex(/^[A-Za-z0-9._@:/-]{0,200}$/);

export function pageAsked(asked: z.output<typeof page> | undefined, scope: CursorScope): PageAsked {
  const { token = '', limit = DEFAULT_LIMIT } = asked ?? {};
  const after = token === '' ? undefined : keyFrom(token, scope, place, 'page.token');
  return { limit: Math.min(limit, MAX_LIMIT), after: after ?? '' };
}

export interface SearchAnswer {
  readonly page: { readonly next_token: string; readonly count: number };
  readonly context: object;
  readonly results: readonly object[];
}

/** An empty token says that this was the last page. */
export const searchAnswer = (
  { results, next }: FoundPage,
  moment: object,
  scope: CursorScope,
  shown: (id: string) => object,
): SearchAnswer => ({
  page: { next_token: next === undefined ? '' : cursorTo(scope, next), count: results.length },
  context: moment,
  results: results.map(shown),
});
