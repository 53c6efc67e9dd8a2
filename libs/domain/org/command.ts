import { z } from 'zod';
import type { CommandDefinition } from '../command.js';
import { principalId } from '../text.js';
import type { OrgEvent } from './events.js';
import type { OrgState } from './org.js';

export type { DecisionContext } from '../command.js';

type OrgCommandDefinition<Schema extends z.ZodType> = CommandDefinition<OrgState, OrgEvent, Schema>;

export const orgCommand = <Schema extends z.ZodType>(
  schema: Schema,
  decide: OrgCommandDefinition<Schema>['decide'],
): OrgCommandDefinition<Schema> => ({ schema, decide });

/** The input of commands that are about one person. */
export const person = z.strictObject({ userId: principalId });
/** The input of commands that take nothing: the organization is in the path. */
export const nothing = z.strictObject({});
