import { benchmark, median, percentile, perSecond, steadily } from '../support/benchmark.mjs';
import { commandsOf, createOrganizations, startProduct } from '../support/product.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** More than are in flight, so that two commands of one organization seldom meet. */
const ORGANIZATIONS = 64;
const IN_FLIGHT = 50;
const COMMANDS = 1_000;
const SECONDS = 20;
/** One command in so many is watched, so that the reads are no load of their own. */
const WATCHED = 4;

await benchmark(async ({ row, cleanUp }) => {
  // A read that is late shall count as late, not end the benchmark.
  const patient = { READ_WAIT_MS: '30000' };
  const product = await startProduct(await temporaryFolder(cleanUp), cleanUp, patient);
  const organizations = await createOrganizations(product, ORGANIZATIONS);
  const command = commandsOf(product, organizations);

  /** Milliseconds from the answer until a read with its token has answered. */
  const visible = async () => {
    const { orgId, environmentId, token, answer } = await command();
    const answered = performance.now();
    const { body } = await product.ask('GET', `/v1/orgs/${orgId}/environments/${environmentId}`, token, {
      headers: { 'consistency-token': answer.headers['consistency-token'] },
    });
    if (!JSON.stringify(body).includes(environmentId)) throw new Error('the read does not show what the command made');
    return performance.now() - answered;
  };
  // Answered and visible: what is only answered may be more than the projector keeps up with.
  const rounds = [];
  for (let round = -2; round < 3; round++) {
    const began = performance.now();
    await perSecond(COMMANDS, IN_FLIGHT, () => command());
    await visible();
    if (round >= 0) rounds.push((COMMANDS * 1000) / (performance.now() - began));
  }
  const most = median(rounds);
  const alone = [];
  for (let i = 0; i < 400; i++) alone.push(await visible());
  const loaded = [];
  const kept = await steadily(most / 2, SECONDS, async (i) => {
    if (i % WATCHED === 0) loaded.push(await visible());
    else await command();
  });
  const unit = 'ms';
  const against = 'one after the other';
  row({ name: `the most that becomes visible, ${IN_FLIGHT} in flight`, value: most, unit: 'commands/s' });
  row({ name: 'started at half of it', value: kept, unit: 'commands/s', baseline: most, against: 'the most' });
  row({ name: 'p50', value: percentile(loaded, 0.5), unit, baseline: percentile(alone, 0.5), against });
  row({
    name: 'p99',
    value: percentile(loaded, 0.99),
    unit,
    baseline: percentile(alone, 0.99),
    against,
    goal: { of: 'value', atMost: 100 },
    note: `of ${loaded.length} commands; commands start at a steady rate, whether or not those before are answered`,
  });
});
