import { commandNames, clientSchemas, commandTable } from '#libs/application/command-table.js';
import { batchBody, pathOfCommand } from '../commands/steps.js';
import { queryNames, queryTable } from '../queries/query-table.js';
import { commandHeaderParameters, consistencyTokenParameter, pathParameters, queryParameters } from './parameters.js';
import { components, headersOfCommands, headersOfLimits, problemsOf } from './components.js';
import { decisionPaths } from './decision-paths.js';
import { inputSchema, outputSchema } from './json-schema.js';
import { sessionPaths } from './session-paths.js';
import { operationPaths } from './operation-paths.js';
import { tokenPath } from './token-path.js';

type Json = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1, generated from the tables that the routes are made of. */
export function openApi(publicUrl: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'tenantry',
      version: '1',
      summary: 'Organizations, roles, environments, and who may use what, at any past instant.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }],
    tags: [
      { name: 'Commands' },
      { name: 'Queries' },
      { name: 'Sessions' },
      { name: 'Decisions' },
      { name: 'Operations' },
    ],
    paths: { ...commandPaths(), ...queryPaths(), ...sessionPaths, ...decisionPaths, ...operationPaths, ...tokenPath },
    components,
  };
}

function commandPaths(): Json {
  const single = commandNames.map((name) => {
    const { target, summary, example } = commandTable[name];
    return [
      pathOfCommand(name, '{orgId}'),
      { post: commandOperation(name, summary, target === 'org', inputSchema(clientSchemas[name]), example) },
    ];
  });
  const example = { commands: [{ command: 'AddMember', input: commandTable.AddMember.example }] };
  const summary = 'Several commands on one organization, appended as one: all or none';
  const batch = commandOperation('Batch', summary, true, inputSchema(batchBody), example);
  return { ...Object.fromEntries(single), '/v1/orgs/{orgId}/commands': { post: batch } };
}

function commandOperation(name: string, summary: string, onOrg: boolean, schema: Json, example: unknown): Json {
  return {
    operationId: name,
    tags: ['Commands'],
    summary,
    parameters: [...(onOrg ? pathParameters('/{orgId}') : []), ...commandHeaderParameters],
    requestBody: { required: true, content: { 'application/json': { schema, example } } },
    responses: {
      200: {
        description: 'Done: the events are stored. On a dry run: what would be',
        headers: headersOfCommands,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/CommandAnswer' } } },
      },
      ...problemsOf(400, 401, 403, 404, 409, 412, 413, 422, 429, 503),
    },
  };
}

function queryPaths(): Json {
  return Object.fromEntries(
    queryNames.map((name) => {
      const { path, summary, filter, answer, page, exports = [], writers = [] } = queryTable[name];
      const types = [
        ...(page === undefined ? [] : [page.type]),
        ...exports,
        ...writers.slice(1).map(({ type }) => type),
      ];
      const pages = Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]));
      const operation = {
        operationId: name,
        tags: ['Queries'],
        summary,
        parameters: [...pathParameters(path), ...queryParameters(inputSchema(filter)), consistencyTokenParameter],
        responses: {
          200: {
            description: 'The answer',
            headers: headersOfLimits,
            content: { 'application/json': { schema: outputSchema(answer) }, ...pages },
          },
          ...(path.startsWith('/v1/orgs/{orgId}/') ? seeOther : {}),
          ...problemsOf(400, 401, 403, 404, 409, 429, 503),
        },
      };
      return [path, { get: operation }];
    }),
  );
}

const seeOther: Json = {
  303: {
    description: 'The caller may not see this, and the scheme has members sent to what they may see',
    headers: { Location: { schema: { type: 'string' } } },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
};
