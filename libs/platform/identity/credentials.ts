import { KEY_PREFIX } from '#libs/application/key-text.js';
import type { KeyCallers } from '#libs/application/key-callers.js';
import type { MachineTokens } from './machine-tokens.js';
import type { TokenVerifier } from './token-verifier.js';
import { refused, type Verification } from './verification.js';

const scheme = /^bearer +(\S+)\s*$/i;

/** Who a request's `Authorization` header says is asking: a person by an issuer's token, a machine by a key or its token. */
export class Credentials {
  constructor(
    private readonly people: TokenVerifier,
    private readonly machines: KeyCallers,
    private readonly machineTokens: MachineTokens,
  ) {}

  async verify(authorization: string | undefined): Promise<Verification> {
    const [, credential = ''] = scheme.exec(authorization ?? '') ?? [];
    if (credential.startsWith(KEY_PREFIX)) {
      const caller = await this.machines.byKey(credential);
      return caller === undefined ? refused('unknown_key') : { ok: true, caller };
    }
    if (!this.machineTokens.isOne(credential)) return this.people.verify(authorization);
    const token = await this.machineTokens.verify(credential);
    if (typeof token === 'string') return refused(token);
    const caller = await this.machines.byToken(token.key, token.expiresAtMs);
    return caller === undefined ? refused('unknown_key') : { ok: true, caller };
  }
}
