import fc from './fast-check.js';

type Schema = Readonly<Record<string, unknown>>;

/** Values that a JSON Schema, as the API publishes it, describes. */
export function fromSchema(schema: Schema): fc.Arbitrary<unknown> {
  const { type, enum: options, properties, required, items, pattern, format } = schema;
  if (Array.isArray(options)) return fc.constantFrom(...options);
  if (type === 'object' && isSchema(properties)) {
    const members: Record<string, fc.Arbitrary<unknown>> = {};
    for (const [name, member] of Object.entries(properties)) members[name] = fromSchema(isSchema(member) ? member : {});
    const requiredKeys: string[] = Array.isArray(required) ? required : [];
    return fc.record(members, { requiredKeys });
  }
  if (type === 'array') return fc.array(fromSchema(isSchema(items) ? items : {}), { maxLength: 3 });
  if (type === 'string' && format === 'date-time')
    return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (type === 'string' && typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  if (type === 'string') return fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
  if (type === 'integer' || type === 'number') return fc.integer();
  if (type === 'boolean') return fc.boolean();
  return fc.jsonValue({ maxDepth: 2 });
}

/** What no store takes, or what has broken parsers before. */
export const hostileText = fc.oneof(
  fc.constantFrom(
    '\u0000',
    'a\u0000b',
    '\ud800',
    'x\udc00',
    '\uffff',
    '\u202e',
    "'; drop table members; --",
    '../../etc',
    '%00',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.integer({ min: 0xd800, max: 0xdfff }), { maxLength: 5 }).map((codes) => String.fromCharCode(...codes)),
  fc.integer({ min: 200, max: 20_000 }).map((length) => 'é'.repeat(length)),
);

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, 0, -1, 1e308, 2 ** 53, [], {}, [[]], { toString: 1 }, { length: -1 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.integer({ min: 2, max: 30 }).map((depth) => nested(depth)),
);

export const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

/** A described value with something in it replaced, taken away or added. */
export function broken(schema: Schema): fc.Arbitrary<unknown> {
  return fc
    .tuple(
      fromSchema(schema),
      fc.nat(),
      hostileValue,
      hostileText,
      fc.constantFrom('replace', 'remove', 'add', 'whole'),
    )
    .map(([value, at, hostile, name, how]) => {
      if (how === 'whole' || !isSchema(value)) return hostile;
      if (how === 'add') return { ...value, [name]: hostile };
      const names = Object.keys(value);
      const place = names[at % Math.max(1, names.length)] ?? name;
      const { [place]: member, ...rest } = value;
      if (how === 'remove') return rest;
      return {
        ...rest,
        [place]: isSchema(member) ? { ...member, [Object.keys(member)[0] ?? name]: hostile } : hostile,
      };
    });
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
