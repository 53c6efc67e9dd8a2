import { request } from 'node:http';
import { rowsOf, run } from '../../dist/libs/readstore/sql.js';
import { benchmark, inTurns, percentile } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { eventsOf, random } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ENTRIES = Number(process.env.BENCH_AUDIT_ENTRIES ?? 1_000_000);
const PEOPLE = 250;
const ORG = 'org-audited';
const PAGES = 300;
const EXPORT_ROUNDS = 3;
const page = 50;

/** As many events as asked for, of few people: a long history. */
function longLife(count) {
  const events = eventsOf(ORG, PEOPLE);
  const grants = events.filter(({ type }) => type === 'EnvironmentAccessGranted');
  for (let i = 0; events.length < count; i++) {
    const turn = Math.floor(i / grants.length) % 2;
    events.push({ ...grants[i % grants.length], type: `EnvironmentAccess${turn === 0 ? 'Revoked' : 'Granted'}` });
  }
  return events;
}

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const { db, store } = cluster;
  await fill(store, ORG, longLife(ENTRIES));
  await cluster.caughtUp();
  await run(db, 'analyze');
  const { ask, url } = await cluster.startApi();
  const owner = await cluster.tokenOf(`${ORG}-p0`);
  const read = (query) => ask('GET', `/v1/orgs/${ORG}/audit?${new URLSearchParams(query)}`, owner);

  // Cursors everywhere in the history, and the instants there.
  const places = [];
  for (let cursor; ; ) {
    const { body } = await read({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    places.push({ cursor, occurredAt: body.entries.at(-1).occurredAt });
    cursor = body.next;
    if (cursor === undefined) break;
  }
  const next = random(7);
  const anywhere = () => places[Math.floor(next() * places.length)];
  const kinds = {
    'first page': () => ({}),
    'a page at any depth, by cursor': () => ({ cursor: anywhere().cursor ?? '' }),
    'the first page before an instant': () => ({ to: anywhere().occurredAt }),
    'a page of one target': () => ({ target: `${ORG}-p${Math.floor(next() * PEOPLE)}` }),
    'a page of one command': () => ({ action: 'EnvironmentAccessRevoked' }),
  };
  for (const [name, query] of Object.entries(kinds)) {
    const took = [];
    for (let i = 0; i < PAGES; i++) {
      const asked = Object.entries({ limit: page, ...query() }).filter(([, value]) => value !== '');
      const began = performance.now();
      await read(Object.fromEntries(asked));
      if (i >= PAGES / 10) took.push(performance.now() - began);
    }
    row({
      name: `${name}, p95 of ${ENTRIES} entries`,
      value: percentile(took, 0.95),
      unit: 'ms',
      goal: { of: 'value', atMost: 10 },
      note: `p50 ${percentile(took, 0.5).toFixed(1)} ms`,
    });
  }

  const seen = await inTurns(
    {
      ndjson: () => exported(url, owner, 'application/x-ndjson'),
      csv: () => exported(url, owner, 'text/csv'),
      copy: () => copied(db),
    },
    { rounds: EXPORT_ROUNDS },
  );
  for (const format of ['ndjson', 'csv'])
    row({
      name: `export as ${format}`,
      value: ENTRIES / seen[format],
      unit: 'entries/s',
      baseline: ENTRIES / seen.copy,
      against: 'COPY (select …) TO STDOUT of the same rows',
      goal: { of: 'ratio', atLeast: 0.5 },
    });
});

/** Seconds until the last byte of an export has come. */
async function exported(url, token, accept) {
  const began = performance.now();
  await new Promise((resolve, reject) => {
    const headers = { accept, authorization: `Bearer ${token}` };
    request(`${url}/v1/orgs/${ORG}/audit`, { headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the export was answered ${response.statusCode}`));
      response.resume().once('end', resolve).once('error', reject);
    })
      .once('error', reject)
      .end();
  });
  return (performance.now() - began) / 1000;
}

/** Seconds until Postgres has written the same rows, in the same order and as text, without any client to take them. */
async function copied(db) {
  const [{ schema }] = await rowsOf(
    db,
    `select nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relname = 'audit_entries' and relkind = 'r'`,
  );
  const began = performance.now();
  await run(
    db,
    `copy (select * from "${schema}".audit_entries where stream = 'org-${ORG}' order by commit, prepare)
      to program 'cat > /dev/null'`,
  );
  return (performance.now() - began) / 1000;
}
