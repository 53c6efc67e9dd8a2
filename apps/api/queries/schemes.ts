import { z } from 'zod';
import { markdownOf, matrixOf, schemeMatrix } from '#libs/domain/schemes/matrix.js';
import { schemeDocument } from '#libs/domain/schemes/scheme.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { slug } from '#libs/domain/text.js';
import { type Asking, nothing, query, stale } from './query-row.js';

const ofScheme = z.strictObject({ schemeId: slug });

export const schemeQueries = {
  Scheme: query({
    path: '/v1/schemes/{schemeId}',
    summary: "The role scheme that the realm runs, as data; another realm's is none of this one",
    params: ofScheme,
    filter: nothing,
    needs: () => [],
    answer: schemeDocument,
    ask: async ({ schemeId }, _, asking) => {
      const scheme = await running(schemeId, asking);
      return scheme === undefined || scheme === stale ? scheme : scheme.document;
    },
  }),

  SchemeMatrix: query({
    path: '/v1/schemes/{schemeId}/matrix',
    summary: 'Who may do what under the scheme, made from what decides; also as Markdown',
    params: ofScheme,
    filter: nothing,
    needs: () => [],
    answer: schemeMatrix,
    page: { type: 'text/markdown', write: markdownOf },
    ask: async ({ schemeId }, _, asking) => {
      const scheme = await running(schemeId, asking);
      return scheme === undefined || scheme === stale ? scheme : matrixOf(scheme);
    },
  }),
} as const;

/** The scheme of the caller's realm, if it is the one that is asked for. */
async function running(id: string, asking: Asking): Promise<CompiledScheme | undefined | typeof stale> {
  const { caller, after, services } = asking;
  const scheme = await services.checks.schemeOf(caller.realm, after);
  if (scheme === undefined) return stale;
  return scheme.document.id === id ? scheme : undefined;
}
