import type { z } from 'zod';
import type { IssuedKey, RealmDocument } from './access/documents.js';
import type { Decision } from './decision.js';
import type { KeyPlace } from './keys.js';
import type { CompiledScheme } from './schemes/compiled.js';

/** What a decider knows beside the folded aggregate. */
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
  /** Whether the sender is known by an own key, and not signed in. */
  readonly byKey: boolean;
  /** Whether the sender's session is in one organization. */
  readonly inSession?: boolean;
  /** Makes the text of a key, which decides nothing and stands in no event: what the log holds of it. */
  readonly newKey: (place: KeyPlace) => Pick<IssuedKey, 'fingerprint' | 'lastFour'>;
  /** The realm; undefined on a first try, whose refusal is not the answer. */
  readonly realmDocument?: RealmDocument | undefined;
}

/** What a command takes, and its rules. Asking for what is already so yields no events; refusal codes are the prose. */
export interface CommandDefinition<State, Event, Schema extends z.ZodType, Context = DecisionContext> {
  readonly schema: Schema;
  readonly decide: (state: State, input: z.output<Schema>, context: Context) => Decision<Event>;
}

type Definitions = Readonly<Record<string, { readonly schema: unknown; readonly decide: unknown }>>;

/** The schemas, or the rules, of definitions by name: each name keeps its own. */
export const partsOf = <All extends Definitions, Part extends 'schema' | 'decide'>(definitions: All, part: Part) =>
  Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, definition[part]])) as {
    readonly [Name in keyof All]: All[Name][Part];
  };
