import { sessionAnswer, sessionRequest } from '../sessions/session-request.js';
import { headersOfLimits, problemsOf } from './components.js';
import { inputSchema, outputSchema } from './json-schema.js';
import { consistencyTokenParameter } from './parameters.js';

export const sessionPaths = {
  '/v1/session': {
    post: {
      operationId: 'EnterOrg',
      tags: ['Sessions'],
      summary: "A token scoped to one of the caller's organizations, where the scheme knows one active organization",
      parameters: [consistencyTokenParameter],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: inputSchema(sessionRequest), example: { org: 'acme' } } },
      },
      responses: {
        200: {
          description: 'As RFC 8693 answers an exchange of tokens',
          headers: headersOfLimits,
          content: { 'application/json': { schema: outputSchema(sessionAnswer) } },
        },
        ...problemsOf(400, 401, 403, 404, 409, 413, 422, 429, 503),
      },
    },
  },
};
