import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { recordSignIn } from '../identity/record-sign-in.js';
import { notFound } from '../problems/problem.js';
import { problemOfAccess } from '../problems/problem-of-outcome.js';
import { accepts } from '../requests/accepts.js';
import { type ApiRequest, askedOf, identityOf } from '../requests/api-request.js';
import { later, positionFrom } from '../requests/consistency-token.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { Ask } from './ask.js';
import { type QueryName, queryTable } from './query-table.js';

/** What every controller of queries does with a request: parse, hand to the bus, answer or tell the problem. */
@Injectable()
export class AskedQueries {
  constructor(
    private readonly bus: QueryBus,
    private readonly services: ApiServices,
  ) {}

  /** The query's answer; `given` in place of what the address says. Throws a Problem. */
  async ask(name: QueryName, request: ApiRequest, given: unknown = request.query): Promise<unknown> {
    const { caller, observedUpTo } = identityOf(request);
    const row = queryTable[name];
    const filter = parsed(row.filter, given);
    const after = later(observedUpTo, positionFrom(request.headers['consistency-token'], this.services.storeId));
    const params = row.params.safeParse(request.params);
    if (!params.success) throw notFound();
    const outcome = await this.bus.execute(new Ask(name, params.data, filter, caller, after, request.id));
    const asked = askedOf(request);
    if (outcome.kind !== 'hidden')
      for (const orgId of asked.costs.keys()) {
        this.services.limits.belongs(asked, orgId);
        await recordSignIn(this.services, caller, orgId, request.id);
      }
    if (outcome.kind !== 'answered') throw problemOfAccess(outcome);
    return outcome.answer;
  }

  /** JSON, or the page for who names its type. */
  async askFor(name: QueryName, request: ApiRequest, reply: FastifyReply): Promise<unknown> {
    const answer = await this.ask(name, request);
    const { page } = queryTable[name];
    reply.header('vary', 'accept');
    if (page === undefined || !accepts(request.headers.accept, page.type)) return answer;
    reply.type(`${page.type}; charset=utf-8`);
    return page.write(answer);
  }
}
