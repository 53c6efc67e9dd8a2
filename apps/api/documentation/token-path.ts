import { headersOfLimits, problemsOf } from './components.js';
import { inputSchema } from './json-schema.js';
import { tokenRequest } from '../identity/token-request.js';

type Json = Readonly<Record<string, unknown>>;

const error: Json = {
  type: 'object',
  required: ['error'],
  properties: { error: { enum: ['invalid_request', 'invalid_client', 'unsupported_grant_type'] } },
};
const refused = (description: string): Json => ({ description, content: { 'application/json': { schema: error } } });

/** RFC 6749, 4.4: the client authenticates in the `Authorization` header or in the form. */
export const tokenPath: Json = {
  '/v1/token': {
    post: {
      operationId: 'Token',
      tags: ['Operations'],
      summary: "OAuth 2.0 client credentials: a short token for a service account's key",
      security: [{ basic: [] }, {}],
      requestBody: {
        required: true,
        content: {
          'application/x-www-form-urlencoded': {
            schema: inputSchema(tokenRequest),
            example: { grant_type: 'client_credentials', client_id: 'acme/ci', client_secret: 'tnt_svc_…' },
          },
        },
      },
      responses: {
        200: {
          description: 'A bearer token',
          headers: headersOfLimits,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['access_token', 'token_type', 'expires_in'],
                properties: {
                  access_token: { type: 'string' },
                  token_type: { const: 'Bearer' },
                  expires_in: { type: 'integer', description: 'Seconds' },
                },
              },
            },
          },
        },
        400: refused('The request is not one of this grant'),
        401: refused('No such client, or its key is over'),
        ...problemsOf(429),
      },
    },
  },
};
