import { orgDecisions } from '#libs/domain/org/decisions.js';
import { isRefusal } from '#libs/domain/decision.js';
import { realmOf } from '#libs/domain/access/documents.js';
import { holdsOver } from '#libs/domain/org/legal-holds.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { invitationsTo, type OrgState } from '#libs/domain/org/org.js';
import type { UserEvent } from '#libs/domain/user/user.js';
import type { Appender } from '../appender.js';
import type { Folds } from '../folds.js';
import { pinnedScheme } from '../pinned-scheme.js';
import type { Clock } from '../ports/clock.js';
import type { DestroyedKeys, ErasureStore, PendingErasure } from '../ports/erasures.js';
import { type EventStore, start } from '../ports/event-store.js';
import { emailIndexOf, type PersonalData } from '../ports/personal-data.js';
import { streamOf } from '../streams.js';
import { Consequences } from './consequences.js';
import type { FindErasureObstacles } from './obstacles.js';
import { addressIndexesIn, personalEventsOf } from './personal-events.js';

/** So that an event with as many ids stays far below 60 KiB. */
const IDS_IN_EVENT = 100;
const EMAIL = 'email-';

/** `waits` names what stands against it; `left` where something of the person is still to be found. */
export type ErasureProgress =
  | { readonly kind: 'verified' }
  | { readonly kind: 'waits'; readonly heldBy: readonly string[]; readonly lastOwnerOf: readonly string[] }
  | { readonly kind: 'left'; readonly places: readonly string[] };

/**
 * Carries out erasures that the log asks for: memberships end, each decided on the very revision that it is appended to;
 * the keys of the person and of their addresses are destroyed; the log says so, which deletes what read models hold; and
 * at last it is looked for everywhere. Every step may be repeated, so that a crash anywhere, or a second process, does no
 * harm: what is done is found in the log and beside it, not remembered here.
 */
export class Eraser {
  private readonly consequences: Consequences;

  constructor(
    private readonly store: EventStore,
    private readonly folds: Folds,
    appender: Appender,
    private readonly personalData: PersonalData,
    private readonly erasures: ErasureStore,
    private readonly obstacles: FindErasureObstacles,
    private readonly clock: Clock,
  ) {
    this.consequences = new Consequences(folds, appender, clock);
  }

  /** Takes every pending erasure as far as it gets. Answers what became of each; one that fails stops no other. */
  async round(): Promise<readonly (readonly [PendingErasure, ErasureProgress | { kind: 'failed'; error: unknown }])[]> {
    for (const subject of await this.erasures.destroyAgain()) this.personalData.forget(subject);
    const results = [];
    for (const request of await this.erasures.pending())
      results.push([
        request,
        await this.advance(request).catch((error: unknown) => ({ kind: 'failed', error }) as const),
      ] as const);
    return results;
  }

  private async advance(request: PendingErasure): Promise<ErasureProgress> {
    const { userId, realm, requestId } = request;
    const person = await this.folds.current('user', userId);
    const waiting = await this.obstaclesIn(userId, realm);
    const begun = person.state.user?.erasure?.requestId === requestId;
    if (!begun && waiting !== undefined) return waiting;
    const ids = begun ? [] : await this.erasures.organizationsOf(userId);
    for (const orgId of ids)
      if (!(await this.leave(request, orgId)))
        return (await this.obstaclesIn(userId, realm)) ?? { kind: 'waits', heldBy: [], lastOwnerOf: [] };
    const destroyed = await this.destroy(request);
    const emailIndexes = destroyed.subjects.flatMap((subject) =>
      subject.startsWith(EMAIL) ? [subject.slice(EMAIL.length)] : [],
    );
    for (const orgId of await this.erasures.organizationsInviting(emailIndexes))
      await this.uninvite(request, orgId, emailIndexes);
    await this.erasures.purge(userId, emailIndexes);
    return this.verify(request, destroyed);
  }

  private async obstaclesIn(userId: string, realm: string): Promise<ErasureProgress | undefined> {
    const found = await this.obstacles.of(userId, realm);
    const standing = found !== undefined && found.heldBy.length + found.lastOwnerOf.length > 0;
    return standing ? { kind: 'waits', ...found } : undefined;
  }

  /** False where a hold, or a role that must be held, has come in between. */
  private async leave(request: PendingErasure, orgId: string): Promise<boolean> {
    const { userId, realm } = request;
    let free = true;
    await this.consequences.append('org', orgId, request, async ({ state }) => {
      free = true;
      if (realmOf(state.org) !== realm || state.org.status !== 'active' || !state.members.has(userId)) return [];
      const decision = await this.removal(state, request);
      free = holdsOver(state, userId).length === 0 && !isRefusal(decision);
      return free && !isRefusal(decision) ? decision : [];
    });
    return free;
  }

  private async removal(state: OrgState, { userId, realm, requestedBy }: PendingErasure) {
    return orgDecisions.RemoveMember(
      state,
      { userId },
      {
        scheme: await pinnedScheme(this.folds, realm, state.org.scheme),
        newId: '',
        actor: requestedBy,
        realm,
        at: this.clock.now(),
        emailIndex: (address) => emailIndexOf(this.personalData, address),
        actorEmailIndex: null,
        byKey: false,
        newKey: () => {
          throw new Error('who erases issues no key');
        },
      },
    );
  }

  /**
   * Destroys keys until the log says so at the revision that was read before: an event with personal data that came in
   * between is under a key that is then destroyed as well.
   */
  private async destroy(request: PendingErasure): Promise<DestroyedKeys> {
    const { userId, requestId } = request;
    const stream = streamOf('user', userId);
    let destroyed: DestroyedKeys = { subjects: [], keyIds: [] };
    await this.consequences.append('user', userId, request, async ({ state }): Promise<readonly UserEvent[]> => {
      const done = state.user?.erasure?.requestId === requestId;
      const addresses = done ? [] : await this.addressesOf(userId);
      const subjects = done ? [] : [stream, ...addresses.map((index) => `${EMAIL}${index}`)];
      destroyed = await this.erasures.destroyKeys(userId, subjects);
      for (const subject of destroyed.subjects) this.personalData.forget(subject);
      if (done) return [];
      return [{ type: 'PersonErased', data: { userId, requestId, keyIds: [...destroyed.keyIds] } }];
    });
    return destroyed;
  }

  /** Indexes of every address that the person was ever known by; none once their key is destroyed. */
  private async addressesOf(userId: string): Promise<readonly string[]> {
    return addressIndexesIn(await personalEventsOf(this.store, this.personalData, userId), this.personalData);
  }

  private async uninvite(request: PendingErasure, orgId: string, emailIndexes: readonly string[]): Promise<void> {
    await this.consequences.append('org', orgId, request, ({ state }): readonly OrgEvent[] => {
      return emailIndexes.flatMap((emailIndex) => {
        const invited = invitationsTo(state, emailIndex).filter(({ addressErased }) => addressErased !== true);
        const events: OrgEvent[] = [];
        for (let from = 0; from < invited.length; from += IDS_IN_EVENT) {
          const some = invited.slice(from, from + IDS_IN_EVENT);
          const invitationIds = some.map(({ id }) => id);
          const canceledIds = some.filter(({ status }) => status === 'pending').map(({ id }) => id);
          events.push({ type: 'InvitedAddressErased', data: { emailIndex, invitationIds, canceledIds } });
        }
        return events;
      });
    });
  }

  private async verify(request: PendingErasure, destroyed: DestroyedKeys): Promise<ErasureProgress> {
    const { userId, requestId } = request;
    const person = await this.folds.current('user', userId);
    // Whoever has come back since, with a token of after the erasure, is known again by what that token says.
    const returned = person.state.user?.profileIndex != null;
    const places = await this.erasures.remains(userId, destroyed, {
      returned,
      upTo: (await this.store.head()) ?? start,
    });
    if (places === undefined || places.length > 0) return { kind: 'left', places: places ?? ['read models'] };
    await this.consequences.append('user', userId, request, ({ state }): readonly UserEvent[] => {
      const erasure = state.user?.erasure;
      if (erasure?.requestId !== requestId || erasure.verified) return [];
      return [{ type: 'PersonErasureVerified', data: { userId, requestId } }];
    });
    return { kind: 'verified' };
  }
}
