import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiServices, type HealthProbe } from '../services.js';
import { Metrics } from './metrics.js';

const PROBE_TIMEOUT_MS = 5_000;

interface PartHealth {
  readonly ok: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** For those who run the service; holds nothing of any organization, so it takes no credential. */
@Controller()
export class OperationsController {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  /** The process answers: nothing else is asked, so that a restart is only tried where it helps. */
  @Get('healthz')
  live() {
    return { ok: true };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const parts = await Promise.all(this.services.probes.map(async (probe) => [probe.name, await ask(probe)] as const));
    const ok = parts.every(([, part]) => part.ok);
    reply.code(ok ? 200 : 503);
    return { ok, parts: Object.fromEntries(parts) };
  }

  @Get('metrics')
  @HttpCode(200)
  async measured(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}

/** A probe that fails or takes too long is an answer too. */
async function ask(probe: HealthProbe): Promise<PartHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PartHealth>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: { error: `no answer within ${PROBE_TIMEOUT_MS} ms` } }),
      PROBE_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([probe.check(), late]);
  } catch (error) {
    return { ok: false, detail: { error: error instanceof Error ? error.message : String(error) } };
  } finally {
    clearTimeout(timer);
  }
}
