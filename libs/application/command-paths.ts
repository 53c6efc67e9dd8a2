import type { CommandRequest } from './command-request.js';
import { isUsageCommand } from './command-table.js';
import type { CommandOutcome } from './outcome.js';
import type { CommandPipeline } from './pipeline.js';
import type { UsagePipeline } from './usage/usage-pipeline.js';

/** Every command, on the path of what it appends to: usage folds nothing, all others are decided on a fold. */
export class CommandPaths {
  constructor(
    private readonly folded: Pick<CommandPipeline, 'execute'>,
    private readonly ofUsage: Pick<UsagePipeline, 'execute'>,
  ) {}

  execute(request: CommandRequest): Promise<CommandOutcome> {
    const [first] = request.steps;
    return (first !== undefined && isUsageCommand(first.name) ? this.ofUsage : this.folded).execute(request);
  }
}
