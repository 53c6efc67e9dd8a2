import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import type { SecretReference } from '#libs/domain/org/fields.js';
import type { Caller } from '../caller.js';
import { secretIdOf } from '../command-ids.js';
import type { CommandRequest, Step } from '../command-request.js';
import type { CommandOutcome } from '../outcome.js';
import type { CommandPipeline } from '../pipeline.js';
import type { PersonalData } from '../ports/personal-data.js';
import { Credential } from './credential.js';
import type { UnkeptSecrets } from './unkept-secrets.js';

/** Executes commands whose inputs may hold secrets: all that follows sees references in their place. */
export class SealedCommands {
  constructor(
    private readonly commands: Pick<CommandPipeline, 'execute'>,
    private readonly unkept: UnkeptSecrets,
    private readonly personalData: Pick<PersonalData, 'index'>,
  ) {}

  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const { caller, orgId = '', idempotencyKey } = request;
    const key = idempotencyKey ?? v7();
    const issued: { readonly credential: Credential; readonly credentialId: string }[] = [];
    const steps = request.steps.map((step, index) => {
      const credential: unknown = Reflect.get(step.input, 'credential');
      if (!(credential instanceof Credential)) return step;
      const reference = this.referenceTo(credential, { caller, orgId, key, index });
      this.unkept.add(reference, credential);
      if (credential.generated) issued.push({ credential, credentialId: reference.secretId });
      // The command's own schema is that of the client's input with the reference in the credential's place.
      return { ...step, input: { ...step.input, credential: reference } } as Step;
    });
    const outcome = await this.commands.execute({ ...request, steps });
    const [only] = issued;
    const shown = only?.credential.shownOnce;
    if (outcome.kind !== 'done' || outcome.repeated || only === undefined || shown === undefined) return outcome;
    const { answer } = outcome;
    const result = { ...answer.result, credentialId: only.credentialId, key: shown };
    return { ...outcome, answer: { ...answer, result } };
  }

  /** The same one for a repeat under the same key, until the index key is exchanged; keyed throughout, so that nothing in it confirms a guess. */
  private referenceTo(
    credential: Credential,
    { caller, orgId, key, index }: { caller: Caller; orgId: string; key: string; index: number },
  ): SecretReference {
    if (credential.generated) {
      const secretId = secretIdOf([caller.realm, caller.id, orgId, key, index]);
      return { secretId, fingerprint: createHash('sha256').update(secretId).digest('base64url'), lastFour: {} };
    }
    const fields = Object.entries(credential.reveal()).sort(([a], [b]) => (a < b ? -1 : 1));
    // With the organization in it, two of them cannot be told to hold the same secret.
    const fingerprint = this.personalData.index('secret', JSON.stringify([orgId, fields]));
    const secretId = secretIdOf([caller.realm, caller.id, orgId, key, index, fingerprint]);
    return { secretId, fingerprint, lastFour: credential.lastFour() };
  }
}
