import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { Caller } from '#libs/application/caller.js';
import type { IntrospectedPersonal } from '#libs/application/credentials/personal-introspection.js';
import { looksLikeVirtualKey } from '#libs/application/key-text.js';
import type { Position } from '#libs/application/ports/event-store.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { askerOf } from '../access/asker.js';
import { organizationParked, staleRead, unavailable } from '../problems/problem.js';
import type { ApiRequest } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { type Introspection, introspectionRequest, shownKey, shownPersonal } from './introspection.js';

/** RFC 7662, by a form or JSON: what a gateway asks of each virtual key that it is brought. */
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
    const { introspection } = this.services;
    const found = looksLikeVirtualKey(token)
      ? await introspection.introspect(caller, token, after)
      : await this.personal(caller, token, after);
    if (found.kind === 'stale') throw staleRead();
    if (found.kind === 'parked') throw organizationParked();
    return found.kind === 'personal' ? shownPersonal(found) : shownKey(found);
  }

  private async personal(caller: Caller, token: string, after: Position | undefined): Promise<IntrospectedPersonal> {
    const { verifier, personalIntrospection } = this.services;
    const verification = await verifier.verify(`Bearer ${token}`);
    if (verification.ok) return personalIntrospection.introspect(caller, verification.caller, after);
    if (verification.reason === 'unavailable') throw unavailable();
    return { kind: 'inactive' };
  }
}
