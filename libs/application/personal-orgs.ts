import { v4 as randomId } from 'uuid';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Caller } from './caller.js';
import { isPersonalOrgId, personalOrgIdOf } from './command-ids.js';
import type { Folds } from './folds.js';
import type { CommandPipeline } from './pipeline.js';
import { EventStoreUnavailable } from './ports/event-store.js';

/** An event's name cannot be erased: the person's own does not stand in it, and is told by reads only. */
const NAME = 'Personal organization';

/** Whether the organization was given to somebody at sign-up, and nobody has named it since. */
export const isUnnamed = (orgId: string, name: string): boolean => isPersonalOrgId(orgId) && name === NAME;

/** What such an organization is called wherever it is told of, by the name of its owner. */
export const namedAfter = (owner: string): string => `${owner}'s Organization`;

/**
 * Gives people an organization of their own at their first sign-in, where the realm's scheme says so (C1). It is created by the
 * ordinary command, by the person. Its id follows from the person: whoever signs in twice at once, or again after a crash in
 * between, has one; one that was deleted does not come back.
 */
export class PersonalOrgs {
  constructor(
    private readonly folds: Folds,
    private readonly commands: Pick<CommandPipeline, 'execute'>,
  ) {}

  /** Throws where it could not be found out or created. A refusal is no attempt of the person's, and stops no sign-in. */
  async provide(caller: Caller): Promise<void> {
    const { realm } = (await this.folds.recent('realm', caller.realm)).state;
    if (realm === undefined || !schemeOf(realm.scheme, realm).document.tenancy.personalOrg) return;
    const orgId = personalOrgIdOf(caller);
    if ((await this.folds.recent('org', orgId)).state.org.status !== 'none') return;
    const { kind } = await this.commands.execute({
      orgId: undefined,
      steps: [{ name: 'CreateOrg', input: { orgId, name: NAME, ownerId: caller.id } }],
      caller,
      idempotencyKey: undefined,
      dryRun: false,
      ifMatch: undefined,
      correlation: randomId(),
    });
    if (kind === 'unavailable' || kind === 'conflict')
      throw new EventStoreUnavailable(`the organization of ${caller.id} could not be created`);
  }
}
