import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import type { ApiRequest } from '../requests/api-request.js';
import { AskedQueries } from './asked-queries.js';

/** Signed checkpoints and proofs, of an organization's own tree and of the realm's. */
@Controller('v1')
@CountsAs('queries')
@UseGuards(Authenticated, WithinLimits)
export class LedgerController {
  constructor(private readonly asked: AskedQueries) {}

  @Get('orgs/:orgId/ledger/checkpoint')
  ledgerCheckpoint(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('LedgerCheckpoint', request, reply);
  }

  @Get('orgs/:orgId/ledger/proof')
  ledgerProof(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('LedgerProof', request, reply);
  }

  @Get('orgs/:orgId/ledger/consistency')
  ledgerConsistency(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('LedgerConsistency', request);
  }

  @Get('realm/ledger/checkpoint')
  realmLedgerCheckpoint(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('RealmLedgerCheckpoint', request, reply);
  }

  @Get('realm/ledger/proof')
  realmLedgerProof(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return this.asked.askFor('RealmLedgerProof', request, reply);
  }

  @Get('realm/ledger/consistency')
  realmLedgerConsistency(@Req() request: ApiRequest): Promise<unknown> {
    return this.asked.ask('RealmLedgerConsistency', request);
  }
}
