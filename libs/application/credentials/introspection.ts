import type {
  EnvironmentDocument,
  OrgDocument,
  RealmDocument,
  SettingsDocument,
} from '#libs/domain/access/documents.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { bearsOn, type Cap, capsOf, isReached, usedOf } from '#libs/domain/usage/caps.js';
import { dayOf } from '#libs/domain/usage/meters.js';
import type { Caller } from '../caller.js';
import type { Reading } from '../reading.js';
import type { Clock } from '../ports/clock.js';
import type { IssuedKeys } from '../ports/credential-issuer.js';
import type { DocumentSource } from '../ports/current-documents.js';
import type { Position } from '../ports/event-store.js';
import { streamOf } from '../streams.js';
import { looksLikeVirtualKey } from '../key-text.js';
import type { UsageTail } from '../usage/usage-tail.js';
import type { Parked, Stale } from '../view.js';
import { hashOfKey, keysOf, type VirtualKey } from './virtual-key.js';

export type Introspected =
  | { readonly kind: 'inactive' }
  | Stale
  | Parked
  | {
      readonly kind: 'active';
      readonly key: VirtualKey;
      readonly spendable: boolean;
      readonly limits: readonly Limit[];
    };

/** A budget or a limit of the plan that an environment's use counts against, with what is used of it. */
export interface Limit {
  readonly cap: Cap;
  /** In the limit's own units. */
  readonly usage: number;
}

const nothingUsed = { values: new Map<string, number>() };

/** Tells those who may ask about others in the organization what a virtual key is good for, as of all that this process has seen. */
export class Introspection {
  constructor(
    private readonly keys: IssuedKeys,
    private readonly documents: DocumentSource,
    private readonly reading: Pick<Reading, 'access'>,
    private readonly usage: Pick<UsageTail, 'now'>,
    private readonly clock: Clock,
  ) {}

  /** Whoever may not ask is told what is told of an unknown key. */
  async introspect(caller: Caller, token: string, after: Position | undefined): Promise<Introspected> {
    if (!looksLikeVirtualKey(token)) return { kind: 'inactive' };
    const found = await this.keys.find(hashOfKey(token));
    if (found === undefined) return { kind: 'inactive' };
    const { orgId, environmentId, credentialId } = found;
    const access = await this.reading.access(caller, 'decision:evaluate', { kind: 'org', orgId }, after);
    if (access.kind === 'stale' || access.kind === 'parked') return access;
    if (access.kind !== 'allowed') return { kind: 'inactive' };
    const stream = streamOf('org', orgId);
    const loaded = await this.documents.load(
      [
        { stream, kind: 'org', id: '' },
        { stream, kind: 'settings', id: '' },
        { stream, kind: 'environment', id: environmentId },
        { stream: streamOf('realm', caller.realm), kind: 'realm', id: '' },
      ],
      after,
    );
    if (loaded === undefined) return { kind: 'stale' };
    // Written by the projection of access documents, from the domain's types.
    const [org, settings, environment, realm] = loaded.documents as readonly [
      OrgDocument | undefined,
      SettingsDocument | undefined,
      EnvironmentDocument | undefined,
      RealmDocument | undefined,
    ];
    if (org === undefined || org.status !== 'active' || environment === undefined) return { kind: 'inactive' };
    const now = this.clock.now();
    const scheme = schemeOf(org.scheme, realm);
    const key = keysOf({ scheme, org, settings, environment }, now).find((one) => one.credentialId === credentialId);
    if (key === undefined || key.blocked) return { kind: 'inactive' };
    const capped = { plan: org.plan, budgets: settings?.budgets ?? {}, scheme };
    const caps = capsOf(capped, dayOf(now)).filter((cap) => bearsOn(cap, { environmentId }));
    const meters = caps.map(({ meter }) => meter);
    const { values } = caps.length === 0 ? nothingUsed : await this.usage.now(orgId, meters);
    return {
      kind: 'active',
      key,
      spendable: !caps.some((cap) => isReached(cap, values)),
      limits: caps.map((cap) => ({ cap, usage: usedOf(cap, values) })),
    };
  }
}
