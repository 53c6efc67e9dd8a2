import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Category, eventSchemas, evolve, initialState, isCategory, touches } from '#libs/domain/aggregates.js';
import { stamp } from '../support/decider.js';

const folder = new URL('./events/', import.meta.url);
const frozen = new URL('./event-schemas.json', import.meta.url);

const types = Object.entries(eventSchemas).flatMap(([category, schemas]) =>
  Object.entries<z.ZodType>(schemas).map(([type, schema]) => ({ category, type, schema })),
);
const names = types.map(({ type }) => type);

const samples = readdirSync(folder).map((file) => {
  // `Type-variant.v1.json` is a further sample of a type with optional fields.
  const [, type = ''] = /^(\w+)(?:-\w+)?\.v\d+\.json$/.exec(file) ?? [];
  return { file, type, data: read(new URL(file, folder)) };
});

function read(file: URL): object {
  return z.looseObject({}).parse(JSON.parse(readFileSync(file, 'utf8')));
}

function known(type: string): { category: Category; schema: z.ZodType } {
  const found = types.find((each) => each.type === type);
  if (found === undefined || !isCategory(found.category)) throw new Error(`no event type ${type}`);
  return { category: found.category, schema: found.schema };
}

/** `stores` is what lies in the log; `accepts` is what appending takes and brings into that form. */
function jsonSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    types.map(({ category, type, schema }) => [
      `${category}.${type}.v1`,
      { stores: z.toJSONSchema(schema, { io: 'output' }), accepts: z.toJSONSchema(schema, { io: 'input' }) },
    ]),
  );
}

describe('the stored format of events', () => {
  it('names each event type once, over all streams', () => {
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(names)('%s has a golden sample of its first version', (type) => {
    expect(samples.map(({ file }) => file)).toContain(`${type}.v1.json`);
  });

  it.each(samples)('$file is of a type that is still known, for a golden sample is never taken away', ({ type }) => {
    expect(names).toContain(type);
  });

  it.each(samples)('$file parses unchanged', ({ type, data }) => {
    expect(known(type).schema.parse(data)).toStrictEqual(data);
  });

  it.each(samples)('$file is refused with a field that nobody knows', ({ type, data }) => {
    expect(known(type).schema.safeParse(Object.assign({ surprise: true }, data)).success).toBe(false);
  });

  it.each(samples)('$file evolves', ({ type, data }) => {
    const { category } = known(type);
    const event = { type, data, stamp: stamp(1) };
    expect(evolve(category, initialState(category), event)).toBeDefined();
    expect(Array.isArray(touches(category, event))).toBe(true);
  });

  it('has no room for a type that a build does not know: it says so', () => {
    for (const type of ['OrgExploded', 'constructor', '__proto__'])
      for (const category of ['org', 'user', 'realm'] as const) {
        const event = { type, data: {}, stamp: stamp(1) };
        expect(() => evolve(category, initialState(category), event)).toThrow(`the ${category} event ${type}`);
        expect(() => touches(category, event)).toThrow('upgrade');
      }
    expect(isCategory('constructor')).toBe(false);
  });

  it('is frozen: optional fields and types may come, nothing else changes (UPDATE_GOLDEN=1 rewrites)', () => {
    const now = jsonSchemas();
    expect(Object.keys(now)).toEqual(expect.arrayContaining(Object.keys(read(frozen))));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(frozen, `${JSON.stringify(now, null, 2)}\n`);
    expect(now).toStrictEqual(read(frozen));
  });
});
