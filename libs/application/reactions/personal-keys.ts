import type { ActivityEvent } from '#libs/domain/activity/activity.js';
import { personalKeyEvents } from '#libs/domain/user/api-keys.js';
import type { ActivityLog } from '../activity/activity-log.js';
import { followingIdOf } from '../command-ids.js';
import { meta, required } from '../metadata.js';
import type { EventStore, StoredEvent } from '../ports/event-store.js';
import type { Memberships } from '../ports/memberships.js';
import { parseStream, streamOf } from '../streams.js';
import { type Concern, type Due, type Reacted, Reaction, ReactionFailed } from './reaction.js';

/**
 * Records in the activity of each organization that a person belongs to that they created or revoked a key of their own to all of
 * them (V23); in that of the realm where they belong to none. The command that did it is what the entry names.
 */
export class PersonalKeyEntries extends Reaction {
  override readonly name = 'personal-key-entries';

  constructor(
    private readonly store: EventStore,
    private readonly memberships: Memberships,
    private readonly activity: Pick<ActivityLog, 'record'>,
  ) {
    super();
  }

  /** Each event by itself: none may stand for another. */
  override concernOf({ stream, type, revision }: StoredEvent): Concern | undefined {
    const { category, id } = parseStream(stream);
    if (category !== 'user' || !Object.hasOwn(personalKeyEvents, type)) return undefined;
    return { key: `${id}/${revision}`, does: 'begins' };
  }

  override async react({ key, revision }: Due): Promise<Reacted> {
    const stored = await this.eventAt(streamOf('user', key.slice(0, key.lastIndexOf('/'))), revision);
    const { metadata } = stored;
    const actor = required(metadata, 'actor');
    const realm = required(metadata, 'realm');
    const orgs = await this.memberships.of(realm, actor, stored.position);
    if (orgs === undefined) throw new ReactionFailed('read_models_behind');
    const { [meta.delegate]: delegate, [meta.origin]: origin } = metadata;
    const caller = {
      id: actor,
      realm,
      credential: required(metadata, 'credential'),
      activeOrg: null,
      ...(delegate === undefined ? {} : { delegate }),
      ...(origin === undefined ? {} : { origin }),
    };
    for (const orgId of orgs.length === 0 ? [undefined] : orgs)
      await this.activity.record({
        event: entryOf(stored),
        caller,
        orgId,
        command: required(metadata, 'command'),
        commandId: required(metadata, 'commandId'),
        // What the origin is sealed with.
        correlation: required(metadata, 'correlation'),
        causation: stored.id,
        id: followingIdOf(stored.id, orgId ?? ''),
      });
    return { outcome: `${orgs.length}`, restMs: 0 };
  }

  private async eventAt(stream: string, revision: bigint): Promise<StoredEvent> {
    for await (const [event] of this.store.read(stream, revision, 1)) if (event !== undefined) return event;
    throw new Error(`${stream} has no event ${revision}`);
  }
}

function entryOf({ type, data, metadata }: StoredEvent): ActivityEvent {
  const at = required(metadata, 'occurredAt');
  if (type === 'PersonalApiKeyRevoked') {
    const { userId, keyId } = personalKeyEvents.PersonalApiKeyRevoked.parse(data);
    return { type: 'PersonalKeyRevoked', data: { userId, keyId, at } };
  }
  const { userId, keyId, notAfter } = personalKeyEvents.PersonalApiKeyCreated.parse(data);
  return { type: 'PersonalKeyCreated', data: { userId, keyId, at, ...(notAfter === undefined ? {} : { notAfter }) } };
}
