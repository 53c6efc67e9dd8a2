import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** What is told of the secrets that an organization holds: never the secrets themselves. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class SecretsController {
  constructor(private readonly queries: AskedQueries) {}

  @Get('orgs/:orgId/provider-keys')
  providerKeys(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('ProviderKeys', request);
  }
}
