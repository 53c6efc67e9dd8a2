import { z } from 'zod';
import { described, messages } from '../queries/history.js';
import { invalid } from '../problems/problem.js';
import { ofOrg, onOrg, report, stale } from '../queries/query-row.js';
import { accessReviewOf, type AccessReview } from './access-review.js';
import { accessReviewShape } from './access-review-shapes.js';
import { csvOf } from './report-csv.js';
import { htmlOf, pagePolicy } from './report-html.js';
import { jsonOf } from './report-json.js';

export const reportFormats = { json: 'application/json', csv: 'text/csv', html: 'text/html' } as const;

const momentText = ({ revision = '-1', at }: { revision?: string | undefined; at: string }) => `${revision}@${at}`;

export const reportQueries = {
  AccessReview: report({
    path: '/v1/orgs/{orgId}/reports/access-review',
    summary:
      'Who held what at a moment, by whose decision, and who came, moved and left before it; as JSON, CSV, a page',
    params: ofOrg,
    filter: z.strictObject({
      at: described('Now where it is absent.'),
      since: described('Where the window for what changed begins; the beginning where it is absent.'),
      format: z.enum(['json', 'csv', 'html']).optional().meta({ description: 'Where Accept does not say it' }),
    }),
    needs: (params) => [onOrg('access-review:run', params), onOrg('access-review:read', params)],
    answer: accessReviewShape,
    writers: [
      { type: reportFormats.json, write: jsonOf },
      {
        type: reportFormats.csv,
        headers: { 'content-disposition': 'attachment; filename="access-review.csv"' },
        write: csvOf,
      },
      { type: reportFormats.html, headers: pagePolicy, write: htmlOf },
    ],
    ask: async ({ orgId }, { at = {}, since = { instant: 0 } }, asking): Promise<AccessReview | typeof stale> => {
      const { caller, correlation, services } = asking;
      const found = await services.history.review(caller.realm, orgId, { at, since });
      if (found.kind === 'stale') return stale;
      if (found.kind !== 'answered') {
        const message = found.kind === 'reversed' ? 'must not be before since' : messages[found.kind];
        throw invalid([{ path: found.moment, message }]);
      }
      const answer = accessReviewOf(orgId, found, services);
      const window = { at: momentText(answer.head.at), since: momentText(answer.head.since) };
      await services.recordedReads.accessReviewRead({ caller, orgId, correlation }, window);
      return answer;
    },
  }),
} as const;
