import { Readable } from 'node:stream';
import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { Problem } from '../problems/problem.js';
import { AskedQueries } from '../queries/asked-queries.js';
import { ofOrg } from '../queries/query-row.js';
import { accepts } from '../requests/accepts.js';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { changeStream } from './change-stream.js';
import { firstChanges } from './first-changes.js';
import { type Changes, changesFilter } from './changes.js';
import { Feeds } from './feeds.js';

@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class ChangesController {
  constructor(
    private readonly queries: AskedQueries,
    private readonly feeds: Feeds,
    private readonly services: ApiServices,
  ) {}

  @Get('orgs/:orgId/events')
  async changes(
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Changes | Readable> {
    reply.header('vary', 'accept');
    const given = parsed(changesFilter, request.query);
    const streams = accepts(request.headers.accept, 'text/event-stream');
    // A browser that connects again repeats the address of the first time.
    const { after } = streams ? parsed(resumed, { after: request.headers['last-event-id'] ?? given.after }) : given;
    const limit = `${given.limit}`;
    const page = async (from: string) => {
      // A key may have been revoked since the stream began.
      const verification = await this.services.verifier.verify(request.headers.authorization);
      if (!verification.ok) throw new Problem('unauthenticated', { reason: verification.reason });
      return (await this.queries.ask('Changes', request, { after: from, limit })) as Changes;
    };
    const first = await page(after);
    const waits = streams || (first.changes.length === 0 && given.wait > 0);
    // The answer to HEAD has no body to wait for.
    if (!waits || request.method === 'HEAD') return first;

    const { caller } = identityOf(request);
    const { orgId } = ofOrg.parse(request.params);
    const feed = this.feeds.enter(caller, orgId, streams ? 'stream' : 'poll');
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const { clock, drain } = this.services;
    if (!streams) return firstChanges({ page, feed, after, waitMs: given.wait * 1000, drain, gone: gone.signal });
    reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    const cut = () => reply.raw.destroy();
    const content = changeStream({ first, page, feed, caller, clock, drain, gone: gone.signal, cut });
    return Readable.from(content, { objectMode: false });
  }
}

/** `Last-Event-ID` is a revision, too. */
const resumed = z.object({ after: changesFilter.shape.after });
