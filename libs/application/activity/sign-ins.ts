import { LRUCache } from 'lru-cache';
import { v7 } from 'uuid';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import { atMost } from '../at-most.js';
import type { Caller } from '../caller.js';
import { repeatedReadIdOf } from '../command-ids.js';
import type { CurrentAccess } from '../current-access.js';
import type { ActivityLog } from './activity-log.js';

const REMEMBERED = 50_000;

/**
 * Records in an organization's activity that one of its people came with a new credential, where the scheme has that audited
 * (V23). Each once, however many requests and processes it comes to. Keys are no sign-in: that they are issued stands there.
 */
export class SignIns {
  private readonly known = new LRUCache<string, true>(atMost(REMEMBERED));

  constructor(
    private readonly activity: ActivityLog,
    private readonly access: CurrentAccess,
  ) {}

  /** Throws EventStoreUnavailable; the next request then records it. */
  async came(caller: Caller, orgId: string, correlation: string): Promise<void> {
    if (caller.machine !== undefined || caller.apiKey !== undefined) return;
    // A session is of a credential that signed in when it entered.
    if (typeof caller.activeOrg === 'string') return;
    const { id: actor, realm, credential } = caller;
    const key = JSON.stringify([realm, actor, orgId, credential]);
    if (this.known.has(key)) return;
    const { realm: document, org, member } = await this.access.membership(realm, orgId, actor);
    // Not remembered: whoever only visits may become a member, while this process still sees the time before.
    if (org?.status !== 'active' || member === undefined || document === undefined) return;
    if (schemeOf(org.scheme, document).document.signIns === 'audited') {
      const id = repeatedReadIdOf([realm, actor, orgId, credential, 'sign-in']);
      const event = { type: 'SignedIn', data: {} } as const;
      const entry = { command: 'SignIn', commandId: v7(), correlation, scheme: nameOfScheme(org.scheme) };
      await this.activity.record({ event, caller, orgId, ...entry, role: member.role, id });
    }
    this.known.set(key, true);
  }
}
