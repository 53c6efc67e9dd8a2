import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StoredEvent } from '#libs/application/ports/event-store.js';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.js';
import { startTestApi, type TestApi } from '../support/api.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

async function eventsOf(api: TestApi, stream: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const page of api.services.store.read(stream, 0n)) events.push(...page);
  return events;
}

async function createOrg(api: TestApi, orgId: string, headers: Record<string, string> = {}) {
  const authorization = await api.bearer('root', { email: 'admin@localhost' });
  const body = { orgId, name: 'Acme', ownerId: `owner-of-${orgId}` };
  const answer = await api.http.send({
    path: '/v1/realm/commands/CreateOrg',
    body,
    headers: { authorization, 'idempotency-key': '"k1"', ...headers },
  });
  expect(answer.status).toBe(200);
  return answer;
}

describe('traces', () => {
  let collector: Collector;
  let api: TestApi;
  beforeAll(async () => {
    collector = await startCollector();
    api = await startTestApi({
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20collector',
        OTEL_SERVICE_NAME: 'tenantry-test',
      },
    });
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    await collector.close();
  });

  const spansOf = async (trace: string, names: readonly string[]): Promise<readonly CollectedSpan[]> => {
    const found = () => collector.spans.filter(({ traceId }) => traceId === trace);
    while (!names.every((name) => found().some((span) => span.name === name))) await sleep(20);
    return found();
  };
  const named = (spans: readonly CollectedSpan[], name: string): CollectedSpan => {
    const [span, ...others] = spans.filter((each) => each.name === name);
    if (span === undefined || others.length > 0) throw new Error(`${1 + others.length} spans are named ${name}`);
    return span;
  };
  const http = 'POST /v1/realm/commands/:name';
  const command = 'command CreateOrg';

  it('lead from the caller over request, command and append to the projection', async () => {
    await createOrg(api, 'acme', { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: 'vendor=1' });
    const spans = await spansOf(TRACE, [http, command, 'append', 'project']);
    expect(named(spans, http).parentSpanId).toBe(CALLER);
    expect(named(spans, command).parentSpanId).toBe(named(spans, http).spanId);
    // What was observed of the caller is appended while the request is identified, the organization by the command.
    const appends = spans.filter(({ name }) => name === 'append');
    expect(appends.some(({ parentSpanId }) => parentSpanId === named(spans, command).spanId)).toBe(true);
    for (const span of spans) expect(span.service).toBe('tenantry-test');
    // One or two: the claim on the owner's stream may be committed by itself.
    const { spanId } = named(spans, command);
    for (const span of spans.filter(({ name }) => name === 'project'))
      expect(span).toMatchObject({ parentSpanId: spanId, links: [{ traceId: TRACE, spanId }] });
    expect(collector.requests[0]?.authorization).toBe('Bearer collector');
  });

  it('leave their context with the events, which are the same ones as without it', async () => {
    const [event] = await eventsOf(api, 'org-acme');
    const spans = await spansOf(TRACE, [command]);
    expect(event?.metadata['traceparent']).toBe(`00-${TRACE}-${named(spans, command).spanId}-01`);
    // The repeat is traced elsewhere, and is still the same command.
    const again = await createOrg(api, 'acme', { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
    expect(JSON.parse(again.text)).toMatchObject({ events: [{ id: event?.id }], revision: '0' });
    expect(await eventsOf(api, 'org-acme')).toHaveLength(1);
  });

  it('begin here where the caller sends none or a malformed one, and hold no name, address or token', async () => {
    await createOrg(api, 'own-trace', { traceparent: 'nonsense', 'idempotency-key': '"k2"' });
    const root = () => collector.spans.find(({ name, parentSpanId = '' }) => name === http && parentSpanId === '');
    while (root() === undefined) await sleep(20);
    await spansOf(root()?.traceId ?? '', [http, command, 'append', 'project']);
    const told = JSON.stringify(collector.spans);
    for (const secret of ['Acme', 'admin@localhost', 'eyJ', 'owner-of']) expect(told).not.toContain(secret);
  });

  it('keep out what the caller does not want sampled, and leave out probes', async () => {
    const trace = 'c'.repeat(32);
    await createOrg(api, 'unsampled', { traceparent: `00-${trace}-${CALLER}-00`, 'idempotency-key': '"k3"' });
    await api.http.send({ path: '/healthz' });
    const [event] = await eventsOf(api, 'org-unsampled');
    expect(event?.metadata['traceparent']).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    // A later trace has arrived whole: an earlier one would have as well.
    await createOrg(api, 'later', { traceparent: `00-${'d'.repeat(32)}-${CALLER}-01`, 'idempotency-key': '"k4"' });
    await spansOf('d'.repeat(32), [http, command, 'append', 'project']);
    expect(collector.spans.filter(({ traceId }) => traceId === trace)).toEqual([]);
    expect(collector.spans.filter(({ name }) => name.includes('/healthz'))).toEqual([]);
  });
});

/** Its API alone comes with the client of Prometheus. */
const sdk = /@opentelemetry\/(sdk|exporter|otlp|resources)/;

describe('without a collector', () => {
  it('OpenTelemetry is not loaded, and events hold no context', async () => {
    const api = await startTestApi();
    try {
      await createOrg(api, 'acme', { traceparent: `00-${TRACE}-${CALLER}-01` });
      const [event] = await eventsOf(api, 'org-acme');
      expect(event?.metadata).not.toHaveProperty('traceparent');
    } finally {
      await api.stop();
    }
    expect(await filesOpenedByImporting('apps/compose.ts')).not.toMatch(sdk);
    expect(await filesOpenedByImporting('libs/platform/telemetry/otlp-tracing.ts')).toMatch(sdk);
  }, 60_000);
});

/** The modules that a process has loaded which has done nothing but import one of ours. */
async function filesOpenedByImporting(path: string): Promise<string> {
  const script = `
    const { createRequire } = await import('node:module');
    await import(${JSON.stringify(`${process.cwd()}/${path}`)});
    process.stdout.write(Object.keys(createRequire(import.meta.url).cache).join('\\n'));`;
  const loader = `${process.cwd()}/test/support/run-ts.mjs`;
  const args = ['--conditions=source', '--import', loader, '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}
