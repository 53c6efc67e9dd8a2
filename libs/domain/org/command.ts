import { z } from 'zod';
import type { Decision } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { principalId } from '../text.js';
import type { OrgEvent } from './events.js';
import type { OrgState } from './org.js';

/** What a decider knows beside the folded organization. */
export interface DecisionContext {
  readonly scheme: CompiledScheme;
  /** The id for a thing that the command creates and the client has not named. */
  readonly newId: string;
  /** Who sends the command. */
  readonly actor: string;
  /** The realm that the command came to. */
  readonly realm: string;
  /** When the command is decided. Milliseconds. */
  readonly at: number;
  /** The keyed index of an address. */
  readonly emailIndex: (address: string) => string;
  /** Of the address that the sender's token shows as verified; null where it shows none. */
  readonly actorEmailIndex: string | null;
}

/** What a command takes, and its rules. Asking for what is already so yields no events; refusal codes are the prose. */
export interface OrgCommandDefinition<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly decide: (state: OrgState, input: z.output<Schema>, context: DecisionContext) => Decision<OrgEvent>;
}

export const orgCommand = <Schema extends z.ZodType>(
  schema: Schema,
  decide: OrgCommandDefinition<Schema>['decide'],
): OrgCommandDefinition<Schema> => ({ schema, decide });

/** The input of commands that are about one person. */
export const person = z.strictObject({ userId: principalId });
/** The input of commands that take nothing: the organization is in the path. */
export const nothing = z.strictObject({});
