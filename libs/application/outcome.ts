import type { Refusal, RefusalCode } from '#libs/domain/decision.js';
import type { Denied } from './denied.js';
import type { Folded } from './fold.js';
import type { StoredEvent } from './ports/event-store.js';

export interface CommandAnswer {
  readonly command: string;
  readonly commandId: string;
  readonly events: readonly { readonly id: string; readonly type: string; readonly data?: unknown }[];
  readonly stream: string;
  /** Revision of the stream's last event after the command, as a decimal string; "-1" for an empty stream. */
  readonly revision: string;
  readonly position: string;
  /** Ids of created things. */
  readonly result?: Readonly<Record<string, string>>;
}

/** What a dry run would have appended, as it would stand in the log, and the organization that it was decided on. */
export interface Planned {
  readonly onto: Folded<'org'>;
  readonly events: readonly StoredEvent[];
}

/** Everything that can come of a command; nothing else crosses the layer. */
export type CommandOutcome =
  | {
      readonly kind: 'done';
      readonly answer: CommandAnswer;
      readonly repeated: boolean;
      /** Of a dry run alone; not of one that repeats what was done before. */
      readonly planned?: Planned;
    }
  | Denied
  /** The caller may not know whether the thing exists: answered like a missing one. */
  | { readonly kind: 'hidden' }
  | ({
      readonly kind: 'refused';
      readonly code: RefusalCode;
      readonly step: number;
      /** What the refusal tells beside its code. */
    } & Omit<Refusal, 'refused'>)
  | { readonly kind: 'conflict' }
  | { readonly kind: 'precondition_failed'; readonly revision: string }
  | { readonly kind: 'idempotency_mismatch' }
  | { readonly kind: 'unavailable' };

/** Understood, and not allowed or not possible; whatever else is not done could not be decided. */
export type Refused = Extract<CommandOutcome, { kind: 'denied' | 'hidden' | 'refused' }>;

export const isRefused = (outcome: CommandOutcome): outcome is Refused =>
  outcome.kind === 'denied' || outcome.kind === 'hidden' || outcome.kind === 'refused';
