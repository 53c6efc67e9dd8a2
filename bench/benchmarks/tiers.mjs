import { benchmark, inTurns, percentile, perSecond } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { onceEach, questionOf } from '../support/load.mjs';
import { membersOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORGANIZATIONS = 20;
const PEOPLE = 700;
const ROUNDS = 3;
const QUESTIONS = 2_500;
const TIMED = 2_000;
const IN_FLIGHT = 10;
const PATH = '/access/v1/evaluation';

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp, { redis: true });
  await perSecond(ORGANIZATIONS, 4, (i) => fill(cluster.store, `org-${i}`, membersOf(`org-${i}`, PEOPLE)));
  await cluster.caughtUp();
  // One that asks first, so that it fills Redis from Postgres, and one that asks after it.
  const [first, second] = [await cluster.startApi(), await cluster.startApi()];

  const owners = [];
  for (let i = 0; i < ORGANIZATIONS; i++) owners.push(await cluster.tokenOf(`org-${i}-p0`));
  /** Whether a member of an organization may see it, as its owner asks; another member for each number, first the owners. */
  const question = (n) => {
    const [i, p] = [n % ORGANIZATIONS, Math.floor(n / ORGANIZATIONS)];
    const org = `org-${i}`;
    return questionOf({ person: `${org}-p${p}`, action: 'org:view', type: 'org', id: org, token: owners[i] });
  };
  const allowed = async ({ ask }, n) => {
    const { body: answer } = await ask('POST', PATH, owners[n % ORGANIZATIONS], { body: JSON.parse(question(n).body) });
    if (answer.decision !== true) throw new Error(`a member of org-${n % ORGANIZATIONS} may not see it`);
  };
  const firstOf = (round) => ORGANIZATIONS + round * QUESTIONS;
  const questions = (round) => Array.from({ length: QUESTIONS }, (_, n) => question(firstOf(round) + n));
  /** The owners themselves are known to both, with what their tokens tell. */
  for (const api of [first, second]) for (const n of owners.keys()) await allowed(api, n);
  await cluster.caughtUp();

  const asked = { postgres: 0, redis: 0, process: 0 };
  const each = (tier, { url }) => onceEach(`${url}${PATH}`, questions(asked[tier]++));
  const seen = await inTurns(
    {
      postgres: () => each('postgres', first),
      redis: () => each('redis', second),
      process: () => each('process', second),
    },
    { rounds: ROUNDS },
  );
  const answered = {
    postgres: (await answersBy(first, 'postgres')) / (asked.postgres * QUESTIONS),
    redis: (await answersBy(second, 'redis')) / (asked.redis * QUESTIONS),
  };

  const timed = async (api) => {
    const took = [];
    await perSecond(TIMED, IN_FLIGHT, async (n) => {
      const began = performance.now();
      await allowed(api, firstOf(ROUNDS + 1) + n);
      took.push(performance.now() - began);
    });
    return percentile(took, 0.99);
  };
  const cold = await timed(first);
  const shared = await timed(second);
  const near = await timed(second);

  const unit = 'checks/s';
  const against = 'in process';
  row({ name: 'in process', value: seen.process, unit });
  row({
    name: 'from Redis',
    value: seen.redis,
    unit,
    baseline: seen.process,
    against,
    goal: { of: 'ratio', atLeast: 0.5 },
  });
  row({
    name: 'from Postgres, which then fills Redis',
    value: seen.postgres,
    unit,
    baseline: seen.process,
    against,
    note: '50 connections; an owner asks about each member once: the member’s documents come from the tier',
  });
  row({
    name: 'of these answered by Redis',
    value: 100 * Math.min(1, answered.redis),
    unit: '%',
    goal: { of: 'value', atLeast: 99 },
    note: `by Postgres ${(100 * Math.min(1, answered.postgres)).toFixed(0)} %; a Redis that takes over 100 ms is passed over for a moment`,
  });
  row({ name: `p99 from Redis, ${IN_FLIGHT} in flight`, value: shared, unit: 'ms', baseline: near, against });
  row({
    name: `p99 from Postgres, ${IN_FLIGHT} in flight`,
    value: cold,
    unit: 'ms',
    baseline: near,
    against,
    goal: { of: 'value', atMost: 20 },
  });
});

/** How many loads of documents the tier was the last to be needed for. */
async function answersBy({ url }, tier) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const hits = new RegExp(`^tenantry_access_documents_total\\{tier="${tier}",event="hit"\\} (\\d+)$`, 'm').exec(text);
  return Number(hits?.[1] ?? 0);
}
