import { type DestroyedKeys, ErasureStore, type PendingErasure } from '#libs/application/ports/erasures.js';
import type { Position } from '#libs/application/ports/event-store.js';
import type { ReadPosition } from '#libs/application/ports/read-models.js';
import type { Database } from '#libs/readstore/database.js';
import { PostgresErasedKeys } from '#libs/readstore/erased-keys.js';
import { organizationsNaming } from '#projections/audit-log/queries.js';
import { destroyedKeys, pendingErasures } from '#projections/erasures/queries.js';
import { organizationsInviting, purgePerson, tablesNaming } from '#projections/people/queries.js';

const PAGE = 1000;
const EMAIL = 'email-';

/** Everything that Postgres holds of people: their keys, and rows of the read models. */
export class PostgresErasures extends ErasureStore {
  private readonly keys: PostgresErasedKeys;

  constructor(
    private readonly db: Database,
    private readonly readPosition: ReadPosition,
    /** How long a look at what remains waits for the read models. Milliseconds. */
    private readonly waitMs: number,
  ) {
    super();
    this.keys = new PostgresErasedKeys(db);
  }

  override pending(): Promise<readonly PendingErasure[]> {
    return pendingErasures(this.db);
  }

  override async organizationsOf(userId: string): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let page = await this.naming(userId); page.length > 0; page = await this.naming(userId, page.at(-1)))
      ids.push(...page);
    return ids;
  }

  override organizationsInviting(emailIndexes: readonly string[]): Promise<readonly string[]> {
    return organizationsInviting(this.db, emailIndexes);
  }

  override destroyKeys(userId: string, subjects: readonly string[]): Promise<DestroyedKeys> {
    return this.keys.destroy(userId, subjects);
  }

  override async destroyAgain(): Promise<readonly string[]> {
    const subjects: string[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const people: Awaited<ReturnType<typeof destroyedKeys>> = await destroyedKeys(this.db, { after, limit: PAGE });
      after = people.at(-1)?.userId;
      const back = new Set(await this.keys.present(people.flatMap(({ keyIds }) => keyIds)));
      if (back.size === 0) continue;
      for (const { userId, keyIds } of people) subjects.push(...(await this.keys.destroyIds(userId, keyIds)));
    }
    return subjects;
  }

  override purge(userId: string, emailIndexes: readonly string[]): Promise<void> {
    return purgePerson(this.db, { userId, emailIndexes });
  }

  override async remains(
    userId: string,
    { subjects, keyIds }: DestroyedKeys,
    { returned, upTo }: { returned: boolean; upTo: Position },
  ): Promise<readonly string[] | undefined> {
    if (!(await this.readPosition.reached(upTo, this.waitMs))) return undefined;
    const emailIndexes = subjects.filter((one) => one.startsWith(EMAIL)).map((one) => one.slice(EMAIL.length));
    const tables = await tablesNaming(this.db, { userId, emailIndexes });
    const keys = await this.keys.present(keyIds);
    return [...(returned ? [] : tables), ...(keys.length > 0 ? ['durable.subject_keys'] : [])];
  }

  private naming(userId: string, after?: string): Promise<string[]> {
    return organizationsNaming(this.db, userId, { after, limit: PAGE });
  }
}
