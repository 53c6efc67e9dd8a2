import autocannon from 'autocannon';
import { benchmark, inTurns } from '../support/benchmark.mjs';
import { createOrganizations, startProduct } from '../support/product.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const CONNECTIONS = 50;
const ROUND_SECONDS = 2;

/** Requests per second of one kind, all answered with 200. */
async function rate(url, request = {}) {
  const { requests, non2xx, errors } = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: ROUND_SECONDS,
    ...request,
  });
  if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`);
  return requests.average;
}

await benchmark(async ({ row, cleanUp }) => {
  const product = await startProduct(await temporaryFolder(cleanUp), cleanUp);
  const [{ orgId, ownerId, token }] = await createOrganizations(product, 1);
  await product.ask('POST', `/v1/orgs/${orgId}/commands/CreateEnvironment`, token, {
    body: { environmentId: 'prod', name: 'Production' },
  });
  const question = {
    subject: { type: 'user', id: ownerId },
    action: { name: 'environment:use' },
    resource: { type: 'environment', id: `${orgId}/prod` },
  };
  const { body } = await product.ask('POST', '/access/v1/evaluation', token, { body: question });
  if (body.decision !== true) throw new Error('the owner may not use the environment');

  const evaluation = {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(question),
  };
  const seen = await inTurns(
    {
      evaluation: () => rate(`${product.url}/access/v1/evaluation`, evaluation),
      empty: () => rate(`${product.url}/healthz`),
    },
    { rounds: 5, warmUp: 2 },
  );
  row({
    name: 'own question: environment:use',
    value: seen.evaluation,
    unit: 'requests/s',
    baseline: seen.empty,
    against: 'GET /healthz',
    goal: { of: 'ratio', atLeast: 0.7 },
    note: `${CONNECTIONS} connections, one token that is verified already; /healthz asks nothing and reads no body`,
  });
});
