import { isUnnamed, namedAfter } from '#libs/application/personal-orgs.js';
import type { Database } from '#libs/readstore/database.js';
import type { Organization } from '#projections/organizations/queries.js';
import { peopleNamed } from '#projections/people/queries.js';

type Named = Pick<Organization, 'org_id' | 'name' | 'owner_id'>;

/**
 * What organizations are called, by id. One that somebody was given at sign-up is named after its owner (C1) until somebody
 * renames it: that name stands with the person alone and in no event, so that it goes with them.
 */
export async function organizationNames(reads: Database, rows: readonly Named[]): Promise<(row: Named) => string> {
  const owners = rows.filter(({ org_id: id, name }) => isUnnamed(id, name)).map(({ owner_id: owner }) => owner);
  const people = await peopleNamed(reads, owners);
  const names = new Map(people.map(({ user_id: id, name }) => [id, name]));
  return ({ org_id: id, name, owner_id: owner }) => {
    const called = isUnnamed(id, name) ? names.get(owner) : undefined;
    return called == null ? name : namedAfter(called);
  };
}
