import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Caller } from '#libs/application/caller.js';
import { personalOrgIdOf } from '#libs/application/command-ids.js';
import { PersonalOrgs } from '#libs/application/personal-orgs.js';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { Folds } from '#libs/application/folds.js';
import { type DevTokenClaims, signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { createApi } from '../../apps/api/create-api.js';
import { HttpClient } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';

interface Me {
  readonly id: string;
  readonly organizations: readonly { readonly id: string; readonly name: string; readonly role: string }[];
}

/** Two processes over the same stores, with a realm for each of the five systems. */
describe('the ways in which organizations come to be (K1)', () => {
  let world: World;
  const apps: NestFastifyApplication[] = [];
  const clients: HttpClient[] = [];
  let token = '';

  const send = async (who: string, path: string, body?: unknown, { on = 0, ...claims }: Sent = {}) => {
    const [sub = '', realm = ''] = who.split('@');
    const email = sub === 'operator' ? { email: 'admin@localhost' } : {};
    const signed = await signDevToken(world.keys, { sub, realm, ttlSeconds: 3600, ...email, ...claims }, world.clock);
    const authorization = `Bearer ${signed}`;
    const headers = { authorization, ...(token === '' ? {} : { 'consistency-token': token }) };
    const answer = await clients[on]?.send({ path, headers, body });
    if (answer === undefined) throw new Error(`no process ${on}`);
    const seen = answer.headers['consistency-token'];
    if (answer.status === 200 && typeof seen === 'string') token = seen;
    return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
  };
  type Sent = Partial<DevTokenClaims> & { readonly on?: number };
  const create = (who: string, body: Record<string, unknown>, of = who) =>
    send(who, '/v1/realm/commands/CreateOrg', { name: 'An organization', ownerId: idOf(of), ...body });
  const me = async (who: string) => (await send(who, '/v1/me')).body as unknown as Me;
  const idOf = (who: string) => who.replace(/@default$/, '');
  const personalOf = (who: string) => personalOrgIdOf({ id: who, realm: who.split('@')[1] ?? '' });
  const typesIn = async (orgId: string) => (await world.events(`org-${orgId}`)).map(({ type }) => type);

  beforeAll(async () => {
    const REALMS = 'default=enterprise,team=teams,atelier=studio,rules=projects,gate=gateway';
    world = await startWorld({ processes: 2, environment: { REALMS, READ_WAIT_MS: '20000' } });
    for (const { services } of world.nodes) {
      const app = await createApi(services);
      apps.push(app);
      await app.listen(0, '127.0.0.1');
      clients.push(new HttpClient(Number(new URL(await app.getUrl()).port)));
    }
  }, 60_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const app of apps) await app.close();
    await world?.stop();
  });

  it('T4: where the platform creates them, signing in gives nobody one, and nobody else creates any', async () => {
    expect((await me('olga@default')).organizations).toEqual([]);
    expect((await create('olga@default', { orgId: 'acme' })).status).toBe(403);
    expect((await create('operator@default', { orgId: 'acme' }, 'olga@default')).status).toBe(200);
    expect(await me('olga@default')).toMatchObject({ organizations: [{ id: 'acme', role: 'org.owner' }] });
    expect(await typesIn('acme')).toEqual(['OrgCreated']);
  });

  it('C1, C2: at sign-up, where everybody is given one of their own, with its default workspace', async () => {
    const id = personalOf('john@team');
    const own = { id, name: 'Personal organization', role: 'org.owner' };
    expect(await me('john@team')).toMatchObject({ organizations: [own] });
    expect((await send('john@team', `/v1/orgs/${id}/environments`)).body).toMatchObject({
      environments: [{ id: 'default', name: 'Default Workspace', kind: 'workspace' }],
    });
    const resource = { type: 'workspace', id: `${id}/default` };
    const asked = { subject: { type: 'user', id: 'john@team' }, action: { name: 'operation:run' }, resource };
    expect((await send('john@team', '/access/v1/evaluation', asked)).body).toMatchObject({ decision: true });
    const [created, workspace] = await world.events(`org-${id}`);
    expect(created?.metadata).toMatchObject({ actor: 'john@team', command: 'CreateOrg', part: '1/2' });
    expect(workspace?.metadata).toMatchObject({ commandId: created?.metadata['commandId'], part: '2/2' });
  });

  it('C1: exactly one, however many sign-ins there are at once, in however many processes', async () => {
    for (const who of ['ann@team', 'ben@team', 'cem@team']) {
      const signIns = [0, 1, 0, 1, 0, 1].map((on, i) => send(who, '/v1/me', undefined, { on, name: `${who} ${i}` }));
      expect((await Promise.all(signIns)).map(({ status }) => status)).toEqual(Array(6).fill(200));
      expect((await me(who)).organizations.map(({ id }) => id)).toEqual([personalOf(who)]);
      expect(await typesIn(personalOf(who))).toEqual(['OrgCreated', 'EnvironmentCreated']);
    }
  });

  it.each([
    ['before', 'dora@team'],
    ['after', 'eva@team'],
  ])('C1, C2: whole, after a crash %s it was written', async (when, who) => {
    const lost = world.pipelineOver(async (append) => {
      if (when === 'after') await append();
      throw new EventStoreUnavailable('the process is gone');
    });
    const { token: shown } = await world.caller('somebody');
    const caller: Caller = { id: who, realm: 'team', credential: 'test', token: shown };
    const crashing = new PersonalOrgs(new Folds(storeOf(world)), lost);
    await expect(crashing.provide(caller)).rejects.toThrow(EventStoreUnavailable);
    expect(await typesIn(personalOf(who))).toHaveLength(when === 'after' ? 2 : 0);
    expect((await me(who)).organizations.map(({ id }) => id)).toEqual([personalOf(who)]);
    expect(await typesIn(personalOf(who))).toEqual(['OrgCreated', 'EnvironmentCreated']);
  });

  it('C1: named after them in what is read, and in no event, until they name it otherwise', async () => {
    const own = personalOf('jon@team');
    const named = async (name: string, path: string) => {
      const { body } = await send('jon@team', path, undefined, { name });
      return path === '/v1/orgs/' + own ? [body['name']] : (body as unknown as Me).organizations.map((org) => org.name);
    };
    for (const path of ['/v1/me', '/v1/orgs', `/v1/orgs/${own}`])
      expect([path, await named('Jon', path)]).toEqual([path, ["Jon's Organization"]]);
    expect(await named('Jonathan', '/v1/me')).toEqual(["Jonathan's Organization"]);
    const invite = { emails: ['ida@acme.test'], role: 'org.viewer' };
    const sent = await send('jon@team', `/v1/orgs/${own}/commands/InviteMembers`, invite, { name: 'Jonathan' });
    expect(sent.status).toBe(200);
    const waiting = await send('ida@team', '/v1/me/invitations', undefined, { email: 'ida@acme.test' });
    expect(waiting.body).toMatchObject({
      invitations: [{ organization: { id: own, name: "Jonathan's Organization" } }],
    });
    expect(
      JSON.stringify((await world.events(`org-${own}`)).map(({ data, metadata }) => [data, metadata])),
    ).not.toContain('Jon');
    await send('jon@team', `/v1/orgs/${own}/commands/UpdateOrg`, { name: 'The firm' }, { name: 'Jonathan' });
    expect(await named('Jonathan', '/v1/me')).toEqual(['The firm']);
  });

  it('C1, C8, C32: one of many, renamed as its owner likes; another sign-in changes nothing', async () => {
    expect((await create('fay@team', { orgId: 'fays' })).status).toBe(200);
    const own = personalOf('fay@team');
    expect((await me('fay@team')).organizations.map(({ id }) => id).sort()).toEqual(['fays', own].sort());
    expect((await send('fay@team', `/v1/orgs/${own}/commands/UpdateOrg`, { name: "Fay's" })).status).toBe(200);
    const again = (await send('fay@team', '/v1/me', undefined, { name: 'Fay' })).body as unknown as Me;
    expect(again.organizations.map(({ id }) => id).sort()).toEqual(['fays', own].sort());
    expect(again.organizations.find(({ id }) => id === own)).toMatchObject({ name: "Fay's", role: 'org.owner' });
  });

  it('C1: one that its owner deletes does not come back', async () => {
    const own = personalOf('hal@team');
    expect((await me('hal@team')).organizations.map(({ id }) => id)).toEqual([own]);
    expect((await send('hal@team', `/v1/orgs/${own}/commands/DeleteOrg`, {})).status).toBe(200);
    const again = (await send('hal@team', '/v1/me', undefined, { name: 'Hal' })).body as unknown as Me;
    expect(again.organizations).toEqual([]);
    expect(await typesIn(own)).toEqual(['OrgCreated', 'EnvironmentCreated', 'OrgDeleted']);
  });

  it("C1: nobody takes the id of somebody else's before", async () => {
    const taken = await create('mallory@team', { orgId: personalOf('gil@team') });
    expect(taken).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect((await me('gil@team')).organizations.map(({ id }) => id)).toEqual([personalOf('gil@team')]);
  });

  it('V1: by registration, which makes whoever completes it the first admin, and nobody else', async () => {
    expect((await me('mia@atelier')).organizations).toEqual([]);
    const forAnother = await create('mia@atelier', { orgId: 'atelier' }, 'nora@atelier');
    expect(forAnother).toMatchObject({ status: 422, body: { code: 'owner_not_creator' } });
    expect((await create('mia@atelier', { orgId: 'atelier' })).status).toBe(200);
    expect((await me('mia@atelier')).organizations).toMatchObject([{ id: 'atelier', role: 'org.admin' }]);
    expect(await typesIn('atelier')).toEqual(['OrgCreated']);
  });

  it('R1, R2, R7: by any account, any number, each owned by who created it', async () => {
    expect((await me('liu@rules')).organizations).toEqual([]);
    for (const orgId of ['sandbox', 'company']) expect((await create('liu@rules', { orgId })).status).toBe(200);
    const { organizations } = await me('liu@rules');
    expect(Object.fromEntries(organizations.map(({ id, role }) => [id, role]))).toEqual({
      company: 'org.owner',
      sandbox: 'org.owner',
    });
  });

  it('G18: a person is known from the first login on, without anybody having provisioned them', async () => {
    const asked = { subject: { type: 'user', id: 'mel@gate' }, resource: { type: 'account', id: 'mel@gate' } };
    const reads = { ...asked, action: { name: 'own-usage:read' } };
    expect((await send('mel@gate', '/access/v1/evaluation', reads)).body).toMatchObject({ decision: true });
    expect((await world.events('user-mel@gate')).map(({ type }) => type)).toEqual(['ProfileObserved']);
    expect((await create('operator@gate', { orgId: 'gated' }, 'gus@gate')).status).toBe(200);
    expect((await me('mel@gate')).organizations).toEqual([]);
  });
});

function storeOf({ nodes: [first] }: World) {
  if (first === undefined) throw new Error('the world has no process');
  return first.services.store;
}
