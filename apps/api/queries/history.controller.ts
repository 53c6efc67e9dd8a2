import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** Who could do what, when and why. */
@Controller('v1/orgs/:orgId/history')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class HistoryController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('state')
  state(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('HistoryState', request);
  }

  @Get('access-diff')
  accessDiff(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('AccessDiff', request);
  }

  @Get('access-timeline')
  accessTimeline(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('AccessTimeline', request);
  }
}
