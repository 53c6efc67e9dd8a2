import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

describe('realms of one deployment', () => {
  let api: TestApi;
  let token = '';

  const as = async (realm: string, sub: string) =>
    api.bearer(sub, { realm, ...(sub === 'operator' ? { email: 'admin@localhost' } : {}) });
  const send = async (realm: string, sub: string, path: string, body?: unknown) =>
    api.http.send({
      path,
      headers: { authorization: await as(realm, sub), ...(token === '' ? {} : { 'consistency-token': token }) },
      body,
    });
  const command = async (realm: string, sub: string, target: string, name: string, body: unknown) => {
    const answer = await send(realm, sub, `/v1/${target}/commands/${name}`, body);
    if (answer.status === 200) token = String(answer.headers['consistency-token']);
    return answer;
  };
  const evaluated = async (realm: string, sub: string, action: string, resource: { type: string; id: string }) => {
    const id = realm === 'default' ? sub : `${sub}@${realm}`;
    const body = { subject: { type: 'user', id }, action: { name: action }, resource };
    const answer = await send(realm, sub, '/access/v1/evaluation?explain=true', body);
    return JSON.parse(answer.text) as { decision: boolean; context: { reason: string; at: string } };
  };

  beforeAll(async () => {
    api = await startTestApi({ environment: { REALMS: 'default=enterprise,studio=studio,team-a=teams' } });
    const made = [
      await command('default', 'operator', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' }),
      await command('studio', 'mia', 'realm', 'CreateOrg', { orgId: 'atelier', name: 'A', ownerId: 'mia@studio' }),
      await command('default', 'olga', 'orgs/acme', 'CreateEnvironment', { environmentId: 'prod', name: 'Prod' }),
      // Nothing keeps an owner from writing down the id of somebody in another realm: it must be of no use.
      await command('default', 'olga', 'orgs/acme', 'AddMember', { userId: 'mia@studio', role: 'org.admin' }),
    ];
    expect(made.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
  afterAll(() => api.stop());

  const outsiders = [
    ['a stranger of another realm', 'studio', 'nora'],
    ['its platform admin', 'studio', 'operator'],
    ['somebody whom the organization names', 'studio', 'mia'],
  ] as const;

  it.each(outsiders)('%s finds no organization of this one', async (_, realm, sub) => {
    const missing = (await send(realm, sub, '/v1/orgs/missing')).text.replaceAll(
      /"(instance|correlationId)":"[^"]*"/g,
      '',
    );
    for (const path of ['', '/members', '/environments', '/environments/prod', '/audit']) {
      const answer = await send(realm, sub, `/v1/orgs/acme${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text.replaceAll(/"(instance|correlationId)":"[^"]*"/g, '')).toBe(missing);
    }
    for (const [name, body] of [
      ['AddMember', { userId: 'x', role: 'org.participant' }],
      ['DeleteEnvironment', { environmentId: 'prod' }],
      ['TransferOrgOwnership', { toUserId: 'mia@studio' }],
    ] as const)
      expect([name, (await command(realm, sub, 'orgs/acme', name, body)).status]).toEqual([name, 404]);
    for (const [action, resource] of [
      ['org:view', { type: 'org', id: 'acme' }],
      ['org:resolve', { type: 'org', id: 'acme' }],
      ['environment:use', { type: 'environment', id: 'acme/prod' }],
    ] as const)
      expect(await evaluated(realm, sub, action, resource)).toMatchObject({
        decision: false,
        context: { reason: 'unknown_resource' },
      });
    expect(JSON.parse((await send(realm, sub, '/v1/orgs')).text)).not.toMatchObject({
      organizations: expect.arrayContaining([expect.objectContaining({ id: 'acme' })]),
    });
    expect((await send(realm, sub, '/v1/me')).text).not.toContain('acme');
  });

  it('are no alternative to one another in the past either', async () => {
    const { at } = (await evaluated('studio', 'mia', 'org:view', { type: 'org', id: 'atelier' })).context;
    const body = {
      subject: { type: 'user', id: 'mia@studio' },
      action: { name: 'org:view' },
      resource: { type: 'org', id: 'acme' },
      context: { at },
    };
    const answer = await send('studio', 'mia', '/access/v1/evaluation', body);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { decision: false }]);
  });

  it('do not count a membership of another realm where a person may belong to one organization (K2)', async () => {
    const second = { orgId: 'second', name: 'Second', ownerId: 'nora@studio' };
    expect((await command('studio', 'nora', 'realm', 'CreateOrg', second)).status).toBe(200);
    const again = { userId: 'mia@studio', role: 'org.member' };
    expect(JSON.parse((await command('studio', 'nora', 'orgs/second', 'AddMember', again)).text)).toMatchObject({
      code: 'member_elsewhere',
    });
    // Who was only written down in another realm is free in the own one, and cannot be in two of its organizations.
    const zoe = { userId: 'zoe@studio', role: 'org.participant' };
    expect((await command('default', 'olga', 'orgs/acme', 'AddMember', zoe)).status).toBe(200);
    const joins = { ...zoe, role: 'org.member' };
    expect((await command('studio', 'nora', 'orgs/second', 'AddMember', joins)).status).toBe(200);
    expect((await command('studio', 'mia', 'orgs/atelier', 'AddMember', joins)).status).toBe(409);
  });

  it('have people of their own under the same name, and each its own scheme', async () => {
    const ids = ['default', 'studio', 'team-a'].map(async (realm) => {
      const { text } = await send(realm, 'sam', '/v1/me');
      return (JSON.parse(text) as { id: string }).id;
    });
    expect(await Promise.all(ids)).toEqual(['sam', 'sam@studio', 'sam@team-a']);
    const statuses = ['enterprise', 'studio', 'teams'].map((id) =>
      Promise.all(['default', 'studio', 'team-a'].map((realm) => send(realm, 'sam', `/v1/schemes/${id}`))),
    );
    expect((await Promise.all(statuses)).map((row) => row.map(({ status }) => status))).toEqual([
      [200, 404, 404],
      [404, 200, 404],
      [404, 404, 200],
    ]);
  });

  it('let people create organizations for themselves only where they may at all (K1, T4)', async () => {
    const other = { orgId: 'other', name: 'Other', ownerId: 'sam@team-a' };
    expect(JSON.parse((await command('team-a', 'tom', 'realm', 'CreateOrg', other)).text)).toMatchObject({
      status: 422,
      code: 'owner_not_creator',
    });
    expect((await command('team-a', 'sam', 'realm', 'CreateOrg', other)).status).toBe(200);
    expect((await command('default', 'sam', 'realm', 'CreateOrg', { ...other, ownerId: 'sam' })).status).toBe(403);
  });

  it.each([
    ['a realm that is not there', { realm: 'nowhere' }, 'sam'],
    ['a subject that looks like somebody of another realm', {}, 'mia@studio'],
    ['one that looks so in its own', { realm: 'studio' }, 'mia@team-a'],
  ])('take no token of %s', async (_, claims, sub) => {
    const answer = await api.http.send({ path: '/v1/me', headers: { authorization: await api.bearer(sub, claims) } });
    expect(answer.status).toBe(401);
  });

  it('keep their scheme: a start with another one fails', async () => {
    const wanted = { adminGroup: null, adminEmails: [], systemUserId: null, scheme: { id: 'teams', version: 1 } };
    await expect(api.services.observations.configuration({ realmId: 'studio', ...wanted })).rejects.toThrow(
      'the realm studio began with the scheme studio, not teams',
    );
  });
});
