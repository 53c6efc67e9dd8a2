import { permit } from '../../dist/libs/domain/access/permit.js';
import { actions } from '../../dist/libs/domain/schemes/actions.js';
import { run } from '../../dist/libs/readstore/sql.js';
import { benchmark, percentile } from '../support/benchmark.mjs';
import { startCluster } from '../support/cluster.mjs';
import { eventsOf, factsIn, membersOf, organization as organizationOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const MEMBERS = Number(process.env['BENCH_SEARCH_MEMBERS'] ?? 100_000);
const ORG = 'acme';
/** Every one of them that is not an admin has grants; the others are members and no more. */
const GRANTED = Math.min(1_000, MEMBERS);
const ENVIRONMENT = 'env-1';
const SEARCHES = 300;
const WARM_UP = 30;
const LIMIT = 100;

const people = Array.from({ length: GRANTED }, (_, i) => i);
const isAdmin = (i) => i % 10 === 1;
const idOf = (i) => `${ORG}-p${i}`;
const admins = Math.floor((MEMBERS + 8) / 10);

/** Everybody, and what the first of them were granted. */
function events() {
  const granted = new Set(people.map(idOf));
  const grants = eventsOf(ORG, MEMBERS).filter(
    ({ type, data }) => type === 'EnvironmentAccessGranted' && granted.has(data.grantee.id),
  );
  return { all: [...membersOf(ORG, MEMBERS), ...grants], grants };
}

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const { all, grants } = events();
  await fill(cluster.store, ORG, all);
  await cluster.caughtUp();
  await run(cluster.db, 'analyze');
  const { ask } = await cluster.startApi();
  const token = await cluster.tokenOf(idOf(0));
  const search = async (kind, body) => (await ask('POST', `/access/v1/search/${kind}`, token, { body })).body;

  const user = (id) => ({ type: 'user', id });
  const organization = { type: 'org', id: ORG };
  const environment = { type: 'environment', id: `${ORG}/${ENVIRONMENT}` };
  const use = { name: 'environment:use' };
  const participants = people.filter((i) => i > 0 && !isAdmin(i));
  const participant = (n) => user(idOf(participants[n % participants.length]));
  const inEnvironment = grants.filter(({ data }) => data.environmentId === ENVIRONMENT).length;
  const environments = all.filter(({ type }) => type === 'EnvironmentCreated').length;

  const kinds = {
    'subjects: who may see the organization': {
      kind: 'subject',
      body: () => ({ subject: { type: 'user' }, action: { name: 'org:view' }, resource: organization }),
      found: MEMBERS,
    },
    'subjects: who may use an environment': {
      kind: 'subject',
      body: () => ({ subject: { type: 'user' }, action: use, resource: environment }),
      found: 1 + admins + inEnvironment,
    },
    'resources: what a participant may use': {
      kind: 'resource',
      body: (n) => ({ subject: participant(n), action: use, resource: { type: 'environment' } }),
      found: 2,
    },
    'resources: what the owner may use': {
      kind: 'resource',
      body: () => ({ subject: user(idOf(0)), action: use, resource: { type: 'environment' } }),
      found: environments,
    },
    'actions: what a participant may do in the organization': {
      kind: 'action',
      body: (n) => ({ subject: participant(n), resource: organization }),
      found: actionsOf(ORG),
    },
  };
  for (const [name, { kind, body, found }] of Object.entries(kinds)) {
    const all = await everyPage((page) => search(kind, { ...body(0), page }));
    if (all !== found) throw new Error(`${name}: found ${all} instead of ${found}`);
    const took = [];
    for (let i = -WARM_UP; i < SEARCHES; i++) {
      const asked = { ...body(i + WARM_UP), page: { limit: LIMIT } };
      const began = performance.now();
      const { results } = await search(kind, asked);
      if (i >= 0) took.push(performance.now() - began);
      if (results.length < Math.min(LIMIT, found)) throw new Error(`${name}: a first page of ${results.length}`);
    }
    row({
      name: `${name}, first page, p99`,
      value: percentile(took, 0.99),
      unit: 'ms',
      goal: { of: 'value', atMost: 20 },
      note: `p50 ${percentile(took, 0.5).toFixed(1)} ms; at most ${LIMIT} of ${found}, organization of ${MEMBERS}`,
    });
  }
});

/** How many different results all pages have. A person's own environment belongs to no organization. */
async function everyPage(search) {
  const ids = new Set();
  for (let token = ''; ; ) {
    const { results, page } = await search({ limit: 1000, token });
    for (const { id, name } of results) if (!id?.startsWith('personal/')) ids.add(id ?? name);
    token = page.next_token;
    if (token === '') return ids.size;
  }
}

/** How many actions `permit()` gives a participant in the organization. */
function actionsOf(orgId) {
  const small = organizationOf(20, orgId);
  const question = { principal: idOf(2), resource: { kind: 'org', orgId }, at: Date.now() };
  const facts = factsIn(small)(question);
  return Object.keys(actions).filter((permission) => permit(facts, { ...question, permission }).allowed).length;
}
