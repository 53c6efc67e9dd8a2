import { start } from '#libs/application/ports/event-store.js';
import { SearchReads, type SearchSnapshot } from '#libs/application/search-reads.js';
import type { Database } from '#libs/readstore/database.js';
import {
  claimantsAmongUsers,
  machinesOf,
  membersAssigned,
  PostgresAccessDocuments,
} from '#projections/access-documents/queries.js';
import { organizationsNaming } from '#projections/audit-log/queries.js';
import { environmentsGrantedTo, granteesOn } from '#projections/environment-access/queries.js';
import { environmentIdsOf } from '#projections/environments/queries.js';
import { membersOfGroups } from '#projections/groups/queries.js';
import { membersHolding, membershipsOfUser } from '#projections/members/queries.js';
import { organizationsOfRealm } from '#projections/organizations/queries.js';
import { peopleNamed, peopleOfRealm } from '#projections/people/queries.js';
import { guestsOf } from '#projections/workflows/queries.js';

/** The read models in one transaction, so that whom a search may mean and what decides are of one moment. */
export class PostgresSearchReads extends SearchReads {
  constructor(private readonly db: Database) {
    super();
  }

  override at<T>(work: (snapshot: SearchSnapshot) => Promise<T>): Promise<T> {
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (tx) => work(await snapshotOf(tx)));
  }
}

async function snapshotOf(db: Database): Promise<SearchSnapshot> {
  const documents = new PostgresAccessDocuments(db);
  const { upTo = start } = await documents.load([]);
  return {
    upTo,
    load: (keys) => documents.load(keys),
    membersHolding: (orgId, roles, page) => membersHolding(db, orgId, roles, page),
    membersInGroups: (orgId, groups, page) => membersOfGroups(db, orgId, groups, page),
    membersAssigned: (orgId, roles, page) => membersAssigned(db, orgId, roles, page),
    granteesOn: (orgId, environmentId, page) => granteesOn(db, orgId, environmentId, page),
    claimants: (realm, page) => claimants(db, realm, page),
    machinesOf: (orgId, kind, page) => machinesOf(db, orgId, kind, page),
    guestsOf: (ownerId, page) => guestsOf(db, ownerId, page),
    people: (realm, page) => peopleOfRealm(db, realm, page),
    organizationsOf: async (userId, page) => (await membershipsOfUser(db, userId, page)).map(({ org_id: id }) => id),
    organizationsIn: async (realm, page) => (await organizationsOfRealm(db, realm, page)).map(({ org_id: id }) => id),
    organizationsNaming: (userId, page) => organizationsNaming(db, userId, page),
    environmentsIn: (orgId, page) => environmentIdsOf(db, orgId, page),
    environmentsGrantedTo: (orgId, groups, page) => environmentsGrantedTo(db, orgId, groups, page),
  };
}

/** Of those whose tokens have shown a claim, the ones who were seen in this realm: nothing crosses realms. */
async function claimants(
  db: Database,
  realm: string,
  page: { after: string | undefined; limit: number },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let after = page.after; ; ) {
    const ids = await claimantsAmongUsers(db, { after, limit: page.limit });
    const here = new Set(
      (await peopleNamed(db, ids)).filter((each) => each.realm === realm).map((each) => each.user_id),
    );
    found.push(...ids.filter((id) => here.has(id)));
    if (ids.length < page.limit || found.length >= page.limit) return found.slice(0, page.limit);
    after = ids.at(-1);
  }
}
