import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '#libs/application/outcome.js';
import type { CommandRequest } from '#libs/application/command-request.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { ApiServices } from '../services.js';

/** What travels on the command bus: any command of the table. It says its own name; there is one way to handle it. */
export class RunCommand extends Command<CommandOutcome> {
  constructor(readonly request: CommandRequest) {
    super();
  }

  get name(): string {
    const [first, ...others] = this.request.steps;
    return first === undefined || others.length > 0 ? 'Batch' : first.name;
  }
}

@CommandHandler(RunCommand)
export class RunCommandHandler implements ICommandHandler<RunCommand> {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  async execute(command: RunCommand): Promise<CommandOutcome> {
    const began = performance.now();
    const { name, request } = command;
    const outcome = await this.traced(name, request);
    const ms = performance.now() - began;
    const what = outcomeOf(outcome);
    this.metrics.commands.inc({ command: name, outcome: request.dryRun ? 'dry_run' : what });
    this.metrics.commandSeconds.observe({ command: name }, ms / 1000);
    if (outcome.kind === 'denied') this.metrics.denials.inc({ permission: outcome.permission, reason: outcome.reason });
    const { correlation, dryRun, orgId, caller } = request;
    this.services.logger.debug(
      { command: name, outcome: what, dryRun, orgId, actor: caller.id, correlation, ms },
      'command',
    );
    return outcome;
  }

  private traced(name: string, request: CommandRequest): Promise<CommandOutcome> {
    const { pipeline, tracing } = this.services;
    if (!tracing.on) return pipeline.execute(request);
    return tracing.span(`command ${name}`, 'internal', { 'tenantry.command': name }, () =>
      pipeline.execute({ ...request, traceparent: tracing.current() }),
    );
  }
}

function outcomeOf(outcome: CommandOutcome): string {
  if (outcome.kind === 'refused') return outcome.code;
  return outcome.kind === 'done' && outcome.repeated ? 'repeated' : outcome.kind;
}
