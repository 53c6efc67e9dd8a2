/** A subject's data key as it is stored: wrapped. */
export interface SubjectKey {
  /** UUID; another one when the subject gets a key again after the first was destroyed. */
  readonly kid: string;
  readonly wrapped: Uint8Array;
}

/** Where subjects' keys are kept. Destroying one makes everything under it unreadable, in every copy of the log. */
export abstract class SubjectKeyStore {
  /** A key for each of the subjects; of several callers at once one makes it and all get that one. Durable once answered. */
  abstract getOrCreate(
    subjects: readonly string[],
    make: (subject: string) => Promise<SubjectKey>,
  ): Promise<ReadonlyMap<string, SubjectKey>>;
  /** Some of all keys, by subject, after one. */
  abstract page(after: string, limit: number): Promise<ReadonlyMap<string, SubjectKey>>;
  /** Exchanges how a key is wrapped, unless it was destroyed or exchanged meanwhile. */
  abstract rewrap(subject: string, from: SubjectKey, wrapped: Uint8Array): Promise<void>;
  /** The keys that exist, by subject. */
  abstract get(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKey>>;
}
