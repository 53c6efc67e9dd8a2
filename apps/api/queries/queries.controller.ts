import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';
import { AuditExports } from './audit-exports.js';
import type { QueryName } from './query-table.js';

@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class QueriesController {
  constructor(
    private readonly asked: AskedQueries,
    private readonly exports: AuditExports,
  ) {}

  @Get('me')
  me(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Me', request);
  }

  @Get('me/invitations')
  ownInvitations(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('OwnInvitations', request);
  }

  @Get('actions')
  actions(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Actions', request);
  }

  @Get('projections')
  projections(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Projections', request);
  }

  @Get('orgs')
  organizations(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Organizations', request);
  }

  @Get('orgs/:orgId')
  organization(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Organization', request);
  }

  @Get('orgs/:orgId/members')
  members(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Members', request);
  }

  @Get('orgs/:orgId/environments')
  environments(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Environments', request);
  }

  @Get('orgs/:orgId/environments/:environmentId')
  environment(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Environment', request);
  }

  @Get('orgs/:orgId/environments/:environmentId/access')
  environmentAccess(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('EnvironmentAccess', request);
  }

  @Get('orgs/:orgId/groups')
  groups(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Groups', request);
  }

  @Get('orgs/:orgId/groups/:groupId')
  group(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Group', request);
  }

  @Get('orgs/:orgId/groups/:groupId/members')
  groupMembers(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('GroupMembers', request);
  }

  @Get('orgs/:orgId/invitations')
  invitations(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Invitations', request);
  }

  @Get('orgs/:orgId/workflows')
  workflows(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Workflows', request);
  }

  @Get('orgs/:orgId/settings')
  settings(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Settings', request);
  }

  @Get('orgs/:orgId/audit')
  async audit(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    reply.header('vary', 'accept');
    const format = this.exports.formatOf(request);
    return format === undefined ? this.ask('Audit', request) : this.exports.send(format, request, reply);
  }

  @Get('realm/activity')
  realmActivity(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('RealmActivity', request);
  }

  @Get('orgs/:orgId/permissions')
  permissions(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Permissions', request);
  }

  @Get('schemes/:schemeId')
  scheme(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Scheme', request);
  }

  @Get('schemes/:schemeId/matrix')
  schemeMatrix(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('SchemeMatrix', request, reply);
  }

  private ask(name: QueryName, request: ApiRequest): Promise<unknown> {
    return this.asked.ask(name, request);
  }
}
