import { join } from 'node:path';
import { benchmark, inTurns, median, perSecond, processorMs } from '../support/benchmark.mjs';
import { startEventStore } from '../support/event-store.mjs';
import { commandsOf, createOrganizations, startProduct } from '../support/product.mjs';
import { toAppend } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** More than are in flight, so that two commands of one organization seldom meet. */
const ORGANIZATIONS = 64;
const MANY = 50;
const ALONE = 150;
const TOGETHER = 1_000;

/** The same events at known revisions through the client alone, on a node of their own with its own disk log. */
function appendsTo(store) {
  const heads = new Map();
  let sent = 0;
  return async () => {
    const orgId = `org-${sent++ % ORGANIZATIONS}`;
    const expected = heads.get(orgId) ?? -1n;
    heads.set(orgId, expected + 1n);
    const event = { type: 'EnvironmentCreated', data: { environmentId: `env-${sent}`, name: 'Production' } };
    const { appended } = await store.append(`org-${orgId}`, expected, [toAppend(orgId, event)]);
    if (!appended) throw new Error('two appends to one organization crossed');
  };
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const { store, pid } = await startEventStore(join(folder, 'bare'), cleanUp);
  const product = await startProduct(folder, cleanUp);
  const organizations = await createOrganizations(product, ORGANIZATIONS);

  const command = commandsOf(product, organizations);
  const append = appendsTo(store);
  const spent = { product: [], node: [] };
  /** Beside the rate, what each cost the process that did it. */
  const costing = async (list, pid, measure) => {
    const before = await processorMs(pid);
    const rate = await measure();
    if (before !== undefined) list.push(((await processorMs(pid)) - before) / TOGETHER);
    return rate;
  };
  const seen = await inTurns(
    {
      one: () => perSecond(ALONE, 1, () => command()),
      bareOne: () => perSecond(ALONE, 1, append),
      many: () => costing(spent.product, product.pid, () => perSecond(TOGETHER, MANY, () => command())),
      bareMany: () => costing(spent.node, pid, () => perSecond(TOGETHER, MANY, append)),
      keyed: () => perSecond(TOGETHER, MANY, () => command({ keyed: true })),
    },
    { rounds: 5, warmUp: 2 },
  );
  const unit = 'commands/s';
  const against = 'bare appends';
  const goal = { of: 'ratio', atLeast: 0.7 };
  row({ name: '1 in flight', value: seen.one, unit, baseline: seen.bareOne, against, goal });
  row({ name: '50 in flight', value: seen.many, unit, baseline: seen.bareMany, against, goal });
  row({
    name: '50 in flight, each with an Idempotency-Key',
    value: seen.keyed,
    unit,
    baseline: seen.bareMany,
    against,
  });
  if (spent.product.length === 0) return;
  row({
    name: 'processor time of a command',
    value: median(spent.product),
    unit: 'ms',
    note: 'of the whole product but Postgres: HTTP, decision, node, projector',
  });
  row({ name: 'processor time of an append', value: median(spent.node), unit: 'ms', note: 'of the node alone' });
});
