import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { commandNames } from '#libs/application/command-table.js';
import { openApi } from './openapi.js';

type Json = { readonly [key: string]: unknown };

const document = openApi('https://tenantry.example');

/** Every value of the document that has `key`, with the JSON pointer to it. */
function* having(key: string, value: unknown = document, pointer = '#'): Generator<readonly [string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && key in value) yield [pointer, value as Json];
  // What an example holds is the client's, not the document's.
  for (const [name, inner] of Object.entries(value))
    if (name !== 'example' && name !== 'examples')
      yield* having(key, inner, `${pointer}/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`);
}

describe('the OpenAPI document', () => {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    validateFormats: false,
    allErrors: true,
  });
  // The document itself is read as a schema, so that references into it are found.
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema({ $id: 'https://tenantry.example/openapi', ...document });
  const compiled = (pointer: string) => ajv.compile({ $ref: `https://tenantry.example/openapi${pointer}/schema` });

  it("is valid by the OpenAPI Initiative's own schema of version 3.1", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has no schema that is none', () => {
    const places = [...having('schema')];
    expect(places.length).toBeGreaterThan(commandNames.length);
    // Most headers and problems are the same everywhere.
    const different = new Map(places.map(([pointer, { schema }]) => [JSON.stringify(schema), pointer]));
    for (const pointer of different.values()) compiled(pointer);
  });

  it('has an example for every command, which its schema accepts, and no property beside it', () => {
    const bodies = [...having('requestBody')].map(([pointer]) => `${pointer}/requestBody/content/application~1json`);
    const examples = [...having('example')].filter(([pointer]) => bodies.includes(pointer));
    // A batch of commands has one too.
    expect(examples.length).toBeGreaterThan(commandNames.length);
    for (const [pointer, { example }] of examples) {
      const accepts = compiled(pointer);
      expect([pointer, accepts(example), accepts.errors]).toEqual([pointer, true, null]);
      // AuthZEN leaves room for more (section 5); we leave none.
      const open = pointer.includes('access~1v1');
      expect([pointer, accepts({ ...(example as Json), unheardOf: 1 })]).toEqual([pointer, open]);
    }
  });
});
