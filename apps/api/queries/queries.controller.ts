import { Readable } from 'node:stream';
import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { type ApiRequest, askedOf } from '../requests/api-request.js';
import { accepts } from '../requests/accepts.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { AskedQueries } from './asked-queries.js';
import { AuditExports } from './audit-exports.js';
import { type QueryName, queryTable } from './query-table.js';

@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class QueriesController {
  constructor(
    private readonly asked: AskedQueries,
    private readonly services: ApiServices,
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

  @Get('me/export')
  ownExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('OwnExport', request, reply);
  }

  @Get('realm/people/:userId/export')
  subjectExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('SubjectExport', request, reply);
  }

  @Get('orgs/:orgId/members/:userId/export')
  memberExport(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('MemberExport', request, reply);
  }

  @Get('orgs/:orgId/erasures')
  erasures(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('Erasures', request);
  }

  @Get('realm/erasures')
  realmErasures(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('RealmErasures', request);
  }

  @Get('orgs/:orgId/legal-holds')
  legalHolds(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('LegalHolds', request);
  }

  @Get('orgs/:orgId/history/state')
  historyState(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('HistoryState', request);
  }

  @Get('orgs/:orgId/history/access-diff')
  accessDiff(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('AccessDiff', request);
  }

  @Get('orgs/:orgId/history/access-timeline')
  accessTimeline(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('AccessTimeline', request);
  }

  @Get('orgs/:orgId/reports/access-review')
  accessReview(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Readable> {
    return this.written('AccessReview', request, reply);
  }

  @Get('orgs/:orgId/ledger/checkpoint')
  ledgerCheckpoint(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('LedgerCheckpoint', request, reply);
  }

  @Get('orgs/:orgId/ledger/proof')
  ledgerProof(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('LedgerProof', request, reply);
  }

  @Get('orgs/:orgId/ledger/consistency')
  ledgerConsistency(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('LedgerConsistency', request);
  }

  @Get('realm/ledger/checkpoint')
  realmLedgerCheckpoint(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('RealmLedgerCheckpoint', request, reply);
  }

  @Get('realm/ledger/proof')
  realmLedgerProof(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asAccepted('RealmLedgerProof', request, reply);
  }

  @Get('realm/ledger/consistency')
  realmLedgerConsistency(@Req() request: ApiRequest): Promise<unknown> {
    return this.ask('RealmLedgerConsistency', request);
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
    return this.asAccepted('SchemeMatrix', request, reply);
  }

  /** JSON, or the page for who names its type. */
  private async asAccepted(name: QueryName, request: ApiRequest, reply: FastifyReply): Promise<unknown> {
    const answer = await this.ask(name, request);
    const { page } = queryTable[name];
    reply.header('vary', 'accept');
    if (page === undefined || !accepts(request.headers.accept, page.type)) return answer;
    reply.type(`${page.type}; charset=utf-8`);
    return page.write(answer);
  }

  /** As it is read, in the form that is asked for. Counts as an export: it holds all of an organization. */
  private async written(name: QueryName, request: ApiRequest, reply: FastifyReply): Promise<Readable> {
    const { accept } = request.headers;
    const { writers = [], filter } = queryTable[name];
    const { format } = z.object({ format: z.string().optional() }).parse(parsed(filter, request.query));
    const wanted = writers.find(({ type }) =>
      format === undefined ? accepts(accept, type) : type.endsWith(`/${format}`),
    );
    const writer = wanted ?? writers[0];
    if (writer === undefined) throw new Error(`${name} is written in no form`);
    const exporting = { ...askedOf(request), kind: 'exports' } as const;
    await this.services.limits.admit(exporting, reply);
    // Writers take what the row's own `ask` has answered.
    const answer = (await this.ask(name, request)) as never;
    for (const orgId of exporting.costs.keys()) this.services.limits.belongs(exporting, orgId);
    reply.headers({ vary: 'accept', ...writer.headers, 'content-type': `${writer.type}; charset=utf-8` });
    return Readable.from(writer.write(answer), { objectMode: false });
  }

  private ask(name: QueryName, request: ApiRequest): Promise<unknown> {
    return this.asked.ask(name, request);
  }
}
