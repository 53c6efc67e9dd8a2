import { createHmac, createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { atMost } from '#libs/application/at-most.js';
import { origin, type Origin, type SealedOrigin } from '#libs/application/origin.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { type Indexes, PersonalData, type Unsealed } from '#libs/application/ports/personal-data.js';
import { parseStream, streamOf } from '#libs/application/streams.js';
import { userEvents } from '#libs/domain/user/user.js';
import type { KeyWrapping } from './key-wrapping.js';
import { personalFieldsOf, replaceAt } from './personal-fields.js';
import { openField, type SealingKey, sealedField, sealField } from './sealed-field.js';
import type { SubjectKey, SubjectKeyStore } from './subject-keys.js';

/** Stored personal data does not open: it was changed, moved, or the master key is another one. Not the same as erased. */
export class PersonalDataUnreadable extends Error {
  override readonly name = 'PersonalDataUnreadable';
}

/** What makes keyed digests. */
export interface IndexKeys {
  readonly index: KeyObject;
  /** From before rotations, the newest first. */
  readonly formerIndexes?: readonly KeyObject[];
}

/** Another process may destroy a key: this is how long it can go on serving here. */
const cachedForMs = 60_000;

/** Personal fields under a key per subject: the person whose stream it is, or the address that an event of another is about. */
export class Vault extends PersonalData {
  private readonly opened = new LRUCache<string, SealingKey>({
    ...atMost(20_000),
    ttl: cachedForMs,
  });
  private forgotten = 0;

  constructor(
    private readonly keys: IndexKeys,
    private readonly store: SubjectKeyStore,
    private readonly wrapping: KeyWrapping,
  ) {
    super();
  }

  async seal<E extends Unsealed>(events: readonly E[]): Promise<readonly E[]> {
    const personal = new Map(events.filter(hasPersonalValues).map((event) => [event, subjectOf(event)]));
    if (personal.size === 0) return events;
    const keys = await this.keysToSeal([...new Set(personal.values())]);
    return events.map((event) => {
      const key = keys.get(personal.get(event) ?? '');
      if (key === undefined) return event;
      const { stream, id: eventId, type, data } = event;
      const seal = (value: unknown, at: readonly string[]) => sealField(key, { stream, eventId, at }, value);
      return { ...event, data: replaceAt(data, fieldsOf(stream, type), seal) };
    });
  }

  async open(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    for (const event of events) this.noteDestroyed(event);
    const personal = events.filter(({ stream, type }) => fieldsOf(stream, type).length > 0);
    if (personal.length === 0) return events;
    const subjects = new Set(personal.map(subjectOf));
    const remembered = [...subjects].filter((subject) => this.opened.has(subject));
    const keys = await this.keysToOpen(subjects);
    const underOthers = new Set<string>();
    const opened = events.map((event) => openEvent(event, keys, (subject) => underOthers.add(subject)));
    // A remembered key may be one that was destroyed meanwhile, and followed by another.
    const outdated = remembered.filter((subject) => underOthers.has(subject));
    if (outdated.length === 0) return opened;
    for (const subject of outdated) this.forget(subject);
    const current = await this.keysToOpen(subjects);
    return events.map((event) => openEvent(event, current));
  }

  /** Under a key from memory too: if it was destroyed meanwhile, so is what is sealed here. */
  async sealOrigin(
    { id, isMachine }: { readonly id: string; readonly isMachine: boolean },
    correlation: string,
    value: Origin,
  ): Promise<string | undefined> {
    const stream = streamOf('user', id);
    const known = (await this.keysToOpen(new Set([stream]))).get(stream);
    const key = known ?? (isMachine ? (await this.keysToSeal([stream])).get(stream) : undefined);
    return key && JSON.stringify(sealField(key, placeOfOrigin(stream, correlation), value));
  }

  async openOrigins(origins: readonly SealedOrigin[]): Promise<readonly (Origin | null)[]> {
    const fields = origins.map((each) => ({
      ...each,
      stream: streamOf('user', each.actor),
      field: sealedField.parse(JSON.parse(each.sealed)),
    }));
    // As with events: a remembered key may be one that was destroyed meanwhile, and followed by another.
    for (const { stream, field } of fields) if (this.opened.get(stream)?.kid !== field.kid) this.forget(stream);
    const keys = await this.keysToOpen(new Set(fields.map(({ stream }) => stream)));
    return fields.map(({ stream, correlation, field }) => {
      const current = keys.get(stream);
      if (current?.kid !== field.kid) return null;
      try {
        return origin.parse(openField(current.key, placeOfOrigin(stream, correlation), field));
      } catch (error) {
        throw new PersonalDataUnreadable(`the origin of request ${correlation} does not open`, { cause: error });
      }
    });
  }

  indexes(purpose: string, value: string): Indexes {
    const under = (key: KeyObject) => createHmac('sha256', key).update(`${purpose}\u0000${value}`).digest('base64url');
    const { index, formerIndexes = [] } = this.keys;
    return [under(index), ...formerIndexes.map(under)];
  }

  forget(subject: string): void {
    this.opened.delete(subject);
    this.forgotten += 1;
  }

  /** Another process has destroyed keys, and the log says so before this one's memory of them ends. */
  private noteDestroyed({ type, stream, data }: StoredEvent): void {
    if (type !== 'PersonErased' || parseStream(stream).category !== 'user') return;
    const { keyIds } = userEvents.PersonErased.parse(data);
    for (const [subject, { kid }] of this.opened.entries()) if (keyIds.includes(kid)) this.forget(subject);
  }

  /** Never from memory: what is sealed under a key that was destroyed meanwhile could never be read. */
  private async keysToSeal(subjects: readonly string[]): Promise<ReadonlyMap<string, SealingKey>> {
    const { forgotten } = this;
    const stored = await this.store.getOrCreate(subjects, (subject) => this.newKey(subject));
    const keys = new Map<string, SealingKey>();
    for (const [subject, key] of stored) keys.set(subject, await this.unwrap(subject, key, forgotten));
    return keys;
  }

  private async keysToOpen(subjects: ReadonlySet<string>): Promise<ReadonlyMap<string, SealingKey>> {
    const keys = new Map<string, SealingKey>();
    const missing: string[] = [];
    for (const subject of subjects) {
      const known = this.opened.get(subject);
      if (known === undefined) missing.push(subject);
      else keys.set(subject, known);
    }
    if (missing.length === 0) return keys;
    const { forgotten } = this;
    for (const [subject, key] of await this.store.get(missing))
      keys.set(subject, await this.unwrap(subject, key, forgotten));
    return keys;
  }

  private async newKey(subject: string): Promise<SubjectKey> {
    const kid = randomUUID();
    return { kid, wrapped: await this.wrapping.wrap(subject, kid, randomBytes(32)) };
  }

  /** Remembers the key unless one was forgotten since it was looked up: it might be this one. */
  private async unwrap(subject: string, stored: SubjectKey, forgottenBefore: number): Promise<SealingKey> {
    const bytes = await this.wrapping.unwrap(subject, stored);
    if (bytes === undefined)
      throw new PersonalDataUnreadable(
        `the key of ${subject} does not open: it was made under another master key, or changed`,
      );
    const key = { kid: stored.kid, key: createSecretKey(bytes) };
    if (this.forgotten === forgottenBefore) this.opened.set(subject, key);
    return key;
  }
}

/**
 * Whose key an event's personal fields are under. An address that is not known as a person's yet is a subject by its keyed
 * index: erasing a person includes the address.
 */
function subjectOf({ stream, data }: { readonly stream: string; readonly data: unknown }): string {
  if (parseStream(stream).category === 'user') return stream;
  const index = typeof data === 'object' && data !== null && 'emailIndex' in data ? data.emailIndex : undefined;
  if (typeof index !== 'string') throw new Error(`${stream}: a personal field of nobody`);
  return `email-${index}`;
}

/** No event has the id of a request: what is sealed of the one opens nowhere as the other. */
const placeOfOrigin = (stream: string, correlation: string) => ({ stream, eventId: correlation, at: ['origin'] });

const fieldsOf = (stream: string, type: string) => personalFieldsOf(parseStream(stream).category, type);

function hasPersonalValues({ stream, type, data }: Unsealed): boolean {
  let values = 0;
  replaceAt(data, fieldsOf(stream, type), () => {
    values += 1;
  });
  return values > 0;
}

/** A field under a key that no longer exists becomes null. */
function openEvent(
  event: StoredEvent,
  keys: ReadonlyMap<string, SealingKey>,
  onOtherKey: (subject: string) => void = () => {},
): StoredEvent {
  const fields = fieldsOf(event.stream, event.type);
  if (fields.length === 0) return event;
  const { stream, id: eventId } = event;
  const subject = subjectOf(event);
  const current = keys.get(subject);
  const data = replaceAt(event.data, fields, (value, at) => {
    const field = sealedField.safeParse(value);
    if (!field.success) throw unreadable(event, at);
    if (current?.kid !== field.data.kid) {
      onOtherKey(subject);
      return null;
    }
    try {
      return openField(current.key, { stream, eventId, at }, field.data);
    } catch (error) {
      throw unreadable(event, at, error);
    }
  });
  return { ...event, data };
}

function unreadable({ stream, revision }: StoredEvent, at: readonly string[], cause?: unknown): Error {
  const message = `${at.join('.')} of event ${revision} in ${stream} does not open: it was changed, or belongs elsewhere`;
  return new PersonalDataUnreadable(message, { cause });
}
