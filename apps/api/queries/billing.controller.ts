import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

@Controller('v1/orgs/:orgId')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class BillingController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('billing')
  billing(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Billing', request);
  }

  @Get('invoices')
  invoices(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Invoices', request);
  }

  @Get('invoices/:invoiceId')
  invoice(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('Invoice', request);
  }
}
