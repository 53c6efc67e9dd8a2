import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import type { Caller } from '#libs/application/caller.js';
import { organizationsNamed } from '#projections/organizations/queries.js';
import { membershipsOfUser } from '#projections/members/queries.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { recordSignIn } from '../identity/record-sign-in.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { Problem, staleRead } from '../problems/problem.js';
import { problemOfAccess } from '../problems/problem-of-outcome.js';
import { MAX_LIMIT } from '../queries/query-row.js';
import { recordRefused } from '../queries/refused-reads.js';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { later, positionFrom } from '../requests/consistency-token.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { type sessionAnswer, sessionRequest } from './session-request.js';

/** Exchanges a person's token for one that is scoped to one organization of theirs: entering it, and going over to another. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class SessionController {
  constructor(private readonly services: ApiServices) {}

  @Post('session')
  @HttpCode(200)
  async enter(@Req() request: ApiRequest): Promise<z.input<typeof sessionAnswer>> {
    const { reading, openSession, storeId, readPosition, readWaitMs } = this.services;
    const { org } = parsed(sessionRequest, request.body);
    const { caller, observedUpTo } = identityOf(request);
    const after = later(observedUpTo, positionFrom(request.headers['consistency-token'], storeId));
    const scheme = await reading.schemeOf(caller.realm, after);
    if (scheme === undefined || (after !== undefined && !(await readPosition.reached(after, readWaitMs))))
      throw staleRead();
    // A machine is of one organization anyway.
    if (!scheme.document.tenancy.activeOrg || caller.machine !== undefined) throw new Problem('session_unscoped');
    const orgId = org ?? (await this.onlyOne(caller));
    const access = await reading.access(caller, 'org:select', { kind: 'org', orgId }, after);
    if (access.kind !== 'allowed') {
      await recordRefused(this.services, { query: 'EnterOrg', caller, orgId, correlation: request.id }, access);
      throw problemOfAccess(access);
    }
    await recordSignIn(this.services, caller, orgId, request.id);
    const { token, expiresIn } = await openSession(caller, orgId);
    return {
      access_token: token,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: expiresIn,
      org: orgId,
    };
  }

  private async onlyOne({ id, realm }: Caller): Promise<string> {
    const { reads } = this.services;
    const memberships = await membershipsOfUser(reads, id, { after: undefined, limit: MAX_LIMIT });
    const named = memberships.map(({ org_id: each }) => each);
    const own = (await organizationsNamed(reads, realm, named)).map(({ org_id: each }) => each);
    const [only, ...others] = own;
    if (only === undefined || others.length > 0) throw new Problem('org_choice_needed', { organizations: own });
    return only;
  }
}
