import type { CommandOutcome } from './outcome.js';
import { isRealmCommandName } from './command-table.js';
import type { CommandPipeline, CommandRequest, Step } from './pipeline.js';
import type { RealmPipeline, RealmStep } from './realm-pipeline.js';

export type AnyStep = Step | RealmStep;

/** Several steps are of one organization; a command of the realm comes alone. */
export interface AnyCommandRequest extends Omit<CommandRequest, 'steps'> {
  readonly steps: readonly AnyStep[];
}

/** Every command, on the path of the stream that it appends to. */
export class Commands {
  constructor(
    private readonly ofOrgs: Pick<CommandPipeline, 'execute'>,
    private readonly ofRealms: Pick<RealmPipeline, 'execute'>,
  ) {}

  execute({ steps, orgId, ...request }: AnyCommandRequest): Promise<CommandOutcome> {
    const [first] = steps;
    if (first !== undefined && isRealmStep(first)) return this.ofRealms.execute({ ...request, step: first });
    return this.ofOrgs.execute({ ...request, orgId, steps: steps.filter((step): step is Step => !isRealmStep(step)) });
  }
}

const isRealmStep = (step: AnyStep): step is RealmStep => isRealmCommandName(step.name);
