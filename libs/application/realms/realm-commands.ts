import type { CommandRequest } from '../command-request.js';
import type { CommandOutcome } from '../outcome.js';
import type { CommandPipeline } from '../pipeline.js';
import { EventStoreUnavailable } from '../ports/event-store.js';
import type { HostedRealms } from './hosted-realms.js';
import type { RealmRegistry } from './realm-registry.js';

/**
 * Executes commands that bear on more than one realm's stream: what must be one realm's alone is claimed in the home
 * realm's stream before the command is appended, by whom it would be done for. All others pass.
 */
export class RealmCommands {
  constructor(
    private readonly commands: Pick<CommandPipeline, 'execute'>,
    private readonly registry: RealmRegistry,
    private readonly hosted: Pick<HostedRealms, 'refresh'>,
  ) {}

  async execute(request: CommandRequest): Promise<CommandOutcome> {
    const [step] = request.steps;
    try {
      if (step?.name === 'CreateRealm') return await this.createRealm(request, step.input.realmId);
      if (step?.name === 'SetRealmIssuers') return await this.setIssuers(request, step.input.issuers);
      const outcome = await this.commands.execute(request);
      if (step?.name === 'SetLoginMethods' || step?.name === 'SetSignUpRules')
        await this.hosted.refresh(request.caller.realm);
      return outcome;
    } catch (error) {
      if (error instanceof EventStoreUnavailable) return { kind: 'unavailable' };
      throw error;
    }
  }

  private async createRealm(request: CommandRequest, realmId: string): Promise<CommandOutcome> {
    const judged = await this.commands.execute({ ...request, dryRun: true });
    if (judged.kind !== 'done') return judged;
    const { home } = this.registry;
    if (request.caller.realm !== home) return { kind: 'refused', code: 'realm_not_home', step: 0 };
    if (await this.registry.isConfigured(realmId)) return { kind: 'refused', code: 'realm_exists', step: 0 };
    if (request.dryRun) return judged;
    const outcome = await this.commands.execute(request);
    // There the realm's own stream begins; where that fails, it is tried again by every process.
    if (outcome.kind === 'done') await this.hosted.refresh(home);
    return outcome;
  }

  private async setIssuers(
    request: CommandRequest,
    wanted: readonly { readonly issuer: string }[],
  ): Promise<CommandOutcome> {
    const judged = await this.commands.execute({ ...request, dryRun: true });
    if (judged.kind !== 'done') return judged;
    const { realm } = request.caller;
    const issuers = wanted.map(({ issuer }) => issuer);
    const free = request.dryRun
      ? !(await this.registry.isElsewhere(realm, issuers))
      : await this.registry.claim(realm, issuers);
    if (!free) return { kind: 'refused', code: 'issuer_elsewhere', step: 0 };
    if (request.dryRun) return judged;
    const outcome = await this.commands.execute(request);
    await this.hosted.refresh(realm);
    return outcome;
  }
}
