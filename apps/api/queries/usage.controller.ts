import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class UsageController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('orgs/:orgId/usage')
  usage(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Usage', request);
  }

  @Get('orgs/:orgId/usage/limits')
  usageLimits(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('UsageLimits', request);
  }

  @Get('orgs/:orgId/blocked-requests')
  blockedRequests(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('BlockedRequests', request);
  }

  @Get('me/usage')
  ownUsage(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('OwnUsage', request);
  }

  @Get('me/blocked-requests')
  ownBlockedRequests(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('OwnBlockedRequests', request);
  }
}
