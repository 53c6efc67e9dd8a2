import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** JSON Schema by zod's own hand: what a client may send, before any transformation. */
export const inputSchema = (schema: z.ZodType): Json =>
  z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
export const outputSchema = (schema: z.ZodType): Json =>
  z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' });
