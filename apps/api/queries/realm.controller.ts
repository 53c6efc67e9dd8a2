import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

@Controller('v1/realm')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class RealmController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('sign-in')
  signIn(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmSignIn', request);
  }

  @Get('pricing')
  pricing(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmPricing', request);
  }
}
