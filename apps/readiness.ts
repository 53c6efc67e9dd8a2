import type { Logger } from 'pino';
import { type FaultCode, faultOf } from '#libs/platform/faults.js';
import type { Drain } from './drain.js';

const PROBE_TIMEOUT_MS = 5_000;

/** Whether a part works, asked of that part itself. */
export interface HealthProbe {
  readonly name: string;
  check(): Promise<PartHealth>;
}

interface PartHealth {
  readonly ok: boolean;
  /** True for a part that is not well, but in whose absence from rotation nobody would be served better. */
  readonly serves?: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly ok: boolean;
  readonly draining?: true;
  readonly parts?: Readonly<Record<string, PartHealth>>;
}

/** What `/readyz` answers. Readers need no credential, so an error is told by its code; its own words go to the log. */
export class Readiness {
  private readonly failing = new Map<string, FaultCode>();

  constructor(
    private readonly probes: readonly HealthProbe[],
    private readonly drain: Drain,
    private readonly logger: Logger,
  ) {}

  async report(): Promise<Report> {
    // At once, whatever the parts take: every moment costs a balancer requests that nobody will answer.
    if (this.drain.on) return { ok: false, draining: true };
    const parts = await this.parts();
    return { ok: Object.values(parts).every((part) => part.ok || part.serves), parts };
  }

  /** Every part by its name. */
  async parts(): Promise<Record<string, PartHealth>> {
    return Object.fromEntries(
      await Promise.all(this.probes.map(async (probe) => [probe.name, await this.ask(probe)] as const)),
    );
  }

  /** A probe that fails or takes too long is an answer too. */
  private async ask(probe: HealthProbe): Promise<PartHealth> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms: timeout`)), PROBE_TIMEOUT_MS);
    });
    try {
      const part = await Promise.race([probe.check(), late]);
      this.failing.delete(probe.name);
      return part;
    } catch (error) {
      const { code, sentence } = faultOf(error);
      // Once for each change: an outage is asked about every few seconds.
      if (this.failing.get(probe.name) !== code) this.logger.warn({ part: probe.name, err: error }, 'a part fails');
      this.failing.set(probe.name, code);
      return { ok: false, detail: { code, error: sentence } };
    } finally {
      clearTimeout(timer);
    }
  }
}
