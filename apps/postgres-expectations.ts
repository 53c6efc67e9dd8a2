import type { Clock } from '#libs/application/ports/clock.js';
import { type EventStore, EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import { Expectations } from '#libs/application/sign-up.js';
import type { Database } from '#libs/readstore/database.js';
import { invitationsTo } from '#projections/invitations/queries.js';
import { membershipsOfUser } from '#projections/members/queries.js';
import { organizationsNamed } from '#projections/organizations/queries.js';

/** Of each kind: whoever is in more organizations than that, all of other realms, is not found. */
const MOST = 1000;

/** By the read models. */
export class PostgresExpectations extends Expectations {
  constructor(
    private readonly db: Database,
    private readonly store: EventStore,
    private readonly readPosition: ReadPosition,
    private readonly clock: Clock,
    private readonly waitMs: number,
  ) {
    super();
  }

  override async expects(realm: string, userId: string, emailIndexes: readonly string[]): Promise<boolean> {
    const head = await this.store.head();
    if (head !== undefined && !(await this.readPosition.reached(head, this.waitMs)))
      throw new EventStoreUnavailable('the read models do not say yet who is expected');
    const now = new Date(this.clock.now()).toISOString();
    const [memberships, invitations] = await Promise.all([
      membershipsOfUser(this.db, userId, { limit: MOST }),
      emailIndexes.length === 0 ? [] : invitationsTo(this.db, emailIndexes, now, MOST),
    ]);
    const orgIds = new Set([...memberships, ...invitations].map((row) => row.org_id));
    return (await organizationsNamed(this.db, realm, [...orgIds])).length > 0;
  }
}
