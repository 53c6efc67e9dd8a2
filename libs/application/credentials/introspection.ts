import type {
  Budget,
  EnvironmentDocument,
  OrgDocument,
  RealmDocument,
  SettingsDocument,
} from '#libs/domain/access/documents.js';
import { own } from '#libs/domain/access/documents.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Caller } from '../caller.js';
import type { Checks } from '../checks.js';
import type { Clock } from '../ports/clock.js';
import type { IssuedKeys } from '../ports/credential-issuer.js';
import type { DocumentSource } from '../ports/current-documents.js';
import type { Position } from '../ports/event-store.js';
import { streamOf } from '../streams.js';
import { looksLikeVirtualKey } from '../key-text.js';
import type { Parked, Stale } from '../view.js';
import { hashOfKey, keysOf, type VirtualKey } from './virtual-key.js';

export type Introspected =
  | { readonly kind: 'inactive' }
  | Stale
  | Parked
  | { readonly kind: 'active'; readonly key: VirtualKey; readonly budgets: readonly CappingBudget[] };

/** A budget that an environment's use counts against. */
export interface CappingBudget extends Budget {
  readonly of: 'environment' | 'org';
}

/** Tells those who may ask about others in the organization what a virtual key is good for, as of all that this process has seen. */
export class Introspection {
  constructor(
    private readonly keys: IssuedKeys,
    private readonly documents: DocumentSource,
    private readonly checks: Pick<Checks, 'access'>,
    private readonly clock: Clock,
  ) {}

  /** Whoever may not ask is told what is told of an unknown key. */
  async introspect(caller: Caller, token: string, after: Position | undefined): Promise<Introspected> {
    if (!looksLikeVirtualKey(token)) return { kind: 'inactive' };
    const found = await this.keys.find(hashOfKey(token));
    if (found === undefined) return { kind: 'inactive' };
    const { orgId, environmentId, credentialId } = found;
    const access = await this.checks.access(caller, 'decision:evaluate', { kind: 'org', orgId }, after);
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
    const key = keysOf({ scheme: schemeOf(org.scheme, realm), org, settings, environment }, now).find(
      (one) => one.credentialId === credentialId,
    );
    if (key === undefined || key.blocked) return { kind: 'inactive' };
    return { kind: 'active', key, budgets: budgetsOf(settings, environmentId) };
  }
}

/** The tightest of them caps what is used. */
function budgetsOf(settings: SettingsDocument | undefined, environmentId: string): readonly CappingBudget[] {
  const { budgets = {} } = settings ?? {};
  const ofEnvironment = own(budgets, environmentId);
  const ofOrg = own(budgets, '');
  return [
    ...(ofEnvironment === undefined ? [] : [{ of: 'environment', ...ofEnvironment } as const]),
    ...(ofOrg === undefined ? [] : [{ of: 'org', ...ofOrg } as const]),
  ];
}
