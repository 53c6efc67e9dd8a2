import { benchmark, inTurns, median, perSecond, processorMs } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { onceEach, questionOf } from '../support/load.mjs';
import { membersOf, random } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** BENCH_CHECK_SIZES=1000,100000,1000000 takes about ten minutes more: a million has to go through the projector first. */
const SIZES = (process.env['BENCH_CHECK_SIZES'] ?? '1000,100000').split(',').map(Number);
const PEOPLE = 1_000;
/** As many at every size, so that all find their documents in the process equally often. */
const ASKED = 1_000;
const QUESTIONS = 3_000;
const WITHIN = 1.3;

/** A deployment of its own, with so many memberships, and what checks on it cost. */
async function deployment(size, folder, cleanUp) {
  const organizations = Math.ceil(size / PEOPLE);
  const { store, startApi, tokenOf, caughtUp } = await startCluster(folder, cleanUp);
  await perSecond(organizations, 4, (i) => fill(store, `org-${i}`, membersOf(`org-${i}`, Math.min(size, PEOPLE))));
  await caughtUp();
  const { ask, url, pid } = await startApi();
  const owners = await Promise.all(Array.from({ length: organizations }, (_, i) => tokenOf(`org-${i}-p0`)));
  const next = random(7);
  const below = (bound) => Math.floor(next() * bound);
  /** Members, spread over all organizations, that their owners ask about. */
  const asked = Array.from({ length: ASKED }, () => {
    const [i, p] = [below(organizations), below(Math.min(size, PEOPLE))];
    return { token: owners[i], person: `org-${i}-p${p}`, id: `org-${i}`, admin: p === 0 || p % 10 === 1 };
  });
  for (const { token, person, id, admin } of asked)
    for (const [action, expected] of [
      ['org:view', true],
      ['member:manage', admin],
    ]) {
      const body = JSON.parse(questionOf({ person, action, type: 'org', id, token }).body);
      const { body: answer } = await ask('POST', '/access/v1/evaluation', token, { body });
      if (answer.decision !== expected) throw new Error(`${person}, ${action}: ${answer.decision}`);
    }
  const requests = Array.from({ length: QUESTIONS }, (_, n) =>
    questionOf({ ...asked[n % ASKED], action: 'member:manage', type: 'org' }),
  );
  const costs = [];
  return {
    /** Checks per second, and beside it what a check cost the api in processor time. */
    measure: async () => {
      const before = await processorMs(pid);
      const rate = await onceEach(`${url}/access/v1/evaluation`, requests);
      if (before !== undefined) costs.push(((await processorMs(pid)) - before) / QUESTIONS);
      return rate;
    },
    costs,
  };
}

await benchmark(async ({ row, cleanUp }) => {
  const deployments = new Map();
  for (const size of SIZES) deployments.set(size, await deployment(size, await temporaryFolder(cleanUp), cleanUp));
  const rounds = 7;
  const seen = await inTurns(
    Object.fromEntries([...deployments].map(([size, { measure }]) => [`${size} memberships`, measure])),
    { rounds, warmUp: 2 },
  );
  const [smallest, ...larger] = SIZES;
  const costOf = (size) => median(deployments.get(size).costs.slice(-rounds));
  const rateOf = (size) => seen[`${size} memberships`];
  row({ name: `${smallest} memberships`, value: rateOf(smallest), unit: 'checks/s' });
  row({ name: '  processor time of a check', value: costOf(smallest), unit: 'ms' });
  for (const size of larger) {
    const against = `${smallest} memberships`;
    row({
      name: `${size} memberships`,
      value: rateOf(size),
      unit: 'checks/s',
      baseline: rateOf(smallest),
      against,
      goal: { of: 'ratio', atLeast: 1 / WITHIN },
    });
    row({
      name: '  processor time of a check',
      value: costOf(size),
      unit: 'ms',
      baseline: costOf(smallest),
      against,
      goal: { of: 'ratio', atMost: WITHIN },
    });
  }
});
