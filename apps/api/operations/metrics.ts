import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Everything that `/metrics` shows. Labels take values from the tables of the product only, never from a request. */
@Injectable()
export class Metrics implements OnApplicationShutdown {
  readonly registry = new Registry();

  readonly commands = new Counter({
    name: 'tenantry_commands_total',
    help: 'Commands by name and outcome; refusals by their code',
    labelNames: ['command', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly commandSeconds = new Histogram({
    name: 'tenantry_command_duration_seconds',
    help: 'From the parsed command to its outcome',
    labelNames: ['command'] as const,
    buckets: seconds,
    registers: [this.registry],
  });
  readonly queries = new Counter({
    name: 'tenantry_queries_total',
    help: 'Queries by name and outcome',
    labelNames: ['query', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly decisions = new Counter({
    name: 'tenantry_decisions_total',
    help: 'Answers of the evaluation API by decision and reason',
    labelNames: ['decision', 'reason'] as const,
    registers: [this.registry],
  });
  private readonly requests = new Counter({
    name: 'tenantry_http_requests_total',
    help: 'HTTP requests by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.registry],
  });
  private readonly requestSeconds = new Histogram({
    name: 'tenantry_http_request_duration_seconds',
    help: 'HTTP requests from the first byte read to the last one written',
    labelNames: ['method', 'route'] as const,
    buckets: seconds,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  request(method: string, route: string | undefined, status: number, durationMs: number): void {
    const known = route ?? 'unmatched';
    this.requests.inc({ method: route === undefined ? 'ANY' : method, route: known, status });
    this.requestSeconds.observe({ method: route === undefined ? 'ANY' : method, route: known }, durationMs / 1000);
  }

  onApplicationShutdown(): void {
    this.registry.clear();
  }
}
