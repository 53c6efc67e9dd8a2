import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** What the platform sets for everybody of the realm. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class RealmController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('realm/sign-in')
  signIn(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmSignIn', request);
  }

  @Get('realm/pricing')
  pricing(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmPricing', request);
  }

  @Get('realm/models')
  models(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmModels', request);
  }

  @Get('me/environment')
  personalEnvironment(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('PersonalEnvironment', request);
  }
}
