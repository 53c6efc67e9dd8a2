import type { z } from 'zod';
import { type FieldError, invalid } from '../problems/problem.js';

/** A body within its size limit can break a schema in very many places; more than these help nobody. */
const MAX_ERRORS = 100;

/** The parsed value, or throws a problem that lists every issue with its place. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(fieldErrors(result.error, prefix));
}

export function fieldErrors(error: z.ZodError, prefix: readonly PropertyKey[] = []): FieldError[] {
  return error.issues.flatMap((issue) => inPlace(issue, prefix)).slice(0, MAX_ERRORS);
}

function inPlace(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): FieldError[] {
  const place = [...prefix, ...issue.path];
  if (issue.code !== 'unrecognized_keys') return [{ path: joined(place), message: issue.message }];
  return issue.keys
    .slice(0, MAX_ERRORS)
    .map((key) => ({ path: joined([...place, key]), message: 'is not known here' }));
}

const joined = (path: readonly PropertyKey[]): string => path.map(String).join('.').slice(0, 1000);
