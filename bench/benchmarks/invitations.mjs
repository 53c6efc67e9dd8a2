import { join } from 'node:path';
import { benchmark, inTurns } from '../support/benchmark.mjs';
import { startEventStore } from '../support/event-store.mjs';
import { startProduct } from '../support/product.mjs';
import { toAppend } from '../support/stored-events.mjs';
import { temporaryFolder } from '../support/temporary.mjs';

const PEOPLE = Number(process.env['BENCH_INVITED'] ?? 10_000);
const ROUNDS = 5;
/** As many as the scheme `projects` lets one command invite. */
const AT_ONCE = 50;
/** So many commands make an atomic batch. */
const COMMANDS = 10;
const SHARE = Math.ceil(PEOPLE / ROUNDS / (AT_ONCE * COMMANDS)) * AT_ONCE * COMMANDS;
const role = 'org.member';

const addresses = (from) => Array.from({ length: AT_ONCE }, (_, n) => `person-${from + n}@example.test`);

/** An organization whose owner invites the next share of people each time; answers how many per second. */
async function inviting({ ask, tokenOf }, orgId) {
  const ownerId = `owner-of-${orgId}`;
  const account = await tokenOf(ownerId);
  await ask('POST', '/v1/realm/commands/CreateOrg', account, { body: { orgId, name: orgId, ownerId } });
  // Here one works in one organization at a time, by a token of its own.
  const { body: session } = await ask('POST', '/v1/session', account, { body: { org: orgId } });
  const token = session.access_token;
  let invited = 0;
  const recorded = ({ body: { events } }, expected) => {
    if (events.length !== expected) throw new Error(`${expected} people were invited by ${events.length} events`);
    invited += expected;
  };
  const command = async () =>
    recorded(
      await ask('POST', `/v1/orgs/${orgId}/commands/InviteMembers`, token, {
        body: { emails: addresses(invited), role },
      }),
      AT_ONCE,
    );
  const batch = async () => {
    const commands = Array.from({ length: COMMANDS }, (_, n) => ({
      command: 'InviteMembers',
      input: { emails: addresses(invited + n * AT_ONCE), role },
    }));
    recorded(await ask('POST', `/v1/orgs/${orgId}/commands`, token, { body: { commands } }), AT_ONCE * COMMANDS);
  };
  return { command: () => share(AT_ONCE, command), batch: () => share(AT_ONCE * COMMANDS, batch) };
}

/** The same events through the client alone, on a node of its own with its own disk log. */
function appending(store, orgId, size) {
  let revision = -1n;
  const expiresAt = '2027-01-01T00:00:00.000Z';
  const append = async () => {
    const first = Number(revision) + 1;
    const events = Array.from({ length: size }, (_, n) =>
      toAppend(orgId, {
        type: 'InvitationCreated',
        data: {
          invitationId: `01J0000000000000000000-${n}`,
          emailIndex: 'Xb0c3mF1r8yqQk5vT2h7u9aLw4eNn6jRzPdGsKoIiUE',
          email: `person-${first + n}@example.test`,
          role,
          environments: [],
          expiresAt,
        },
      }),
    );
    const { appended } = await store.append(`org-${orgId}`, revision, events);
    if (!appended) throw new Error('two appends crossed');
    revision += BigInt(size);
  };
  return () => share(size, append);
}

/** The same measurement, which also keeps each of its results. */
const kept = (results, measure) => async () => {
  const result = await measure();
  results.push(result);
  return result;
};

/** People per second, where each call is for so many. */
async function share(size, task) {
  const began = performance.now();
  for (let done = 0; done < SHARE; done += size) await task();
  return (SHARE / (performance.now() - began)) * 1000;
}

await benchmark(async ({ row, cleanUp }) => {
  const folder = await temporaryFolder(cleanUp);
  const { store } = await startEventStore(join(folder, 'bare'), cleanUp);
  const product = await startProduct(folder, cleanUp, { REALMS: 'default=projects' });

  const warm = await inviting(product, 'warm');
  await warm.command();
  await warm.batch();
  await appending(store, 'warm', AT_ONCE)();
  const shares = { command: [], batch: [] };
  const byCommand = await inviting(product, 'by-command');
  const byBatch = await inviting(product, 'by-batch');
  const seen = await inTurns(
    {
      command: kept(shares.command, byCommand.command),
      append: appending(store, 'by-command', AT_ONCE),
      batch: kept(shares.batch, byBatch.batch),
      appendBatch: appending(store, 'by-batch', AT_ONCE * COMMANDS),
    },
    { rounds: ROUNDS, warmUp: 0 },
  );
  const unit = 'people/s';
  const total = ROUNDS * SHARE;
  row({
    name: `${total} people, ${AT_ONCE} by each command, one after the other`,
    value: seen.command,
    unit,
    baseline: seen.append,
    against: `bare appends of ${AT_ONCE} events`,
    goal: { of: 'ratio', atLeast: 0.5 },
  });
  row({
    name: `${total} people, atomic batches of ${COMMANDS} such commands`,
    value: seen.batch,
    unit,
    baseline: seen.appendBatch,
    against: `bare appends of ${AT_ONCE * COMMANDS} events`,
    goal: { of: 'ratio', atLeast: 0.5 },
  });
  for (const [how, told] of Object.entries({ command: 'by commands', batch: 'by batches' }))
    row({
      name: `the last ${SHARE} of these against the first ${SHARE}, ${told}`,
      value: shares[how].at(-1),
      unit,
      baseline: shares[how][0],
      against: 'the same, at the beginning',
      goal: { of: 'ratio', atLeast: 0.8 },
      note: 'one organization; each command is answered when it is durable; mail goes out afterwards and is not waited for',
    });
});
