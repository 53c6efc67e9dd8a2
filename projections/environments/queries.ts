import { sql } from 'kysely';
import type { Database } from '#libs/readstore/database.js';
import type { RowOf, TablesOf } from '#libs/readstore/table.js';
import type { environmentModels, environments } from './environments.js';

export type EnvironmentModel = Pick<RowOf<typeof environmentModels>, 'model_id' | 'provider' | 'name'>;
export interface Environment extends RowOf<typeof environments> {
  readonly models: readonly EnvironmentModel[];
}
type Tables = TablesOf<typeof environments> & TablesOf<typeof environmentModels>;

/** Environments with their models, by id; `after` is the last id of the page before. */
export async function environmentsOf(
  db: Database,
  orgId: string,
  page: { after?: string | undefined; limit: number },
): Promise<Environment[]> {
  const query = withModels(db, orgId);
  const rest = page.after === undefined ? query : query.where('environments.environment_id', '>', page.after);
  return rest.orderBy('environments.environment_id').limit(page.limit).execute();
}

export async function environment(
  db: Database,
  orgId: string,
  environmentId: string,
): Promise<Environment | undefined> {
  return withModels(db, orgId).where('environments.environment_id', '=', environmentId).executeTakeFirst();
}

function withModels(db: Database, orgId: string) {
  const models = sql<EnvironmentModel[]>`json_agg(
    json_build_object('model_id', model_id, 'provider', provider, 'name', name) order by model_id)`;
  return db
    .withTables<Tables>()
    .selectFrom('environments')
    .selectAll()
    .select(({ selectFrom, fn, val }) =>
      fn
        .coalesce(
          selectFrom('environment_models')
            .select(models.as('models'))
            .whereRef('environment_models.org_id', '=', 'environments.org_id')
            .whereRef('environment_models.environment_id', '=', 'environments.environment_id'),
          sql<EnvironmentModel[]>`${val('[]')}::json`,
        )
        .as('models'),
    )
    .where('environments.org_id', '=', orgId);
}

/** Ids alone; `after` is the last id of the page before. */
export async function environmentIdsOf(
  db: Database,
  orgId: string,
  page: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const query = db.withTables<Tables>().selectFrom('environments').select('environment_id').where('org_id', '=', orgId);
  const rest = page.after === undefined ? query : query.where('environment_id', '>', page.after);
  const rows = await rest.orderBy('environment_id').limit(page.limit).execute();
  return rows.map(({ environment_id: id }) => id);
}

export async function environmentsOfKind(db: Database, orgId: string, kind: string): Promise<number> {
  const query = db.withTables<Tables>().selectFrom('environments').where('org_id', '=', orgId).where('kind', '=', kind);
  const { count } = await query.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
  return Number(count);
}
