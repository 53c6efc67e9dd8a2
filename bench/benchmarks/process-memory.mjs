import { benchmark, perSecond } from '../support/benchmark.mjs';
import { resident } from '../support/app.mjs';
import { startCluster } from '../support/cluster.mjs';
import { membersOf } from '../support/organization.mjs';
import { fill } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

/** The goals are for a million: BENCH_MEMBERSHIPS=1000000 takes about ten minutes. */
const MEMBERSHIPS = Number(process.env['BENCH_MEMBERSHIPS'] ?? 50_000);
const PEOPLE = 1_000;
const ORGANIZATIONS = Math.ceil(MEMBERSHIPS / PEOPLE);
/** One check in so many memberships: 200 000 of a million, as many documents as an api keeps at most. */
const ASKED = 5;
const IN_FLIGHT = 20;

await benchmark(async ({ row, cleanUp }) => {
  const { store, projector, startApi, tokenOf, caughtUp } = await startCluster(await temporaryFolder(cleanUp), cleanUp);
  const unit = 'MB';
  const against = 'at its start';
  const idle = await resident(projector.pid);
  if (idle === undefined) throw new Error('this system does not tell what a process holds');

  await perSecond(ORGANIZATIONS, 4, (i) => fill(store, `org-${i}`, membersOf(`org-${i}`, PEOPLE)));
  await caughtUp();
  const projected = await resident(projector.pid);
  row({
    name: `projector, at most, while ${MEMBERSHIPS} memberships went through it`,
    value: projected.most,
    unit,
    baseline: idle.now,
    against,
    goal: { of: 'value', atMost: 300 },
  });

  const api = await startApi();
  const started = await resident(api.pid);
  const owners = await Promise.all(Array.from({ length: ORGANIZATIONS }, (_, i) => tokenOf(`org-${i}-p0`)));
  const member = (n) => ({ i: n % ORGANIZATIONS, p: (ASKED * Math.floor(n / ORGANIZATIONS)) % PEOPLE });
  await perSecond(MEMBERSHIPS / ASKED, IN_FLIGHT, async (n) => {
    const { i, p } = member(n);
    const { body } = await api.ask('POST', '/access/v1/evaluation', owners[i], {
      body: {
        subject: { type: 'user', id: `org-${i}-p${p}` },
        action: { name: 'org:view' },
        resource: { type: 'org', id: `org-${i}` },
      },
    });
    if (body.decision !== true) throw new Error(`a member of org-${i} may not see it`);
  });
  const asked = await resident(api.pid);
  row({
    name: `api, at most, after checks of ${MEMBERSHIPS / ASKED} members`,
    value: asked.most,
    unit,
    baseline: started.now,
    against,
  });

  await perSecond(ORGANIZATIONS, 4, (i) =>
    api.ask('POST', `/v1/orgs/org-${i}/commands/CreateEnvironment`, owners[i], {
      body: { environmentId: 'last', name: 'Last' },
    }),
  );
  const commanded = await resident(api.pid);
  row({
    name: 'api, at most, after a command in each organization as well',
    value: commanded.most,
    unit,
    baseline: started.now,
    against,
    goal: { of: 'value', atMost: 400 },
    note: `resident, file pages included; ${ORGANIZATIONS} organizations of ${PEOPLE}; afterwards ${commanded.now.toFixed(0)} MB`,
  });
  const afterwards = await resident(projector.pid);
  row({
    name: 'projector, at the end: the read models follow, nothing waits',
    value: afterwards.now,
    unit,
    baseline: idle.now,
    against,
  });
});
