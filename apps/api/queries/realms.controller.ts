import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

@Controller('v1/realms')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class RealmsController {
  constructor(private readonly asked: AskedQueries) {}

  @Get()
  realms(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Realms', request);
  }
}
