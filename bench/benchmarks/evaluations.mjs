import { benchmark, inTurns } from '../support/benchmark.mjs';
import { questionOf, requestRate } from '../support/load.mjs';
import { createOrganizations, startProduct } from '../support/product.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

await benchmark(async ({ row, cleanUp }) => {
  const product = await startProduct(await temporaryFolder(cleanUp), cleanUp);
  const [{ orgId, ownerId, token }] = await createOrganizations(product, 1);
  await product.ask('POST', `/v1/orgs/${orgId}/commands/CreateEnvironment`, token, {
    body: { environmentId: 'prod', name: 'Production' },
  });
  const question = { person: ownerId, action: 'environment:use', type: 'environment', id: `${orgId}/prod`, token };
  const evaluation = questionOf(question);
  const { body } = await product.ask('POST', '/access/v1/evaluation', token, { body: JSON.parse(evaluation.body) });
  if (body.decision !== true) throw new Error('the owner may not use the environment');

  const seen = await inTurns(
    {
      evaluation: () => requestRate(`${product.url}/access/v1/evaluation`, evaluation),
      empty: () => requestRate(`${product.url}/healthz`),
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
    note: `50 connections, one token that is verified already; /healthz asks nothing and reads no body`,
  });
});
