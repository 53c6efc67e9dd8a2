import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../dist/libs/readstore/sql.js';
import { benchmark, inTurns, percentile, steadily } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { eventsOf, random } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const OTHERS = 40;
const PEOPLE = 100;
const PARKED = 'org-parked';
/** Per second, for so long, in each round. */
const CHECKS = 200;
const COMMANDS = 20;
const SECONDS = 8;

/** Every audit row of one organization is refused: a fault that only its own events meet. */
const poison = (db) => onAuditTable(db, `add constraint bench_refuses check (org_id <> '${PARKED}') not valid`);
const fix = (db) => onAuditTable(db, 'drop constraint bench_refuses');

async function onAuditTable(db, change) {
  const { rows } = await run(
    db,
    `select nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname = 'audit_entries' and relkind = 'r'`,
  );
  await run(db, `alter table "${rows[0].schema}".audit_entries ${change}`);
}

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const names = [...Array.from({ length: OTHERS }, (_, i) => `org-${i}`), PARKED];
  for (const name of names) await fill(cluster.store, name, eventsOf(name, PEOPLE));
  await cluster.caughtUp();
  const { ask } = await cluster.startApi();
  const admin = await cluster.tokenOf('admin', { email: 'admin@localhost' });
  const owners = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await cluster.tokenOf(`${name}-p0`)])),
  );
  const parkedNow = async () => (await ask('GET', '/v1/projections', admin)).body.parked.length > 0;
  const until = async (parked) => {
    while ((await parkedNow()) !== parked) await sleep(100);
  };

  let made = 0;
  const command = (name) =>
    ask('POST', `/v1/orgs/${name}/commands/CreateEnvironment`, owners[name], {
      body: { environmentId: `made-${made++}`, name: 'Made' },
    });
  const check = (name, person, expected = 200) =>
    ask('POST', '/access/v1/evaluation', owners[name], {
      body: {
        subject: { type: 'user', id: `${name}-p${person}` },
        action: { name: 'org:view' },
        resource: { type: 'org', id: name },
      },
      expected,
    });
  const next = random(11);
  const other = () => names[Math.floor(next() * OTHERS)];
  const person = () => Math.floor(next() * PEOPLE);

  /** Commands and checks of all, and among the checks those of the one organization; answers the p99 of the others'. */
  const traffic = async (seconds, expected) => {
    const took = [];
    await Promise.all([
      steadily(CHECKS, seconds, async () => {
        const began = performance.now();
        await check(other(), person());
        took.push(performance.now() - began);
      }),
      steadily(CHECKS / 10, seconds, () => check(PARKED, person(), expected)),
      steadily(COMMANDS, seconds, (i) => command(i % 4 === 0 ? PARKED : other())),
    ]);
    return percentile(took, 0.99);
  };
  await traffic(SECONDS, 200);
  const seen = await inTurns(
    {
      none: () => traffic(SECONDS, 200),
      parked: async () => {
        await poison(cluster.db);
        await command(PARKED);
        await until(true);
        const p99 = await traffic(SECONDS, 503);
        if (!(await parkedNow())) throw new Error('the organization was not parked all the time');
        await fix(cluster.db);
        await until(false);
        return p99;
      },
    },
    { rounds: 5, warmUp: 0 },
  );
  row({
    name: 'p99 of others’ checks, one organization parked',
    value: seen.parked,
    unit: 'ms',
    baseline: seen.none,
    against: 'none parked',
    goal: { of: 'ratio', atMost: 1.25 },
    note: `${CHECKS} checks and ${COMMANDS} commands per second; the same checks and commands of that one in both`,
  });
});
