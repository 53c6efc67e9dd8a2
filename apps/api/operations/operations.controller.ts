import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { Readiness } from '../../readiness.js';

/** For those who run the service; holds nothing of any organization, so it takes no credential. */
@Controller()
export class OperationsController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  /** The process answers: nothing else is asked, so that a restart is only tried where it helps. */
  @Get('healthz')
  live() {
    return { ok: true };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const report = await this.readiness.report();
    reply.code(report.ok ? 200 : 503);
    return report;
  }

  @Get('metrics')
  @HttpCode(200)
  async measured(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.registry.contentType);
    return this.metrics.exposition();
  }
}
