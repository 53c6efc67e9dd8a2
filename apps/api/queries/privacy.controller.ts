import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** What is known of a person, what was erased, and what must not be. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class PrivacyController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('me/export')
  ownExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('OwnExport', request, reply);
  }

  @Get('realm/people/:userId/export')
  subjectExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('SubjectExport', request, reply);
  }

  @Get('orgs/:orgId/members/:userId/export')
  memberExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('MemberExport', request, reply);
  }

  @Get('orgs/:orgId/erasures')
  erasures(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Erasures', request);
  }

  @Get('realm/erasures')
  realmErasures(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmErasures', request);
  }

  @Get('orgs/:orgId/legal-holds')
  legalHolds(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('LegalHolds', request);
  }
}
