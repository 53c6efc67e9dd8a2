import type { Position } from '#libs/application/ports/event-store.js';
import { Memberships } from '#libs/application/ports/memberships.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { Database } from '#libs/readstore/database.js';
import { membershipsOfUser } from '#projections/members/queries.js';
import { organizationsNamed } from '#projections/organizations/queries.js';

const PAGE = 500;

/** By the read models of Postgres. */
export class PostgresMemberships extends Memberships {
  constructor(
    private readonly db: Database,
    private readonly readPosition: ReadPosition,
    /** For the read models, in milliseconds. */
    private readonly waitMs: number,
  ) {
    super();
  }

  override async of(realm: string, userId: string, asOf: Position): Promise<readonly string[] | undefined> {
    if (!(await this.readPosition.reached(asOf, this.waitMs))) return undefined;
    const found: string[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows = await membershipsOfUser(this.db, userId, { after, limit: PAGE });
      const ids = rows.map(({ org_id: id }) => id);
      // Whoever is named by an organization of another realm is not of it.
      found.push(...(await organizationsNamed(this.db, realm, ids)).map(({ org_id: id }) => id));
      after = rows.length < PAGE ? undefined : ids.at(-1);
    }
    return found;
  }
}
