import { join } from 'node:path';
import { factsOf } from '../../dist/libs/application/facts.js';
import { Folds } from '../../dist/libs/application/folds.js';
import { Past } from '../../dist/libs/application/past.js';
import { Snapshots } from '../../dist/libs/application/snapshots/snapshots.js';
import { permit } from '../../dist/libs/domain/access/permit.js';
import { startNodeInWorker } from '../../dist/libs/embedded-eventstore/worker.js';
import { EsdbEventStore } from '../../dist/libs/eventstore/esdb-event-store.js';
import { startPostgres } from '../../dist/libs/platform/embedded-postgres/embedded-postgres.js';
import { openDatabase } from '../../dist/libs/readstore/database.js';
import { foldCode } from '../../dist/libs/readstore/fold-code.js';
import { PostgresSnapshots } from '../../dist/libs/readstore/snapshots.js';
import { benchmark, inTurns, rethrow } from '../support/benchmark.mjs';
import { eventsOf } from '../support/organization.mjs';
import { fill, toAppend } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const SIZES = (process.env.BENCH_HISTORY_EVENTS ?? '1000,10000,100000').split(',').map(Number);
const PEOPLE = 250;
const scheme = { id: 'enterprise', version: 1 };
const report = { onDamaged: rethrow, onUnavailable: rethrow };

/** So many events of few people, to whom environments are granted and not granted any more: a long stream, a small state. */
function longLife(orgId, count) {
  const events = eventsOf(orgId, Math.min(PEOPLE, Math.floor(count / 4)));
  const grants = events.filter(({ type }) => type === 'EnvironmentAccessGranted');
  for (let i = 0; events.length < count; i++) {
    const turn = Math.floor(i / grants.length) % 2;
    events.push({ ...grants[i % grants.length], type: `EnvironmentAccess${turn === 0 ? 'Revoked' : 'Granted'}` });
  }
  return events.slice(0, count);
}

/** As many members as there can be for so many events: a state that grows with the stream. */
const manyMembers = (orgId, count) => eventsOf(orgId, Math.floor(count / 2.8)).slice(0, count);

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  cleanUp(() => postgres.stop());
  const db = openDatabase(postgres.url);
  cleanUp(() => db.destroy());
  const node = await startNodeInWorker({ dataDir: join(folder, 'events') }, rethrow);
  cleanUp(() => node.stop());
  const store = await EsdbEventStore.connect(node.connectionString);
  cleanUp(() => store.close());
  const realm = { type: 'RealmCreated', data: { realmId: 'default', scheme } };
  await store.append('realm-default', -1n, [toAppend('default', realm)]);
  const kept = await PostgresSnapshots.open(db, await foldCode());
  // The check folds in the background once for each process: not within a measurement.
  const check = { consider() {} };

  for (const { kind, make } of [
    { kind: '250 people', make: longLife },
    { kind: 'members as many as can be', make: manyMembers },
  ]) {
    for (const size of SIZES) {
      const orgId = `org-${size}-${kind.length}`;
      await fill(store, orgId, make(orgId, size));
      const question = {
        principal: `${orgId}-p2`,
        permission: 'environment:use',
        resource: { kind: 'environment', orgId, environmentId: 'env-2' },
      };
      const asked = { revision: BigInt(size - 2) };
      const ask = async (folds) => {
        const began = performance.now();
        const facts = await new Past(folds).facts(
          { id: question.principal, realm: 'default' },
          orgId,
          asked,
          Date.now(),
        );
        const moment = await facts.of(question);
        permit(moment.facts, { ...question, at: moment.at });
        return performance.now() - began;
      };
      const askNow = async (folds) => {
        const began = performance.now();
        const [realm, user, org] = await Promise.all([
          folds.current('realm', 'default'),
          folds.current('user', question.principal),
          folds.current('org', orgId),
        ]);
        const { members, environments } = org.state;
        const facts = factsOf(
          realm.state.realm,
          user.state.user,
          org.state.org,
          members.get(question.principal),
          environments.get('env-2'),
        );
        permit(facts, { ...question, at: Date.now() });
        return performance.now() - began;
      };
      const writing = new Snapshots(kept, report, check);
      await ask(new Folds(store, undefined, writing));
      await writing.settled();
      // Long after what it asks about, which changes no more.
      const clock = { now: () => Date.now() + 600_000 };
      const fresh = () => new Folds(store, undefined, new Snapshots(kept, report, check), clock);
      const warm = fresh();
      await ask(warm);
      const seen = await inTurns(
        { cold: () => ask(fresh()), warm: () => ask(warm), now: () => askNow(warm), log: () => ask(new Folds(store)) },
        { rounds: 5 },
      );
      const name = `${size} events, ${kind}`;
      const unit = 'ms';
      row({ name: `${name}: cold`, value: seen.cold, unit, goal: { of: 'value', atMost: 100 } });
      row({ name: `${name}: cold, without snapshots`, value: seen.log, unit });
      row({
        name: `${name}: warm`,
        value: seen.warm,
        unit,
        baseline: seen.now,
        against: 'about now, on current folds',
        goal: { of: 'ratio', atMost: 2 },
      });
    }
  }
});
