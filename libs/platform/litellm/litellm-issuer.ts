import type { VirtualKey } from '#libs/application/credentials/virtual-key.js';
import { CredentialIssuer, type IssuedKey } from '#libs/application/ports/credential-issuer.js';
import { ReactionFailed } from '#libs/application/reactions/reaction.js';
import type { Secret } from '../secret.js';

/** Hashes of keys, by which the proxy's keys are named once the keys themselves are gone. */
interface KnownKeys extends Omit<CredentialIssuer, 'put'> {
  put(key: VirtualKey, secret: string | undefined, state: string | null, signal: AbortSignal): Promise<void>;
  hashOf(credentialId: string): Promise<string | undefined>;
}

export interface LiteLlmOptions {
  /** Of the proxy's admin API; no slash at the end. */
  readonly url: string;
  readonly masterKey: Secret<string>;
}

/** To LiteLLM an empty list of models means all of them; this name means none. */
const NO_MODELS = ['no-default-models'];

/**
 * Keeps the virtual keys of a LiteLLM proxy (`/key/generate`, `/key/update`, `/key/delete`). A model's id is the proxy's
 * `model_name`, an MCP server's id its `server_id` there. The hash is known here before the proxy knows the key, so that
 * whatever the proxy may have heard of can be taken back.
 */
export class LiteLlmIssuer extends CredentialIssuer {
  constructor(
    private readonly known: KnownKeys,
    private readonly options: LiteLlmOptions,
    private readonly now: () => number,
  ) {
    super();
  }

  override issued(orgId: string): Promise<readonly IssuedKey[]> {
    return this.known.issued(orgId);
  }

  override async put(key: VirtualKey, secret: string | undefined, state: string, signal: AbortSignal): Promise<void> {
    await this.known.put(key, secret, null, signal);
    const hash = await this.known.hashOf(key.credentialId);
    if (hash === undefined) throw new ReactionFailed('key_unknown');
    const settings = this.settingsOf(key);
    if (secret === undefined) await this.call('/key/update', { key: hash, ...settings }, signal);
    else await this.generate(hash, { key: secret, key_alias: key.credentialId, ...settings }, settings, signal);
    await this.known.put(key, undefined, state, signal);
  }

  override async withdraw(key: { orgId: string; credentialId: string }, signal: AbortSignal): Promise<void> {
    const hash = await this.known.hashOf(key.credentialId);
    // 404 says that it is gone already.
    if (hash !== undefined) await this.call('/key/delete', { keys: [hash] }, signal, [404]);
    await this.known.withdraw(key, signal);
  }

  /** A key that the proxy has made before, as its refusal of the alias says, is brought to what it is to be. */
  private async generate(hash: string, made: object, settings: object, signal: AbortSignal): Promise<void> {
    const status = await this.call('/key/generate', made, signal, [400, 409]);
    if (status >= 400) await this.call('/key/update', { key: hash, ...settings }, signal);
  }

  private settingsOf({ orgId, environmentId, expiresAt, blocked, models, mcpServers }: VirtualKey) {
    const left = expiresAt === undefined ? undefined : Math.ceil((Date.parse(expiresAt) - this.now()) / 1000);
    return {
      models: models.length === 0 ? NO_MODELS : models.map(({ id }) => id),
      object_permission: { mcp_servers: mcpServers.map(({ id }) => id) },
      blocked,
      ...(left === undefined ? {} : { duration: `${Math.max(left, 1)}s` }),
      metadata: { tenantry_org: orgId, tenantry_environment: environmentId },
    };
  }

  private async call(path: string, body: object, signal: AbortSignal, also: readonly number[] = []): Promise<number> {
    const { url, masterKey } = this.options;
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${masterKey.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
        redirect: 'error',
      });
      // What it answers may hold the key.
      await response.body?.cancel();
    } catch (error) {
      throw new ReactionFailed(signal.aborted ? 'timeout' : 'unreachable', error);
    }
    if (!response.ok && !also.includes(response.status)) throw new ReactionFailed(`status_${response.status}`);
    return response.status;
  }
}
