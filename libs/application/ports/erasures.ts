import type { Position } from './event-store.js';

/** Somebody has asked for a person to be erased, and it was not verified yet that nothing is left. */
export interface PendingErasure {
  /** Id of the event that asked for it. */
  readonly requestId: string;
  readonly userId: string;
  readonly realm: string;
  readonly requestedBy: string;
  /** The command that asked for it. */
  readonly command: string;
  readonly correlation: string;
}

/** What was destroyed of a person, at this time or before. */
export interface DestroyedKeys {
  /** What the keys were of: the person's stream, and addresses by their index. */
  readonly subjects: readonly string[];
  readonly keyIds: readonly string[];
}

/** Where personal data stands beside the log. Destroying keys is durable once answered; everything may be repeated. */
export abstract class ErasureStore {
  /** The oldest first. */
  abstract pending(): Promise<readonly PendingErasure[]>;
  /** Every organization whose log names the person, as far as the read models have seen. */
  abstract organizationsOf(userId: string): Promise<readonly string[]>;
  /** Every organization that has invited one of the addresses, as far as the read models have seen. */
  abstract organizationsInviting(emailIndexes: readonly string[]): Promise<readonly string[]>;
  /** Destroys the keys of these subjects, and keeps in mind that they were the person's. */
  abstract destroyKeys(userId: string, subjects: readonly string[]): Promise<DestroyedKeys>;
  /** Destroys what a restored backup has brought back. Answers the subjects whose keys that were. */
  abstract destroyAgain(): Promise<readonly string[]>;
  /** Deletes rows of the person where the projector does not. */
  abstract purge(userId: string, emailIndexes: readonly string[]): Promise<void>;
  /**
   * Where something of the person is left once the read models hold everything `upTo` a position; undefined while they do
   * not. Of somebody who has `returned`, what live read models show is of after the erasure.
   */
  abstract remains(
    userId: string,
    destroyed: DestroyedKeys,
    when: { readonly returned: boolean; readonly upTo: Position },
  ): Promise<readonly string[] | undefined>;
}
