import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

@Controller('v1/orgs/:orgId/environments/:environmentId')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class ContentsController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('contents')
  contents(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Contents', request);
  }
}
