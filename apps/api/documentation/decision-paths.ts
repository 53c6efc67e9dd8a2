import type { z } from 'zod';
import { evaluationRequest } from '../access/evaluation-request.js';
import { evaluationsRequest } from '../access/evaluations-request.js';
import { actionSearchRequest, resourceSearchRequest, subjectSearchRequest } from '../access/search-requests.js';
import { introspection, introspectionRequest } from '../credentials/introspection.js';
import { headersOfLimits, problemsOf } from './components.js';
import { inputSchema, outputSchema } from './json-schema.js';
import { consistencyTokenParameter, explainParameter } from './parameters.js';

type Json = Readonly<Record<string, unknown>>;

interface DecisionOperation {
  readonly path: string;
  readonly summary: string;
  readonly request: z.ZodType;
  /** It parses. */
  readonly example: Json;
  readonly description: string;
  readonly answer: Json;
  readonly explainable: boolean;
  /** Whether it is taken as a form too. */
  readonly form?: true;
}

const bob = { type: 'user', id: 'bob' };
const use = { name: 'environment:use' };
const production = { type: 'environment', id: 'acme/production' };
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** OpenID AuthZEN 1.0: what is posted where. */
export const decisionOperations = {
  Evaluate: {
    path: '/access/v1/evaluation',
    summary: 'OpenID AuthZEN 1.0: may this subject do this to that, now or at a past instant or revision',
    request: evaluationRequest,
    example: { subject: bob, action: use, resource: production },
    description: 'The decision',
    answer: ref('Decision'),
    explainable: true,
  },
  EvaluateAll: {
    path: '/access/v1/evaluations',
    summary: 'OpenID AuthZEN 1.0: many evaluations at once, those about the present of one moment',
    request: evaluationsRequest,
    example: {
      subject: bob,
      action: use,
      evaluations: [{ resource: production }, { resource: { type: 'environment', id: 'acme/staging' } }],
      options: { evaluations_semantic: 'execute_all' },
    },
    description:
      'The decisions in the order of the items; where a semantic ends early, up to and including the one that decides. ' +
      'A faulty item is denied, with `context.error`. Without items: one decision',
    answer: { anyOf: [ref('Decisions'), ref('Decision')] },
    explainable: true,
  },
  SearchSubjects: {
    path: '/access/v1/search/subject',
    summary: 'OpenID AuthZEN 1.0: who may do this to that, by id; the caller alone where they may not ask about others',
    request: subjectSearchRequest,
    example: { subject: { type: 'user' }, action: use, resource: production, page: { limit: 50 } },
    description: 'A page of subjects; it may hold fewer than its limit and still have a next one',
    answer: ref('FoundEntities'),
    explainable: false,
  },
  SearchResources: {
    path: '/access/v1/search/resource',
    summary: 'OpenID AuthZEN 1.0: what this subject may do this to, in organizations where the caller may ask',
    request: resourceSearchRequest,
    example: { subject: bob, action: use, resource: { type: 'environment' } },
    description: 'A page of resources; it may hold fewer than its limit and still have a next one',
    answer: ref('FoundEntities'),
    explainable: false,
  },
  SearchActions: {
    path: '/access/v1/search/action',
    summary: 'OpenID AuthZEN 1.0: what this subject may do to that, by name',
    request: actionSearchRequest,
    example: { subject: bob, resource: production },
    description: 'A page of actions',
    answer: ref('FoundActions'),
    explainable: false,
  },
} as const satisfies Readonly<Record<string, DecisionOperation>>;

/** What gateways ask of the keys that they are brought. */
export const credentialOperations = {
  Introspect: {
    path: '/v1/credentials/introspect',
    summary:
      "RFC 7662, by a form or JSON: what an environment's virtual key, or a person's token in their personal environment, is good for",
    request: introspectionRequest,
    example: { token: 'sk-tnt_env_…' },
    description:
      'What the key is good for; `active: false` for one that is unknown, revoked or expired, or none of the caller’s business',
    answer: outputSchema(introspection),
    explainable: false,
    form: true,
  },
} as const satisfies Readonly<Record<string, DecisionOperation>>;

export const decisionPaths: Json = Object.fromEntries(
  Object.entries<DecisionOperation>({ ...decisionOperations, ...credentialOperations }).map(
    ([operationId, { path, summary, request, example, description, answer, explainable, form }]) => {
      const body = { schema: inputSchema(request), example };
      const operation = {
        operationId,
        tags: ['Decisions'],
        summary,
        parameters: [...(explainable ? [explainParameter] : []), consistencyTokenParameter],
        requestBody: {
          required: true,
          content: { 'application/json': body, ...(form ? { 'application/x-www-form-urlencoded': body } : {}) },
        },
        responses: {
          200: { description, headers: headersOfLimits, content: { 'application/json': { schema: answer } } },
          ...problemsOf(400, 401, 409, 413, 429, 503),
        },
      };
      return [path, { post: operation }];
    },
  ),
);
