import { z } from 'zod';
import { lastVersionOf, schemeOfRealm, schemeVersion } from '#libs/domain/realm/schemes.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { markdownOf, matrixOf, schemeMatrix } from '#libs/domain/schemes/matrix.js';
import { schemeDocument } from '#libs/domain/schemes/scheme.js';
import { slug } from '#libs/domain/text.js';
import { type Asking, query, stale } from './query-row.js';

const ofScheme = z.strictObject({ schemeId: slug });
const ofVersion = z.strictObject({
  version: z.coerce
    .number()
    .pipe(schemeVersion.shape.version)
    .optional()
    .meta({ description: 'Absent: the one that the realm runs, else the last one of this id' }),
});
type Asked = z.output<typeof ofScheme> & z.output<typeof ofVersion>;

export const schemeQueries = {
  Scheme: query({
    path: '/v1/schemes/{schemeId}',
    summary: "A version of a role scheme that the realm has, as data; another realm's is none of this one",
    params: ofScheme,
    filter: ofVersion,
    needs: () => [],
    answer: schemeDocument,
    ask: async (params, filter, asking) => {
      const scheme = await found({ ...params, ...filter }, asking);
      return scheme === undefined || scheme === stale ? scheme : scheme.document;
    },
  }),

  SchemeMatrix: query({
    path: '/v1/schemes/{schemeId}/matrix',
    summary: 'Who may do what under the version, made from what decides; also as Markdown',
    params: ofScheme,
    filter: ofVersion,
    needs: () => [],
    answer: schemeMatrix,
    page: { type: 'text/markdown', write: markdownOf },
    ask: async (params, filter, asking) => {
      const scheme = await found({ ...params, ...filter }, asking);
      return scheme === undefined || scheme === stale ? scheme : matrixOf(scheme);
    },
  }),
} as const;

/** Of the caller's realm. */
async function found(asked: Asked, asking: Asking): Promise<CompiledScheme | undefined | typeof stale> {
  const { caller, after, services } = asking;
  const realm = await services.reading.realm(caller.realm, after);
  if (realm === undefined) return stale;
  const { schemeId: id } = asked;
  const running = realm.scheme.id === id ? realm.scheme.version : lastVersionOf(realm, id);
  return schemeOfRealm(realm, { id, version: asked.version ?? running });
}
