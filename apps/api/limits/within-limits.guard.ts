import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { ApiServices } from '../services.js';
import { costsOf } from './costs.js';
import type { Limited } from './limits.js';

const LIMIT = 'tenantry:limit';

/** Names the limit that a controller's requests count in. */
export const CountsAs = (kind: Limited) => SetMetadata(LIMIT, kind);

/** The limit that the route's controller names. */
export const limitOf = (context: ExecutionContext): Limited | undefined =>
  Reflect.getMetadata(LIMIT, context.getClass()) as Limited | undefined;

/** Behind `Authenticated`: lets pass what is within the caller's and the organization's limits. */
@Injectable()
export class WithinLimits implements CanActivate {
  constructor(private readonly services: ApiServices) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const kind = limitOf(context);
    if (kind === undefined) throw new Error('a controller within limits does not say which');
    const http = context.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    const { caller } = identityOf(request);
    request.asked = { kind, caller, costs: costsOf(kind, request) };
    await this.services.limits.admit(request.asked, http.getResponse<FastifyReply>());
    return true;
  }
}
