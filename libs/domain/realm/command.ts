import type { z } from 'zod';
import type { CommandDefinition, DecisionContext } from '../command.js';
import type { Permission } from '../schemes/actions.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import type { RealmEvent } from './events.js';
import type { RealmState } from './state.js';

/** What a decider of the realm knows beside the folded realm. */
export interface RealmDecisionContext
  extends Pick<DecisionContext, 'scheme' | 'actor' | 'at' | 'emailIndex' | 'newId' | 'newKey'> {
  /** What stands against erasing the person whom the command names; undefined where nothing is known of them. */
  readonly erasure?: ErasureObstacles | undefined;
  /** Whether the sender would hold the permission in the realm under another scheme. */
  readonly mayUnder: (scheme: CompiledScheme, permission: Permission) => boolean;
}

/** Organizations of the realm, by id. */
export interface ErasureObstacles {
  readonly heldBy: readonly string[];
  /** Where the person is the last who holds a role that must be held. */
  readonly lastOwnerOf: readonly string[];
}

type RealmCommandDefinition<Schema extends z.ZodType> = CommandDefinition<
  RealmState,
  RealmEvent,
  Schema,
  RealmDecisionContext
>;

export const realmCommand = <Schema extends z.ZodType>(
  schema: Schema,
  decide: RealmCommandDefinition<Schema>['decide'],
): RealmCommandDefinition<Schema> => ({ schema, decide });
