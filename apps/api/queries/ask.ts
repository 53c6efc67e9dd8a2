import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Access } from '#libs/application/reading.js';
import type { Need } from '#libs/application/command-table.js';
import { streamOf } from '#libs/application/streams.js';
import { parkedAmong } from '#libs/readstore/parked-streams.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import type { Identity } from '../requests/api-request.js';
import { ApiServices } from '../services.js';
import { NotAllowed, stale } from './query-row.js';
import { type QueryName, queryTable } from './query-table.js';
import { recordRefused } from './refused-reads.js';

export type QueryOutcome =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | Exclude<Access, { readonly kind: 'allowed' }>;

/** What travels on the query bus: any query of the table, with its parsed input. */
export class Ask extends Query<QueryOutcome> {
  constructor(
    readonly name: QueryName,
    readonly params: unknown,
    readonly filter: unknown,
    readonly caller: Identity['caller'],
    readonly after: Identity['observedUpTo'],
    readonly correlation: string,
  ) {
    super();
  }
}

/** The one path of every query: authorize, wait for what the answer must have seen, read. */
@QueryHandler(Ask)
export class AskHandler implements IQueryHandler<Ask> {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  async execute(query: Ask): Promise<QueryOutcome> {
    const outcome = await this.outcomeOf(query);
    this.metrics.queries.inc({ query: query.name, outcome: outcome.kind });
    return outcome;
  }

  private async outcomeOf({ name, params, filter, caller, after, correlation }: Ask): Promise<QueryOutcome> {
    const { services } = this;
    const row = queryTable[name];
    const needs = row.needs(params, caller.id);
    const access = await this.accessOf(needs, caller, after);
    const refused = async (why: Exclude<Access, { kind: 'allowed' }>) => {
      await recordRefused(services, { query: name, caller, orgId: orgOf(needs), correlation }, why);
      return why;
    };
    if (access.kind !== 'allowed') return refused(access);
    if (after !== undefined && !(await services.readPosition.reached(after, services.readWaitMs)))
      return { kind: 'stale' };
    if (await this.standsStill(needs, row.restsOn?.(params, filter))) return { kind: 'parked' };
    const answer = await row.ask(params, filter, { caller, after, correlation, services });
    if (answer === stale) return { kind: 'stale' };
    if (answer instanceof NotAllowed) return refused(answer.access);
    return answer === undefined ? { kind: 'hidden' } : { kind: 'answered', answer };
  }

  /** Asked after the wait: rows read from here on are no older than what the answer must have seen. */
  private async standsStill(needs: readonly Need[], restsOn: readonly string[] = []): Promise<boolean> {
    const ofNeeds = needs.flatMap(({ resource }) => ('orgId' in resource ? [streamOf('org', resource.orgId)] : []));
    const streams = [...new Set([...ofNeeds, ...restsOn])];
    return (await parkedAmong(this.services.reads, streams)).size > 0;
  }

  /** Allowed if one need is met; otherwise what became of the first one. */
  private async accessOf(needs: readonly Need[], caller: Ask['caller'], after: Ask['after']): Promise<Access> {
    let first: Access | undefined;
    for (const { permission, resource } of needs) {
      const access = await this.services.reading.access(caller, permission, resource, after);
      if (access.kind === 'allowed' || access.kind === 'stale' || access.kind === 'parked') return access;
      first ??= access;
    }
    return first ?? { kind: 'allowed' };
  }
}

function orgOf(needs: readonly Need[]): string | undefined {
  const resource = needs.find(({ resource: { kind } }) => kind === 'org' || kind === 'environment')?.resource;
  return resource !== undefined && 'orgId' in resource ? resource.orgId : undefined;
}
