type Json = Readonly<Record<string, unknown>>;

const slugSchema = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' };
const examples: Readonly<Record<string, string>> = {
  orgId: 'acme',
  environmentId: 'production',
  groupId: 'infrastructure',
  schemeId: 'enterprise',
  invoiceId: 'in-2026-11',
};

/** One for each `{name}` of the path; the ids of all things of organizations look alike. */
export function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: slugSchema,
    example: examples[name],
  }));
}

export function queryParameters(filter: Json): Json[] {
  const { properties, required } = filter;
  const isRequired = (name: string) => Array.isArray(required) && required.includes(name);
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: isRequired(name),
    schema,
  }));
}

const header = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

export const commandHeaderParameters = [
  header(
    'Idempotency-Key',
    'A repeat under the same key gets the stored result and does nothing; another command under it is refused',
    {
      type: 'string',
      maxLength: 512,
    },
  ),
  header('Dry-Run', 'true: decide and show the events with their data and their effects, append nothing', {
    type: 'string',
    enum: ['true', 'false'],
  }),
  header('If-Match', "The stream's revision that is expected, quoted, as ETag gave it", {
    type: 'string',
    pattern: '^"(-1|\\d+)"$',
  }),
];

export const consistencyTokenParameter = header(
  'Consistency-Token',
  'As a command answered it: the answer will have seen that command, or be a problem',
  { type: 'string' },
);

export const explainParameter: Json = {
  name: 'explain',
  in: 'query',
  required: false,
  description: 'true: the context says the reason, the evidence, and every source that was examined',
  schema: { type: 'string', enum: ['true', 'false'] },
};
