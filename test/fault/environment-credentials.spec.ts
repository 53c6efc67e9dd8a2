import { createSecretKey, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Credential } from '#libs/application/secrets/credential.js';
import { Folds } from '#libs/application/folds.js';
import { CredentialIssuer } from '#libs/application/ports/credential-issuer.js';
import { EnvironmentCredentials } from '#libs/application/reactions/environment-credentials.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { LiteLlmIssuer } from '#libs/platform/litellm/litellm-issuer.js';
import { Secret } from '#libs/platform/secret.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { PostgresIssuedKeys } from '#libs/readstore/issued-keys.js';
import { migrate } from '#libs/readstore/migrations.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { rowsOf } from '#libs/readstore/sql.js';
import { MasterKeys } from '#libs/vault/key-wrapping.js';
import { SecretVault } from '#libs/vault/secret-vault.js';
import { startTestApi } from '../support/api.js';
import { LiteLlm } from '../support/litellm.js';
import { MemoryEventStore } from '../support/memory-event-store.js';
import { type FreshDatabase, freshDatabase } from '../support/postgres.js';
import { secretReferenceTo } from '../support/secret-reference.js';
import { TestClock } from '../support/world.js';
import { until } from './projector-support.js';

/** Each call of the reaction on a port is counted; one of them dies: before it, or after it, when its effect has happened. */
class Calls {
  made = 0;
  constructor(
    private readonly dies = -1,
    private readonly when: 'before' | 'after' = 'before',
  ) {}

  async call<T>(effect: () => Promise<T>): Promise<T> {
    const dies = this.made++ === this.dies;
    if (dies && this.when === 'before') throw new Error('died');
    const answer = await effect();
    if (dies) throw new Error('died');
    return answer;
  }
}

class CountedIssuer extends CredentialIssuer {
  constructor(
    private readonly inner: CredentialIssuer,
    private readonly calls: Calls,
  ) {
    super();
  }
  override issued(...args: Parameters<CredentialIssuer['issued']>) {
    return this.calls.call(() => this.inner.issued(...args));
  }
  override put(...args: Parameters<CredentialIssuer['put']>) {
    return this.calls.call(() => this.inner.put(...args));
  }
  override withdraw(...args: Parameters<CredentialIssuer['withdraw']>) {
    return this.calls.call(() => this.inner.withdraw(...args));
  }
}

let fresh: FreshDatabase;
let db: Database;
let proxy: LiteLlm;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = openDatabase(fresh.url, { poolSize: 1 });
  await migrate(db);
});
beforeEach(async () => {
  proxy = await new LiteLlm().open();
});
afterEach(() => proxy.close());
afterAll(async () => {
  await db?.destroy();
  await fresh?.drop();
});

const clock = new TestClock();
const keys = { master: createSecretKey(Buffer.alloc(32, 1)), index: createSecretKey(Buffer.alloc(32, 2)) };
const scheme = { id: 'enterprise', version: 1 };
const live = { environmentId: 'live' };

/** One organization with a log of its own, told to the proxy stage by stage; whoever dies is followed by another. */
class Story {
  private readonly orgId = `org-${randomUUID()}`;
  private readonly store = new MemoryEventStore();
  private readonly vault = new SecretVault(new PostgresSecrets(db), new MasterKeys(keys));
  readonly made = { first: this.key(), second: this.key(), gone: this.key() };

  constructor(private readonly calls: Calls) {}

  async tell(): Promise<void> {
    const { first, second, gone } = this.made;
    for (const { reference, secret } of Object.values(this.made))
      await this.vault.keep({ orgId: this.orgId, secretId: reference.secretId }, { key: secret }, 0n);
    const until = new Date(clock.now() + 3_600_000).toISOString();
    await this.stage(
      { type: 'OrgCreated', data: { orgId: this.orgId, name: 'O', scheme, owner: { userId: 'o', role: 'org.owner' } } },
      { type: 'EnvironmentCreated', data: { ...live, name: 'Live' } },
      { type: 'EnvironmentCreated', data: { environmentId: 'gone', name: 'Gone' } },
      { type: 'ProviderKeyAdded', data: { keyId: 'k', provider: 'p', name: 'K', credential: secretReferenceTo('k') } },
      { type: 'ModelAdded', data: { ...live, modelId: 'gpt', provider: 'p', name: 'GPT' } },
      { type: 'EnvironmentCredentialIssued', data: { ...live, credential: first.reference } },
      { type: 'EnvironmentCredentialIssued', data: { environmentId: 'gone', credential: gone.reference } },
    );
    expect(proxy.knows(first.secret)).toMatchObject({
      models: ['gpt'],
      blocked: false,
      metadata: { tenantry_org: this.orgId, tenantry_environment: 'live' },
    });
    expect(proxy.knows(gone.secret)).toMatchObject({ models: ['no-default-models'] });
    await this.stage(
      { type: 'EnvironmentMcpServerAdded', data: { ...live, serverId: 'crm', name: 'C', url: 'https://mcp.test' } },
      { type: 'EnvironmentCredentialRotated', data: { ...live, credential: second.reference, formerUntil: until } },
      { type: 'EnvironmentDeleted', data: { environmentId: 'gone' } },
    );
    expect(proxy.knows(first.secret)?.duration).toMatch(/^3[56]\d\ds$/);
    expect(proxy.knows(second.secret)).toMatchObject({
      models: ['gpt'],
      object_permission: { mcp_servers: ['crm'] },
    });
    expect([proxy.knows(second.secret)?.duration, proxy.knows(gone.secret)]).toEqual([undefined, undefined]);
    await this.stage({ type: 'ProviderKeyRemoved', data: { keyId: 'k' } }, { type: 'OrgSuspended', data: {} });
    expect(proxy.knows(second.secret)).toMatchObject({ models: ['no-default-models'], blocked: true });
    await this.stage({ type: 'OrgDeleted', data: {} });
    expect(proxy.keys.size).toBe(0);
    const left = `select 1 from durable.environment_credentials where org_id = $1
      union all select 1 from durable.secrets where org_id = $1`;
    expect(await rowsOf(db, left, [this.orgId])).toEqual([]);
  }

  /** The proxy makes a key and nobody hears of it; what the key is good for changes before it is told again. */
  async changedMeanwhile(): Promise<void> {
    const { reference, secret } = this.made.first;
    await this.vault.keep({ orgId: this.orgId, secretId: reference.secretId }, { key: secret }, 0n);
    const model = (modelId: string): OrgEvent => ({
      type: 'ModelAdded',
      data: { ...live, modelId, provider: 'p', name: modelId },
    });
    await this.append(
      { type: 'OrgCreated', data: { orgId: this.orgId, name: 'O', scheme, owner: { userId: 'o', role: 'org.owner' } } },
      { type: 'EnvironmentCreated', data: { ...live, name: 'Live' } },
      { type: 'ProviderKeyAdded', data: { keyId: 'k', provider: 'p', name: 'K', credential: secretReferenceTo('k') } },
      model('gpt'),
      { type: 'EnvironmentCredentialIssued', data: { ...live, credential: reference } },
    );
    proxy.losesAnswer = 0;
    await expect(this.react()).rejects.toThrow('unreachable');
    await this.append(model('sonnet'));
    await this.react();
    expect(proxy.knows(secret)?.models).toEqual(['gpt', 'sonnet']);
  }

  private key() {
    const reference = { ...secretReferenceTo(randomUUID()), lastFour: {} };
    return { reference, secret: Credential.newKey().reveal().key ?? '' };
  }

  private async append(...events: readonly OrgEvent[]): Promise<void> {
    const metadata = { occurredAt: new Date(clock.now()).toISOString(), commandId: randomUUID(), part: '1/1' };
    const stored = events.map((event) => ({ ...event, id: randomUUID(), metadata }));
    await this.store.append(`org-${this.orgId}`, 'any', stored);
  }

  private async react(): Promise<void> {
    await this.reaction().react({ key: this.orgId, revision: 0n }, new AbortController().signal);
  }

  private async stage(...events: readonly OrgEvent[]): Promise<void> {
    await this.append(...events);
    for (let tries = 0; ; tries++)
      try {
        await this.react();
        return;
      } catch (error) {
        if (tries > 1) throw error;
      }
  }

  /** As a process that has just started would have it. */
  private reaction(): EnvironmentCredentials {
    const { vault, calls } = this;
    const options = { url: proxy.url, masterKey: new Secret(proxy.masterKey) };
    const issuer = new LiteLlmIssuer(new PostgresIssuedKeys(db), options, () => clock.now());
    const secrets = {
      open: (...args: Parameters<SecretVault['open']>) => calls.call(() => vault.open(...args)),
      destroy: (...args: Parameters<SecretVault['destroy']>) => calls.call(() => vault.destroy(...args)),
    };
    return new EnvironmentCredentials(new Folds(this.store), secrets, new CountedIssuer(issuer, calls), clock);
  }
}

describe('virtual keys of a LiteLLM proxy', () => {
  it('T33, T34: follow their environments, whoever dies at whichever call on a port, before or after its effect', async () => {
    const calm = new Calls();
    await new Story(calm).tell();
    expect(calm.made).toBeGreaterThan(20);
    for (let call = 0; call < calm.made; call++)
      for (const when of ['before', 'after'] as const) await new Story(new Calls(call, when)).tell();
  }, 60_000);

  it('follow their environments, whichever answer of the proxy is lost', async () => {
    await new Story(new Calls()).tell();
    const { length } = proxy.calls;
    expect(length).toBeGreaterThan(6);
    for (let call = 0; call < length; call++) {
      proxy.calls.length = 0;
      proxy.losesAnswer = call;
      await new Story(new Calls()).tell();
    }
  }, 60_000);

  it('are brought to what has changed since the proxy made one unheard', () =>
    new Story(new Calls()).changedMeanwhile());

  it('are told to the proxy that is configured, and again once it is back', async () => {
    const environment = { LITELLM_URL: proxy.url, LITELLM_MASTER_KEY: proxy.masterKey };
    const api = await startTestApi({ environment });
    try {
      const send = async (sub: string, target: string, name: string, body: unknown) => {
        const authorization = await api.bearer(sub, sub === 'root' ? { email: 'admin@localhost' } : {});
        const answer = await api.http.send({
          path: `/v1/${target}/commands/${name}`,
          headers: { authorization },
          body,
        });
        expect([name, answer.status]).toEqual([name, 200]);
        return JSON.parse(answer.text).result?.key as string;
      };
      await send('root', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
      await send('olga', 'orgs/acme', 'CreateEnvironment', { ...live, name: 'Live' });
      const key = await send('olga', 'orgs/acme', 'IssueEnvironmentCredential', live);
      await until(async () => proxy.knows(key) !== undefined);
      await proxy.close();
      await send('olga', 'orgs/acme', 'RevokeEnvironmentCredential', live);
      await proxy.open();
      await until(async () => proxy.knows(key) === undefined);
    } finally {
      await api.stop();
    }
  }, 60_000);
});
