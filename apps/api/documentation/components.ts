import { effectsShape } from '../commands/effects.js';
import { isProblemCode, problemTable } from '../problems/problem.js';
import { outputSchema } from './json-schema.js';

type Json = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const codes = Object.keys(problemTable).filter(isProblemCode);

export const headersOfLimits: Json = {
  'RateLimit-Policy': {
    description: 'Each limit that the request counted in: quota and window in seconds',
    schema: text,
  },
  RateLimit: { description: 'What is left of each, and in how many seconds all of it is back', schema: text },
};

export const headersOfCommands: Json = {
  ...headersOfLimits,
  ETag: { description: "The stream's revision after the command, quoted", schema: text },
  'Consistency-Token': { description: 'For reads that must have seen the command; not on a dry run', schema: text },
};

/** The responses of these statuses, each with the codes that it can have. */
export function problemsOf(...statuses: readonly number[]): Json {
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => problemTable[code].status === status);
      const schema = {
        allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: ofStatus } } }],
      };
      return [status, { description: ofStatus.join(', '), content: { 'application/problem+json': { schema } } }];
    }),
  );
}

const answer: Json = {
  type: 'object',
  required: ['command', 'commandId', 'events', 'stream', 'revision', 'position'],
  properties: {
    command: text,
    commandId: text,
    events: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'type'],
        properties: { id: text, type: text, data: { description: 'On a dry run' } },
      },
    },
    stream: text,
    revision: { type: 'string', description: 'A decimal number; -1 for an empty stream' },
    position: text,
    result: { type: 'object', additionalProperties: text, description: 'Ids of created things' },
    dryRun: { const: true },
    effects: { $ref: '#/components/schemas/Effects' },
  },
};

const decision: Json = {
  type: 'object',
  required: ['decision'],
  properties: {
    decision: { type: 'boolean' },
    context: {
      type: 'object',
      properties: {
        at: { type: 'string', format: 'date-time' },
        revision: text,
        position: text,
        reason: text,
        role: text,
        evidence: { type: 'array', items: text },
        examined: { type: 'array', items: { type: 'object' } },
        error: {
          type: 'object',
          description: 'What is wrong with this item of a batch',
          properties: { status: { type: 'integer' }, message: text },
        },
      },
    },
  },
};

const decisions: Json = {
  type: 'object',
  required: ['evaluations'],
  properties: { evaluations: { type: 'array', items: { $ref: '#/components/schemas/Decision' } } },
};

const found = (item: Json): Json => ({
  type: 'object',
  required: ['page', 'context', 'results'],
  properties: {
    page: {
      type: 'object',
      required: ['next_token', 'count'],
      properties: {
        next_token: { type: 'string', description: '`page.token` of the next request; empty on the last page' },
        count: { type: 'integer', description: 'Of the results in this page' },
      },
    },
    context: {
      type: 'object',
      required: ['at'],
      properties: { at: { type: 'string', format: 'date-time' }, revision: text, position: text },
    },
    results: { type: 'array', items: item },
  },
});

const entity: Json = { type: 'object', required: ['type', 'id'], properties: { type: text, id: text } };
const action: Json = { type: 'object', required: ['name'], properties: { name: text } };

const problem: Json = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'detail', 'code', 'correlationId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: text,
    status: { type: 'integer' },
    detail: text,
    code: { enum: codes },
    correlationId: { type: 'string', description: 'The same as X-Request-ID' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['path', 'message'], properties: { path: text, message: text } },
    },
    permission: text,
    reason: text,
    revision: text,
    policy: { type: 'string', description: 'Which limit was reached, as RateLimit-Policy names it' },
    step: { type: 'integer', description: 'Which command of a batch was refused, from 0' },
  },
};

export const components: Json = {
  securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
  schemas: {
    CommandAnswer: answer,
    Effects: outputSchema(effectsShape),
    Decision: decision,
    Decisions: decisions,
    FoundEntities: found(entity),
    FoundActions: found(action),
    Problem: problem,
  },
};
