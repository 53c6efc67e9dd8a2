import { createHash } from 'node:crypto';
import { realmOf } from '#libs/domain/access/documents.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { allKeysOf, type VirtualKey } from '../credentials/virtual-key.js';
import type { Folds } from '../folds.js';
import type { Clock } from '../ports/clock.js';
import type { CredentialIssuer } from '../ports/credential-issuer.js';
import type { StoredEvent } from '../ports/event-store.js';
import { pinnedScheme } from '../pinned-scheme.js';
import type { SecretKeeper } from '../ports/secret-keeper.js';
import { parseStream } from '../streams.js';
import { type Concern, type Due, type Reacted, Reaction } from './reaction.js';

const touches = /^(Environment|Model|ProviderKey|Org)/;

/**
 * Tells whoever accepts virtual keys what each of an organization's environments' keys is good for: a new key, then every
 * change of it, and its end. A key itself is destroyed here once it was told; what was told is not told again.
 */
export class EnvironmentCredentials extends Reaction {
  override readonly name = 'environment-credentials';

  constructor(
    private readonly folds: Folds,
    private readonly secrets: Pick<SecretKeeper, 'open' | 'destroy'>,
    private readonly issuer: CredentialIssuer,
    private readonly clock: Clock,
  ) {
    super();
  }

  override concernOf({ stream, type }: StoredEvent): Concern | undefined {
    const { category, id } = parseStream(stream);
    if (category !== 'org') return undefined;
    if (type === 'EnvironmentCredentialIssued') return { key: id, does: 'begins' };
    return touches.test(type) ? { key: id, does: 'touches' } : undefined;
  }

  override async react({ key: orgId }: Due, signal: AbortSignal): Promise<Reacted> {
    const { state } = await this.folds.current('org', orgId);
    const wanted = await this.wanted(state);
    const issued = new Map((await this.issuer.issued(orgId)).map((one) => [one.credentialId, one.told]));
    const ids = new Set(wanted.map(({ credentialId }) => credentialId));
    for (const credentialId of issued.keys())
      if (!ids.has(credentialId)) await this.issuer.withdraw({ orgId, credentialId }, signal);
    let told = 0;
    for (const key of wanted) if (await this.tell(key, issued.get(key.credentialId), signal)) told += 1;
    return { outcome: `${told}/${wanted.length}`, restMs: 0 };
  }

  private async wanted(state: OrgState): Promise<readonly VirtualKey[]> {
    const { org } = state;
    if (org.status !== 'active') return [];
    return allKeysOf(state, await pinnedScheme(this.folds, realmOf(org), org.scheme), this.clock.now());
  }

  private async tell(key: VirtualKey, before: string | null | undefined, signal: AbortSignal): Promise<boolean> {
    const state = createHash('sha256').update(JSON.stringify(key)).digest('base64url');
    const place = { orgId: key.orgId, secretId: key.credentialId };
    const secret = (await this.secrets.open(place))?.key;
    // A key that is neither kept nor known there is lost, as after a restore: it has to be rotated.
    if (secret === undefined && before == null) return false;
    if (before !== state) await this.issuer.put(key, secret, state, signal);
    if (secret !== undefined) await this.secrets.destroy(place);
    return before !== state;
  }
}
