import type { z } from 'zod';
import type { Evolution } from '../event.js';
import type { OrgState } from './org.js';

/** All that one event of an organization is: its stored format, what it is about, and how it changes the fold. */
export interface OrgEventDefinition<Schema extends z.ZodType> extends Evolution<OrgState, z.output<Schema>> {
  readonly schema: Schema;
  /** Ids of the people, groups, environments and models that the event is about, as the audit log is searched by. */
  targets(data: z.output<Schema>): readonly string[];
}

export const orgEvent = <Schema extends z.ZodType>(
  schema: Schema,
  rest: Omit<OrgEventDefinition<Schema>, 'schema'>,
): OrgEventDefinition<Schema> => ({ schema, ...rest });
