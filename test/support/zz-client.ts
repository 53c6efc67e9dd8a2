import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
const c = EventStoreDBClient.connectionString(process.argv[2] ?? '');
const ev = (n: number) => jsonEvent({ type: 'Tested', data: { n, pad: 'x'.repeat(200) } });
for (const inflight of [1, 50]) {
  const until = Date.now() + 3000; let n = 0;
  await Promise.all(Array.from({ length: inflight }, async (_, i) => { while (Date.now() < until) { await c.appendToStream('s' + i, ev(n++)); } }));
  console.log('appends/s', inflight, Math.round(n / 3));
}
await Promise.all(Array.from({ length: 40 }, (_, i) => c.appendToStream('bulk' + i, Array.from({ length: 1000 }, (_, k) => ev(k)))));
for (let r = 0; r < 3; r++) { const t = performance.now(); const cpu = process.cpuUsage(); let n = 0; for await (const e of c.readAll()) n++; const u = process.cpuUsage(cpu); console.log('readAll', n, Math.round(n / (performance.now() - t) * 1000), '/s, client cpu us/event', ((u.user + u.system) / n).toFixed(1)); }
await c.dispose(); process.exit();
