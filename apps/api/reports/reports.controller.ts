import { Readable } from 'node:stream';
import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { AskedQueries } from '../queries/asked-queries.js';
import { type QueryName, queryTable } from '../queries/query-table.js';
import { accepts } from '../requests/accepts.js';
import { type ApiRequest, askedOf } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';

@Controller('v1/orgs/:orgId/reports')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class ReportsController {
  constructor(
    private readonly asked: AskedQueries,
    private readonly services: ApiServices,
  ) {}

  @Get('access-review')
  accessReview(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Readable> {
    return this.written('AccessReview', request, reply);
  }

  /** As it is read, in the form that is asked for. Counts as an export: it holds all of an organization. */
  private async written(name: QueryName, request: ApiRequest, reply: FastifyReply): Promise<Readable> {
    const { accept } = request.headers;
    const { writers = [], filter } = queryTable[name];
    const { format } = z.object({ format: z.string().optional() }).parse(parsed(filter, request.query));
    const wanted = writers.find(({ type }) =>
      format === undefined ? accepts(accept, type) : type.endsWith(`/${format}`),
    );
    const writer = wanted ?? writers[0];
    if (writer === undefined) throw new Error(`${name} is written in no form`);
    const exporting = { ...askedOf(request), kind: 'exports' } as const;
    await this.services.limits.admit(exporting, reply);
    // Writers take what the row's own `ask` has answered.
    const answer = (await this.asked.ask(name, request)) as never;
    for (const orgId of exporting.costs.keys()) this.services.limits.belongs(exporting, orgId);
    reply.headers({ vary: 'accept', ...writer.headers, 'content-type': `${writer.type}; charset=utf-8` });
    return Readable.from(writer.write(answer), { objectMode: false });
  }
}
