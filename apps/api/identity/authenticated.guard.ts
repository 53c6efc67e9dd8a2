import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Caller } from '#libs/application/caller.js';
import type { Position } from '#libs/application/ports/event-store.js';
import { costsOf } from '../limits/costs.js';
import { limitOf } from '../limits/within-limits.guard.js';
import { notFound, Problem, unavailable } from '../problems/problem.js';
import type { ApiRequest } from '../requests/api-request.js';
import { originOf } from '../requests/origin.js';
import { ApiServices } from '../services.js';
import { ObservedCredentials } from './observed-credentials.js';

/** Lets nobody pass whom the Authorization header does not identify. Nothing else of a request says who asks. */
@Injectable()
export class Authenticated implements CanActivate {
  private readonly credentials: ObservedCredentials;

  constructor(private readonly services: ApiServices) {
    this.credentials = new ObservedCredentials(services);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const verification = await this.services.verifier.verify(request.headers.authorization);
    if (!verification.ok)
      throw verification.reason === 'unavailable' ? unavailable() : unauthenticated(verification.reason);
    const { caller } = verification;
    if (caller.apiKey !== undefined && !(await this.isWithin(caller, context, request))) throw notFound();
    const observedUpTo = await this.observedUpTo(caller);
    await this.refuseEndedSession(caller);
    // A check leaves no event, and there are many.
    const origin = limitOf(context) === 'checks' ? undefined : await this.origin(caller, request);
    request.identity = { caller: origin === undefined ? caller : { ...caller, origin }, observedUpTo };
    return true;
  }

  /** Whether all of what is asked is of the organizations that the key is for: to it, nothing else is there. */
  private async isWithin(caller: Caller, context: ExecutionContext, request: ApiRequest): Promise<boolean> {
    const kind = limitOf(context);
    if (kind === undefined) return false;
    const orgIds = [...costsOf(kind, request).keys()];
    const only = caller.apiKey?.orgId;
    return only === undefined
      ? this.services.keyCallers.belongs(caller, orgIds)
      : orgIds.every((orgId) => orgId === only);
  }

  /** Whoever has left the organization has no session in it. No is said of what the log holds now. */
  private async refuseEndedSession(caller: Caller): Promise<void> {
    const { reading, store } = this.services;
    if (typeof caller.activeOrg !== 'string') return;
    const enter = (after?: Position) =>
      reading.access(caller, 'org:select', { kind: 'org', orgId: caller.activeOrg ?? '' }, after);
    if ((await enter()).kind === 'allowed') return;
    const access = await enter(await store.head());
    // Whoever is suspended is told that, by what they ask for.
    const left = access.kind === 'denied' && !access.reason.endsWith('_suspended');
    if (left || access.kind === 'hidden') throw unauthenticated('session_ended');
  }

  private origin({ id, machine }: Caller, request: ApiRequest): Promise<string | undefined> {
    const principal = { id, isMachine: machine !== undefined };
    return this.services.personalData.sealOrigin(principal, request.id, originOf(request));
  }

  /** A key shows nothing of anybody that is not in the log already. */
  private async observedUpTo(caller: Caller): Promise<Position | undefined> {
    if (caller.machine !== undefined || caller.apiKey !== undefined) return undefined;
    const { upTo } = this.credentials.known(caller) ?? (await this.credentials.observe(caller));
    return upTo;
  }
}

/** RFC 6750: a request without any credential is told the scheme only. */
function unauthenticated(reason: string): Problem {
  const error = reason === 'missing' ? '' : `, error="invalid_token", error_description="${reason}"`;
  return new Problem('unauthenticated', { reason }, { 'www-authenticate': `Bearer realm="tenantry"${error}` });
}
