import { benchmark, percentile } from '../support/benchmark.mjs';
import { createOrganizations, startProduct } from '../support/product.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const WARM_UP = 100;
const COMMANDS = 600;

await benchmark(async ({ row, cleanUp }) => {
  const product = await startProduct(await temporaryFolder(cleanUp), cleanUp);
  const [{ orgId, token }] = await createOrganizations(product, 1);
  const seen = { command: [], read: [] };
  for (let i = -WARM_UP; i < COMMANDS; i++) {
    const environmentId = `env-${i + WARM_UP}`;
    const posted = performance.now();
    const { headers } = await product.ask('POST', `/v1/orgs/${orgId}/commands/CreateEnvironment`, token, {
      body: { environmentId, name: 'Production' },
    });
    const answered = performance.now();
    const { body } = await product.ask('GET', `/v1/orgs/${orgId}/environments/${environmentId}`, token, {
      headers: { 'consistency-token': headers['consistency-token'] },
    });
    const read = performance.now();
    if (!JSON.stringify(body).includes(environmentId)) throw new Error('the read does not show what the command made');
    if (i < 0) continue;
    seen.command.push(answered - posted);
    seen.read.push(read - answered);
  }
  const unit = 'ms';
  row({ name: 'p50', value: percentile(seen.read, 0.5), unit });
  row({ name: 'p99', value: percentile(seen.read, 0.99), unit, goal: { of: 'value', atMost: 50 } });
  row({ name: 'the command itself, p50', value: percentile(seen.command, 0.5), unit });
  row({ name: 'the command itself, p99', value: percentile(seen.command, 0.99), unit });
});
