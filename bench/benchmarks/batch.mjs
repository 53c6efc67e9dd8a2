import { permit } from '../../dist/libs/domain/access/permit.js';
import { benchmark, inTurns, percentile, processorMs } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { authZenOf, onceEach, requestOf, requestRate } from '../support/load.mjs';
import { eventsOf, factsIn, organization, questionsOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORG = 'acme';
const PEOPLE = 1_000;
/** As many as one request may hold. */
const BATCH = 1_000;
/** Enough that the api never waits for the next. */
const CONNECTIONS = 4;
const ALONE = 3_000;
const TIMED = 50;

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  await fill(cluster.store, ORG, eventsOf(ORG, PEOPLE));
  await cluster.caughtUp();
  // The default limit of checks is that of the goal.
  const { ask, url, pid } = await cluster.startApi({ RATE_LIMIT_CHECKS: 'off,off' });
  const token = await cluster.tokenOf(`${ORG}-p0`);

  const acme = organization(PEOPLE, ORG);
  const questions = questionsOf(acme, BATCH);
  const factsFor = factsIn(acme);
  const expected = questions.map((question) => permit(factsFor(question), question).allowed);
  const body = { evaluations: questions.map(authZenOf) };
  const batch = async () => (await ask('POST', '/access/v1/evaluations', token, { body })).body.evaluations;
  const answers = (await batch()).map(({ decision }) => decision);
  const wrong = expected.findIndex((decision, i) => decision !== answers[i]);
  if (wrong >= 0 || answers.length !== BATCH) throw new Error(`question ${wrong} of the batch was answered wrongly`);

  const singles = Array.from({ length: ALONE }, (_, n) => requestOf(token, authZenOf(questions[n % BATCH])));
  const together = { ...requestOf(token, body), connections: CONNECTIONS };
  const seen = await inTurns(
    {
      batch: async () => BATCH * (await requestRate(`${url}/access/v1/evaluations`, together)),
      alone: () => onceEach(`${url}/access/v1/evaluation`, singles),
    },
    { rounds: 3, warmUp: 2 },
  );
  const took = [];
  const before = await processorMs(pid);
  for (let i = 0; i < TIMED; i++) {
    const began = performance.now();
    await batch();
    took.push(performance.now() - began);
  }
  const spent = before === undefined ? undefined : (await processorMs(pid)) - before;
  row({
    name: `${BATCH} in one request, ${CONNECTIONS} connections`,
    value: seen.batch,
    unit: 'decisions/s',
    baseline: seen.alone,
    against: 'one by one, 50 connections',
    goal: { of: 'value', atLeast: 100_000 },
    note: `an owner about ${PEOPLE} members; ${expected.filter(Boolean).length} of ${BATCH} allowed, each answer as permit() gives it`,
  });
  row({ name: 'one such request after the other, p50', value: percentile(took, 0.5), unit: 'ms' });
  if (spent !== undefined)
    row({ name: 'decisions per second of processor time', value: (BATCH * TIMED * 1000) / spent, unit: '/s' });
});
