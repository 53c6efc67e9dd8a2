import { statfs } from 'node:fs/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const fineSeconds = [0.00005, 0.0001, 0.00025, 0.0005, ...seconds];

/**
 * Everything that `/metrics` shows, of every process; `docs/operations/metrics.md` lists it. Labels take values from the
 * tables of the product only, never from a request, and never an organization.
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  readonly commands = new Counter({
    name: 'tenantry_commands_total',
    help: 'Commands by name and outcome; refusals by their code',
    labelNames: ['command', 'outcome'] as const,
    registers: this.registers,
  });
  readonly denials = new Counter({
    name: 'tenantry_command_denials_total',
    help: 'Commands denied by the permission that the caller lacked and the reason',
    labelNames: ['permission', 'reason'] as const,
    registers: this.registers,
  });
  readonly commandSeconds = new Histogram({
    name: 'tenantry_command_duration_seconds',
    help: 'From the parsed command to its outcome',
    labelNames: ['command'] as const,
    buckets: seconds,
    registers: this.registers,
  });
  readonly conflicts = new Counter({
    name: 'tenantry_append_conflicts_total',
    help: 'Appends that met a stream which others had moved; the command is decided anew',
    registers: this.registers,
  });
  readonly appendSeconds = new Histogram({
    name: 'tenantry_append_duration_seconds',
    help: 'Appends to the event store by outcome',
    labelNames: ['outcome'] as const,
    buckets: seconds,
    registers: this.registers,
  });
  readonly queries = new Counter({
    name: 'tenantry_queries_total',
    help: 'Queries by name and outcome',
    labelNames: ['query', 'outcome'] as const,
    registers: this.registers,
  });
  readonly feeds = new Gauge({
    name: 'tenantry_feeds',
    help: 'Feeds of changes that wait for an organization to move, by how they are answered',
    labelNames: ['kind'] as const,
    registers: this.registers,
  });
  readonly decisions = new Counter({
    name: 'tenantry_decisions_total',
    help: 'Answers of the evaluation API by decision and reason; none: the read models stayed behind for too long',
    labelNames: ['decision', 'reason'] as const,
    registers: this.registers,
  });
  readonly checkSeconds = new Histogram({
    name: 'tenantry_check_duration_seconds',
    help: 'From the parsed question of the evaluation API to its answer, by the time that was asked about',
    labelNames: ['about'] as const,
    buckets: fineSeconds,
    registers: this.registers,
  });
  readonly accessDocuments = new Counter({
    name: 'tenantry_access_documents_total',
    help: 'Loads of access documents by tier; a hit is the last tier that an answer needed',
    labelNames: ['tier', 'event'] as const,
    registers: this.registers,
  });
  readonly lagEvents = new Gauge({
    name: 'tenantry_projection_lag_events',
    help: 'Events read from the log and not yet in the rows',
    registers: this.registers,
  });
  readonly lagSeconds = new Gauge({
    name: 'tenantry_projection_lag_seconds',
    help: 'For how long the read models have been behind the head of the log',
    registers: this.registers,
  });
  readonly batchSeconds = new Histogram({
    name: 'tenantry_projection_batch_duration_seconds',
    help: 'Transactions of the projector: rows and checkpoint',
    buckets: seconds,
    registers: this.registers,
  });
  readonly projectedEvents = new Counter({
    name: 'tenantry_projection_events_total',
    help: 'Events that the projector has committed',
    registers: this.registers,
  });
  readonly projectorState = new Gauge({
    name: 'tenantry_projector_state',
    help: '1 for the state that the projector of this process is in',
    labelNames: ['state'] as const,
    registers: this.registers,
  });
  readonly leading = new Gauge({
    name: 'tenantry_projector_leading',
    help: '1 where this process keeps the read models, 0 where it stands by',
    registers: this.registers,
  });
  readonly reactions = new Counter({
    name: 'tenantry_reactions_total',
    help: 'What reactions did outside of the log, by outcome; what failed is tried again',
    labelNames: ['reaction', 'outcome'] as const,
    registers: this.registers,
  });
  readonly mails = new Counter({
    name: 'tenantry_mails_total',
    help: 'Mails by what became of them',
    labelNames: ['outcome'] as const,
    registers: this.registers,
  });
  readonly reactionsWaiting = new Gauge({
    name: 'tenantry_reactions_waiting',
    help: 'Keys for which a reaction has something to do',
    labelNames: ['reaction'] as const,
    registers: this.registers,
  });
  readonly reactionLagSeconds = new Gauge({
    name: 'tenantry_reaction_lag_seconds',
    help: 'For how long the oldest of these has been waiting',
    labelNames: ['reaction'] as const,
    registers: this.registers,
  });
  readonly parked = new Gauge({
    name: 'tenantry_parked_organizations',
    help: 'Organizations whose read models stand still because an event of theirs cannot be projected',
    registers: this.registers,
  });
  readonly driftedRows = new Gauge({
    name: 'tenantry_drifted_rows',
    help: 'Rows of the read models that the verifier found to differ from the log',
    registers: this.registers,
  });
  readonly erasuresPending = new Gauge({
    name: 'tenantry_erasures_pending',
    help: 'Erasures that were asked for and not verified yet, by what keeps them',
    labelNames: ['state'] as const,
    registers: this.registers,
  });
  readonly partUp = new Gauge({
    name: 'tenantry_part_up',
    help: '1 for each part that works, as /readyz tells it',
    labelNames: ['part'] as const,
    registers: this.registers,
  });
  private readonly requests = new Counter({
    name: 'tenantry_http_requests_total',
    help: 'HTTP requests by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: this.registers,
  });
  private readonly requestSeconds = new Histogram({
    name: 'tenantry_http_request_duration_seconds',
    help: 'HTTP requests from the first byte read to the last one written',
    labelNames: ['method', 'route'] as const,
    buckets: seconds,
    registers: this.registers,
  });
  private readonly scrapers: (() => Promise<void> | void)[] = [];

  /** `dataDir`: the folder whose disk is watched. */
  constructor(dataDir?: string) {
    collectDefaultMetrics({ register: this.registry });
    const [free, size] = [
      new Gauge({
        name: 'tenantry_data_dir_free_bytes',
        help: 'Bytes free on the disk of DATA_DIR',
        registers: this.registers,
      }),
      new Gauge({
        name: 'tenantry_data_dir_size_bytes',
        help: 'Size of the disk of DATA_DIR in bytes',
        registers: this.registers,
      }),
    ];
    this.onScrape(async () => {
      // A process whose stores are all elsewhere need not have the folder.
      const disk = dataDir === undefined ? undefined : await statfs(dataDir).catch(() => undefined);
      free.remove();
      size.remove();
      if (disk === undefined) return;
      free.set(disk.bavail * disk.bsize);
      size.set(disk.blocks * disk.bsize);
    });
  }

  /** Runs before each exposition, to measure what has no event to be counted at. */
  onScrape(measure: () => Promise<void> | void): void {
    this.scrapers.push(measure);
  }

  /** Prometheus' text format. */
  async exposition(): Promise<string> {
    await Promise.all(this.scrapers.map(async (measure) => measure()));
    return this.registry.metrics();
  }

  request(method: string, route: string | undefined, status: number, durationMs: number): void {
    const known = route ?? 'unmatched';
    this.requests.inc({ method: route === undefined ? 'ANY' : method, route: known, status });
    this.requestSeconds.observe({ method: route === undefined ? 'ANY' : method, route: known }, durationMs / 1000);
  }
}
