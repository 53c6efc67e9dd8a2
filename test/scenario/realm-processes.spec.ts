import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Caller } from '#libs/application/caller.js';
import { loadConfig } from '#libs/platform/config.js';
import { compose } from '../../apps/compose.js';
import { startWorld, type World } from '../support/world.js';

const environment = { REALMS: 'default=enterprise,studio=studio' };
const issuer = 'https://login.acme.test';
let world: World;
let operator: Caller;

beforeAll(async () => {
  world = await startWorld({ processes: 2, environment });
  operator = await world.caller('operator', { groups: ['operators'] });
}, 60_000);
afterAll(() => world?.stop());

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !holds() && Date.now() < deadline; ) await sleep(20);
  expect(holds()).toBe(true);
}

it('what one process sets of a realm, another trusts as soon as it has followed the log', async () => {
  const [one, two] = world.nodes;
  const known = (of: typeof one) => of?.services.hosted.find('default');
  expect(known(two)).toEqual({ id: 'default', issuers: [], loginMethods: [], signUpRule: 'open' });
  const issuers = [{ issuer, audiences: ['tenantry'] }];
  await world.send(operator, undefined, { name: 'SetRealmIssuers', input: { issuers } });
  expect(known(one)?.issuers).toEqual(issuers);
  await until(() => known(two)?.issuers.length === 1);
  await world.send(operator, undefined, { name: 'SetLoginMethods', input: { methods: ['saml'] } }, { on: 1 });
  await until(() => known(one)?.loginMethods.length === 1);
});

it('a realm that was registered, by a process that ended before it began, is begun by the others, once', async () => {
  // The pipeline alone: what follows the command has not happened, as after a crash in between.
  const created = { realmId: 'lab', schemeId: 'teams', adminEmails: [], adminGroup: 'lab-admins' };
  const { kind } = await world
    .pipelineOver((append) => append())
    .execute({
      orgId: undefined,
      steps: [{ name: 'CreateRealm', input: created }],
      caller: operator,
      idempotencyKey: undefined,
      dryRun: false,
      ifMatch: undefined,
      correlation: 'test',
    });
  expect(kind).toBe('done');
  for (const { services } of world.nodes) await until(() => services.hosted.find('lab') !== undefined);
  expect((await world.events('realm-lab')).map(({ type }) => type)).toEqual([
    'RealmCreated',
    'PlatformAdminSourcesSet',
  ]);
  const again = await world.send(operator, undefined, { name: 'CreateRealm', input: created }, { on: 1 });
  expect(again).toMatchObject({ kind: 'done', answer: { events: [] } });
});

it('a process whose configuration gives a provider to another realm than the log does is not started', async () => {
  const { config, keys, clock, node, postgresUrl } = world;
  const start = (realms: string) =>
    compose({
      config: loadConfig({ KEY_DIR: config.keyDir, REALMS: realms, OIDC_ISSUERS: issuer, OIDC_AUDIENCE: 'tenantry' }),
      keys,
      clock,
      eventStoreUrl: node.connectionString,
      postgresUrl,
      logger: pino({ level: 'silent' }),
      project: false,
    });
  await expect(start(`default=enterprise,studio=studio@${issuer}`)).rejects.toThrow(
    `give ${issuer} to the realm studio, but it is of another one for good`,
  );
  await (await start(environment.REALMS)).stop();
});
