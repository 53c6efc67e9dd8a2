import { cpus } from 'node:os';
import { benchmark, inTurns, median, perSecond, processorMs } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { questionOf, requestRate } from '../support/load.mjs';
import { commandsOf, createOrganizations } from '../support/product.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** More than are in flight, so that two commands of one organization seldom meet. */
const ORGANIZATIONS = 64;
const IN_FLIGHT = 50;
const COMMANDS = 600;
const PATH = '/access/v1/evaluation';

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const apis = [await cluster.startApi(), await cluster.startApi()];
  const [alone] = apis;
  const organizations = await createOrganizations({ ...alone, tokenOf: cluster.tokenOf }, ORGANIZATIONS);
  const { orgId, ownerId, token } = organizations[0];
  const question = questionOf({ person: ownerId, action: 'org:view', type: 'org', id: orgId, token });
  for (const { ask } of apis) await ask('POST', PATH, token, { body: JSON.parse(question.body) });

  // The kinds act on the same organizations, so each gives its environments names of its own.
  let turn = 0;
  const byTurns = (...request) => apis[turn++ % apis.length].ask(...request);
  const byOrganization = (method, path, ...rest) =>
    apis[Number(/org-(\d+)/.exec(path)[1]) % apis.length].ask(method, path, ...rest);
  const commandOfOne = commandsOf(alone, organizations, 'one');
  const commandByTurns = commandsOf({ ask: byTurns }, organizations, 'turns');
  const commandByOrganization = commandsOf({ ask: byOrganization }, organizations, 'own');
  const evaluations = async (on) => {
    const connections = IN_FLIGHT / on.length;
    const rates = await Promise.all(on.map(({ url }) => requestRate(`${url}${PATH}`, { ...question, connections })));
    return rates.reduce((sum, rate) => sum + rate, 0);
  };
  const asking = { api: [], all: [] };
  const commanding = { api: [], all: [] };
  /** Beside the rate, the milliseconds of processor time that one request took in the api, and in all but Postgres. */
  const costing = async (costs, measure, count) => {
    const pids = [alone.pid, process.pid, cluster.nodePid, cluster.projector.pid];
    const before = await Promise.all(pids.map(processorMs));
    const began = performance.now();
    const rate = await measure();
    const done = count ?? (rate * (performance.now() - began)) / 1000;
    const spent = (await Promise.all(pids.map(processorMs))).map((after, i) => (after - before[i]) / done);
    costs.api.push(spent[0]);
    costs.all.push(spent.reduce((sum, each) => sum + each));
    return rate;
  };
  const seen = await inTurns(
    {
      one: () => costing(asking, () => evaluations([alone])),
      two: () => evaluations(apis),
      commandsOfOne: () => costing(commanding, () => perSecond(COMMANDS, IN_FLIGHT, () => commandOfOne()), COMMANDS),
      commandsByTurns: () => perSecond(COMMANDS, IN_FLIGHT, () => commandByTurns()),
      commandsByOrganization: () => perSecond(COMMANDS, IN_FLIGHT, () => commandByOrganization()),
    },
    { rounds: 5, warmUp: 2 },
  );
  const against = 'one api';
  const goal = { of: 'ratio', atLeast: 1.6 };
  const cores = cpus().length;
  /** What the processors would allow if whoever asks, the api and the stores used all of them all the time. */
  const allowed = ({ all, api }, one, unit) => {
    if (!(median(all) > 0)) return;
    const note = `processor time: ${median(api).toFixed(2)} ms in the api, ${median(all).toFixed(2)} with the client, the node and the projector, without Postgres`;
    const value = (cores * 1000) / median(all);
    row({ name: `– at most, on ${cores} cores, whoever asks included`, value, unit, baseline: one, against, note });
  };
  const [one, unit] = [seen.one, 'requests/s'];
  row({ name: 'evaluations', value: seen.two, unit, baseline: one, against, goal });
  allowed(asking, one, unit);
  const ofOne = { unit: 'commands/s', baseline: seen.commandsOfOne, against };
  row({ name: 'commands, each to the next api', value: seen.commandsByTurns, ...ofOne, goal });
  row({ name: '– those of one organization to the same api', value: seen.commandsByOrganization, ...ofOne });
  allowed(commanding, seen.commandsOfOne, 'commands/s');
});
