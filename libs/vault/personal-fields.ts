import { z } from 'zod';
import { eventSchemas, isCategory } from '#libs/domain/aggregates.js';

/** Matches every element of an array or record. */
const each = Symbol('each');
type FieldPath = readonly (string | typeof each)[];

const none: readonly FieldPath[] = [];

const unique = (paths: readonly FieldPath[]): readonly FieldPath[] => [
  ...new Map(paths.map((path) => [JSON.stringify(path.map((step) => (step === each ? 0 : step))), path])).values(),
];

const opaque = [z.ZodLazy, z.ZodMap, z.ZodSet, z.ZodPromise];

const byCategory: ReadonlyMap<string, ReadonlyMap<string, readonly FieldPath[]>> = new Map(
  Object.entries(eventSchemas).map(([category, schemas]) => [
    category,
    new Map(
      Object.entries(schemas).map(([type, schema]): [string, readonly FieldPath[]] => [type, personalFields(schema)]),
    ),
  ]),
);

/** The personal fields of an event; none for a type this build does not know. */
export function personalFieldsOf(category: string, type: string): readonly FieldPath[] {
  return (isCategory(category) ? byCategory.get(category)?.get(type) : undefined) ?? none;
}

/** Where a schema says `.meta({ personal: true })`. Throws on a construct whose fields cannot be told in advance. */
export function personalFields(schema: z.core.$ZodType): readonly FieldPath[] {
  if (z.globalRegistry.get(schema)?.['personal'] === true) return [[]];
  if (schema instanceof z.ZodObject) {
    const members = Object.entries(schema.shape).flatMap(([name, member]) => under(name, member));
    return schema.def.catchall === undefined ? members : [...members, ...refusePersonal(schema.def.catchall)];
  }
  if (schema instanceof z.ZodArray) return under(each, schema.element);
  if (schema instanceof z.ZodRecord) return under(each, schema.valueType);
  if (schema instanceof z.ZodTuple) return schema.def.items.flatMap((item, index) => under(String(index), item));
  if (schema instanceof z.ZodUnion) return unique(schema.options.flatMap((option) => personalFields(option)));
  if (schema instanceof z.ZodIntersection)
    return unique([...personalFields(schema.def.left), ...personalFields(schema.def.right)]);
  if (schema instanceof z.ZodPipe) return unique([...personalFields(schema.in), ...personalFields(schema.out)]);
  if (isWrapper(schema)) return personalFields(schema.def.innerType);
  if (opaque.some((kind) => schema instanceof kind))
    throw new Error(
      'personal fields cannot be told in lazy, map, set or promise schemas: describe the event otherwise',
    );
  return [];
}

function isWrapper(schema: z.core.$ZodType): schema is z.ZodNullable | z.ZodOptional | z.ZodDefault | z.ZodReadonly {
  const wrappers = [
    z.ZodNullable,
    z.ZodOptional,
    z.ZodDefault,
    z.ZodPrefault,
    z.ZodReadonly,
    z.ZodNonOptional,
    z.ZodCatch,
  ];
  return wrappers.some((kind) => schema instanceof kind);
}

function under(step: string | typeof each, schema: z.core.$ZodType): readonly FieldPath[] {
  return personalFields(schema).map((path) => [step, ...path]);
}

function refusePersonal(catchall: z.core.$ZodType): readonly FieldPath[] {
  if (personalFields(catchall).length > 0) throw new Error('personal fields must be named, not fall under a catchall');
  return none;
}

/**
 * The data with each value at the paths replaced; what is not there, or null, stays as it is. Never changes its
 * argument, and answers it itself where nothing was replaced. `replace` learns where exactly the value stands.
 */
export function replaceAt(
  data: unknown,
  paths: readonly FieldPath[],
  replace: (value: unknown, at: readonly string[]) => unknown,
): unknown {
  return paths.reduce((changed, path) => replaced(changed, path, [], replace), data);
}

function replaced(
  value: unknown,
  path: FieldPath,
  at: readonly string[],
  replace: (value: unknown, at: readonly string[]) => unknown,
): unknown {
  if (value === null || value === undefined) return value;
  const [step, ...rest] = path;
  if (step === undefined) return replace(value, at);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, member]): [string, unknown] =>
    step === each || step === key ? [key, replaced(member, rest, [...at, key], replace)] : [key, member],
  );
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}
