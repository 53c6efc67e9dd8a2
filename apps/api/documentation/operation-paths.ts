import { loginPage } from '../queries/sign-in.js';
import { outputSchema } from './json-schema.js';

type Json = Readonly<Record<string, unknown>>;

const open = (
  operationId: string,
  summary: string,
  types: readonly string[],
  more: Json = {},
  parameters: Json[] = [],
): Json => ({
  get: {
    parameters,
    operationId,
    tags: ['Operations'],
    summary,
    security: [],
    responses: {
      200: { description: 'The answer', content: Object.fromEntries(types.map((type) => [type, {}])) },
      ...more,
    },
  },
});

const inPath = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const json = ['application/json'];
const missing: Json = { 404: { description: 'There is none' } };

/** Routes that take no credential: they hold nothing of any organization. */
export const operationPaths: Json = {
  '/healthz': open('Live', 'Whether the process answers', json),
  '/readyz': open('Ready', 'Whether every part works, and which does not', json, {
    503: { description: 'A part does not work' },
  }),
  '/metrics': open('Metrics', 'Prometheus metrics', ['text/plain']),
  '/openapi.json': open('Describe', 'This document', json),
  '/docs': open('Docs', 'This document for reading', ['text/html']),
  '/docs/{file}': open('DocsFile', 'A file of the reading page', ['text/css', 'text/javascript'], missing, [
    inPath('file'),
  ]),
  '/problems/{code}': open('Explain', 'What a problem means', json, missing, [inPath('code')]),
  '/v1/ledger/key': open('LedgerKey', 'The public key of checkpoints and proofs, to be pinned: name+id+key', [
    'text/plain',
  ]),
  '/v1/realms/{realmId}/sign-in': open(
    'LoginPage',
    'How people sign in to a realm, for a login page',
    json,
    {
      ...missing,
      200: { description: 'The answer', content: { 'application/json': { schema: outputSchema(loginPage) } } },
    },
    [inPath('realmId')],
  ),
  '/.well-known/authzen-configuration': open('DecisionPoint', 'AuthZEN metadata', json),
};
