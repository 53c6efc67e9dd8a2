import type { TracingConfig } from '../config.js';
import { NoTracing, type Tracing } from './tracing.js';

/** Loads OpenTelemetry only where it is configured. */
export async function openTracing(config: TracingConfig | undefined): Promise<Tracing> {
  if (config === undefined) return new NoTracing();
  const { OtlpTracing } = await import('./otlp-tracing.js');
  return new OtlpTracing(config);
}
