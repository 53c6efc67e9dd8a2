import { once } from 'node:events';
import { benchmark, inTurns } from '../support/benchmark.mjs';
import { child } from '../support/child.mjs';
import { startCluster } from '../support/cluster.mjs';
import { onceEach, questionOf, requestOf, requestRate } from '../support/load.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const ORGANIZATIONS = 50;
const PEOPLE = 20;
const ROUNDS = 3;
const WARM_UP = 1;
/** People that each round adds to each organization. */
const ADDED = 2;
const NEWCOMERS = (ROUNDS + WARM_UP) * ADDED;

/** One organization: an owner and plain members. */
const eventsOf = (orgId) => [
  {
    type: 'OrgCreated',
    data: {
      orgId,
      name: orgId,
      scheme: { id: 'enterprise', version: 1 },
      owner: { userId: `${orgId}-p0`, role: 'org.owner' },
    },
  },
  ...Array.from({ length: PEOPLE - 1 }, (_, p) => ({
    type: 'MemberAdded',
    data: { userId: `${orgId}-p${p + 1}`, role: 'org.participant' },
  })),
];

/** The same work for the product: each owner, or each first plain member, in their own organization. */
async function ours({ store, startApi, tokenOf, caughtUp }) {
  const orgIds = Array.from({ length: ORGANIZATIONS }, (_, i) => `org-${i}`);
  for (const orgId of orgIds) await fill(store, orgId, eventsOf(orgId));
  await caughtUp();
  const { url } = await startApi();
  const owners = await Promise.all(orgIds.map((orgId) => tokenOf(`${orgId}-p0`)));
  const plain = await Promise.all(orgIds.map((orgId) => tokenOf(`${orgId}-p1`)));
  const check = (tokens, p) =>
    orgIds.map((id, i) =>
      questionOf({ token: tokens[i], person: `${id}-p${p}`, action: 'member:manage', type: 'org', id }),
    );
  const command = (name, inputOf) => ({
    url,
    requests: orgIds.map((orgId, i) => ({
      ...requestOf(owners[i], inputOf(orgId)),
      path: `/v1/orgs/${orgId}/commands/${name}`,
    })),
  });
  return {
    may: { url: `${url}/access/v1/evaluation`, requests: check(owners, 0) },
    mayNot: { url: `${url}/access/v1/evaluation`, requests: check(plain, 1) },
    isAllowed: ({ decision }) => decision,
    add: (n) => command('AddMember', (orgId) => ({ userId: `new-${n}-of-${orgId}`, role: 'org.participant' })),
    change: (n) =>
      command('ChangeMemberRole', (orgId) => ({
        userId: `${orgId}-p2`,
        role: n % 2 === 0 ? 'org.admin' : 'org.participant',
      })),
  };
}

/** The same for better-auth in a process of its own. */
async function theirs(postgresUrl, cleanUp, cookieCache) {
  const { process, ended } = child(new URL('../support/better-auth-process.mjs', import.meta.url), {
    env: { POSTGRES_URL: postgresUrl, ORGANIZATIONS, PEOPLE, NEWCOMERS, COOKIE_CACHE: String(cookieCache) },
    cleanUp,
  });
  const ready = await Promise.race([once(process, 'message'), ended]);
  if (!Array.isArray(ready)) throw new Error('better-auth ended before it was ready');
  const [{ port, organizations }] = ready;
  const url = `http://127.0.0.1:${port}`;
  const post = (path, cookie, body) => ({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1', cookie },
    body: JSON.stringify(body),
  });
  const check = (cookieOf) => ({
    url: `${url}/api/auth/organization/has-permission`,
    requests: organizations.map((each) =>
      post('/api/auth/organization/has-permission', cookieOf(each), {
        organizationId: each.id,
        permissions: { member: ['update'] },
      }),
    ),
  });
  return {
    may: check(({ cookie }) => cookie),
    mayNot: check(({ plainCookie }) => plainCookie),
    isAllowed: ({ success }) => success,
    add: (n) => ({
      url,
      requests: organizations.map(({ id, cookie, newcomers }) =>
        post('/add-member', cookie, { organizationId: id, userId: newcomers[n] }),
      ),
    }),
    change: (n) => ({
      url,
      requests: organizations.map(({ id, cookie, members }) =>
        post('/api/auth/organization/update-member-role', cookie, {
          organizationId: id,
          memberId: members[1],
          role: n % 2 === 0 ? 'admin' : 'member',
        }),
      ),
    }),
  };
}

/** Owners may manage members and plain members may not, as each side answers. */
async function sameAnswers({ may, mayNot, isAllowed }, name) {
  for (const [{ url, requests }, expected] of [
    [may, true],
    [mayNot, false],
  ])
    for (const { method, headers, body } of requests) {
      const answer = await fetch(url, { method, headers, body });
      if (answer.status !== 200 || isAllowed(await answer.json()) !== expected)
        throw new Error(`${name}: not answered with ${expected}`);
    }
}

await benchmark(async ({ row, cleanUp }) => {
  const cluster = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const product = await ours(cluster);
  const [stored, cached] = await Promise.all(
    [false, true].map((cookieCache) => theirs(cluster.postgresUrl, cleanUp, cookieCache)),
  );
  await sameAnswers(product, 'tenantry');
  await sameAnswers(stored, 'better-auth');
  await sameAnswers(cached, 'better-auth, with its cookie cache');

  // Each connection asks for one organization: commands of one wait for each other, in both.
  const checks = ({ may: { url, requests } }) => requestRate(url, { connections: ORGANIZATIONS, requests });
  const commands = (of) => {
    let turn = 0;
    return async () => {
      const rates = [];
      for (let i = 0; i < ADDED; i++) {
        const { url, requests } = of(turn++);
        rates.push(await onceEach(url, requests));
      }
      return rates.reduce((sum, rate) => sum + rate) / rates.length;
    };
  };
  const seen = await inTurns(
    {
      check: () => checks(product),
      storedCheck: () => checks(stored),
      cachedCheck: () => checks(cached),
      add: commands(product.add),
      storedAdd: commands(stored.add),
      change: commands(product.change),
      storedChange: commands(stored.change),
    },
    { rounds: ROUNDS, warmUp: WARM_UP },
  );
  row({
    name: 'check: may the owner manage members',
    value: seen.check,
    unit: 'requests/s',
    baseline: seen.storedCheck,
    against: 'better-auth, session from Postgres',
    goal: { of: 'ratio', atLeast: 1 },
  });
  row({
    name: '  with its sessions in signed cookies',
    value: seen.check,
    unit: 'requests/s',
    baseline: seen.cachedCheck,
    against: 'better-auth, cookie cache',
    goal: { of: 'ratio', atLeast: 1 },
  });
  for (const [name, value, baseline] of [
    ['add a member', seen.add, seen.storedAdd],
    ["change a member's role", seen.change, seen.storedChange],
  ])
    row({
      name,
      value,
      unit: 'commands/s',
      baseline,
      against: 'better-auth',
      note: `${ORGANIZATIONS} organizations of ${PEOPLE}, 50 connections, each the owner of one`,
    });
});
