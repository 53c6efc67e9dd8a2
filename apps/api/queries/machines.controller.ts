import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** Who is known by keys. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class MachinesController {
  constructor(private readonly queries: AskedQueries) {}

  @Get('orgs/:orgId/service-accounts')
  serviceAccounts(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('ServiceAccounts', request);
  }

  @Get('realm/service-accounts')
  realmServiceAccounts(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('RealmServiceAccounts', request);
  }

  @Get('me/api-keys')
  personalApiKeys(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('PersonalApiKeys', request);
  }

  @Get('orgs/:orgId/org-api-keys')
  orgApiKeys(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('OrgApiKeys', request);
  }

  @Get('orgs/:orgId/api-keys')
  ownApiKeys(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('OwnApiKeys', request);
  }

  @Get('orgs/:orgId/worker-ssh-key')
  workerSshKey(@Req() request: ApiRequest): Promise<unknown> {
    return this.queries.ask('WorkerSshKey', request);
  }
}
