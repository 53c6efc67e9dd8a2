import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import type { Authorization } from './authorize.js';
import { meta } from './metadata.js';
import type { EventToAppend, Metadata } from './ports/event-store.js';

/** An event, the command that decided it, and what allowed that. */
export interface DecidedEvent extends Authorization {
  readonly event: { readonly type: string; readonly data: unknown };
  readonly command: string;
  /** What decided. */
  readonly scheme: CompiledScheme;
}

/** Events as they are appended: `metadata` is what all of a request's have in common. */
export const draftsOf = (
  events: readonly DecidedEvent[],
  eventId: (index: number) => string,
  metadata: Metadata,
): readonly EventToAppend[] =>
  events.map(({ event, command, scheme, role, evidence, breakGlass }, i) => ({
    ...event,
    id: eventId(i),
    metadata: {
      ...metadata,
      [meta.command]: command,
      [meta.scheme]: nameOfScheme(scheme.document),
      [meta.role]: role,
      [meta.evidence]: evidence.join(' '),
      ...(breakGlass === true ? { [meta.breakGlass]: 'true' } : {}),
      [meta.part]: `${i + 1}/${events.length}`,
    },
  }));
