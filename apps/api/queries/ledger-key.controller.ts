import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiServices } from '../services.js';

/** Public, because it holds nothing of anybody; whoever verifies pins it beforehand, and never takes it from a proof. */
@Controller('v1/ledger')
export class LedgerKeyController {
  constructor(private readonly services: ApiServices) {}

  @Get('key')
  key(@Res({ passthrough: true }) reply: FastifyReply): string {
    reply.type('text/plain; charset=utf-8');
    return `${this.services.ledger.key}\n`;
  }
}
