import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '#libs/application/ports/clock.js';
import { startTestApi, type TestApi } from '../support/api.js';

/** Stands still until it is set: an edge is one millisecond wide. */
class StandingClock extends Clock {
  time = Date.now();
  override now(): number {
    return this.time;
  }
}

const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();

describe('a grant with a begin and an end, over HTTP', () => {
  const clock = new StandingClock();
  const start = clock.time;
  const begin = start + DAY;
  const end = start + 2 * DAY;
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi({ clock });
    await command('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    await command('olga', 'orgs/acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
    await command('olga', 'orgs/acme', 'CreateEnvironment', { environmentId: 'prod', name: 'Prod' });
  });
  afterAll(() => api.stop());

  const grantee = { type: 'user', id: 'pat' };
  let token = '';

  /** Tokens are issued at the standing clock's time, so each request brings its own. */
  const as = async (sub: string) => ({
    authorization: await api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {}),
    ...(token === '' ? {} : { 'consistency-token': token }),
  });

  async function command(sub: string, target: string, name: string, body: unknown): Promise<{ events: unknown[] }> {
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers: await as(sub), body });
    expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
    token = String(answer.headers['consistency-token']);
    return JSON.parse(answer.text) as { events: unknown[] };
  }

  const grant = (window: { notBefore?: string; notAfter?: string }) =>
    command('olga', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'prod', grantee, ...window });

  async function mayUse(at?: number): Promise<{ decision: boolean; context: { reason: string; examined: unknown[] } }> {
    const answer = await api.http.send({
      path: '/access/v1/evaluation?explain=true',
      headers: await as('olga'),
      body: {
        subject: grantee,
        action: { name: 'environment:use' },
        resource: { type: 'environment', id: 'acme/prod' },
        ...(at === undefined ? {} : { context: { at: iso(at) } }),
      },
    });
    expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
    return JSON.parse(answer.text) as Awaited<ReturnType<typeof mayUse>>;
  }

  const edges: readonly (readonly [number, string])[] = [
    [begin - 1, 'not_yet_valid'],
    [begin, 'allowed'],
    [end - 1, 'allowed'],
    [end, 'expired'],
  ];

  it('holds from its first millisecond on and before its last bound, and explains what it is otherwise', async () => {
    await grant({ notBefore: iso(begin), notAfter: iso(end) });
    for (const [now, reason] of edges) {
      clock.time = now;
      const { decision, context } = await mayUse();
      expect([now, decision, context.reason]).toEqual([now, reason === 'allowed', reason]);
      const outcome = reason === 'allowed' ? 'supports' : reason;
      expect(context.examined).toContainEqual(expect.objectContaining({ source: 'grant', outcome }));
    }
  });

  it('answers the same about these instants once they are past', async () => {
    clock.time = end + DAY;
    for (const [at, reason] of edges) expect((await mayUse(at)).context.reason).toBe(reason);
    expect((await mayUse(start - 1)).context.reason).not.toBe('allowed');
  });

  it('is listed with its bounds, changed by a grant with others, and left alone by the same one', async () => {
    const listed = async () => {
      const headers = await as('olga');
      const answer = await api.http.send({ path: '/v1/orgs/acme/environments/prod/access', headers });
      return (JSON.parse(answer.text) as { grants: unknown[] }).grants;
    };
    expect(await listed()).toEqual([expect.objectContaining({ notBefore: iso(begin), notAfter: iso(end) })]);
    const longer = { notAfter: iso(clock.time + DAY) };
    expect((await grant(longer)).events).toHaveLength(1);
    expect((await grant(longer)).events).toHaveLength(0);
    expect(await listed()).toEqual([expect.objectContaining({ notBefore: null, ...longer })]);
    expect((await mayUse()).decision).toBe(true);
  });

  it('is recorded but allows nothing where its end is past already; where it ends before it begins it is refused', async () => {
    expect((await grant({ notAfter: iso(clock.time) })).events).toHaveLength(1);
    expect((await mayUse()).context.reason).toBe('expired');
    const answer = await api.http.send({
      path: '/v1/orgs/acme/commands/GrantEnvironmentAccess',
      headers: await as('olga'),
      body: { environmentId: 'prod', grantee, notBefore: iso(end), notAfter: iso(end) },
    });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      422,
      expect.objectContaining({ code: 'grant_window_empty' }),
    ]);
  });
});
