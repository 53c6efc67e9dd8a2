import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { askerOf } from '../access/asker.js';
import { organizationParked, staleRead } from '../problems/problem.js';
import type { ApiRequest } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { type Introspection, introspectionRequest, shownKey } from './introspection.js';

/** RFC 7662, in JSON: what a gateway asks of each virtual key that it is brought. */
@Controller('v1/credentials')
@CountsAs('checks')
@UseGuards(Authenticated, WithinLimits)
export class IntrospectionController {
  constructor(private readonly services: ApiServices) {}

  @Post('introspect')
  @HttpCode(200)
  async introspect(@Req() request: ApiRequest): Promise<Introspection> {
    const { token } = parsed(introspectionRequest, request.body);
    const { caller, after } = askerOf(request, this.services.storeId);
    const found = await this.services.introspection.introspect(caller, token, after);
    if (found.kind === 'stale') throw staleRead();
    if (found.kind === 'parked') throw organizationParked();
    return shownKey(found);
  }
}
