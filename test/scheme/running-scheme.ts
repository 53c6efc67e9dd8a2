import { expect } from '@jest/globals';
import { startTestApi } from '../support/api.js';

export type RunningScheme = Awaited<ReturnType<typeof startScheme>>;

/**
 * One deployment whose realm has the scheme. `root` administers the platform by its address, `op` by its group. Each request
 * has seen the last command, and is in a session of the organization that its path is of, where the scheme knows sessions.
 */
export async function startScheme(scheme: string) {
  const api = await startTestApi({
    environment: { REALMS: `default=${scheme}`, PLATFORM_ADMIN_GROUP: 'operators', READ_WAIT_MS: '20000' },
  });
  let token: string | undefined;

  async function headersOf(sub: string, orgId: string | undefined): Promise<Record<string, string>> {
    const groups = sub === 'op' ? ['operators'] : [];
    const own = await api.bearer(sub, { email: sub === 'root' ? 'admin@localhost' : `${sub}@acme.test`, groups });
    const scoped = scheme === 'projects' && orgId !== undefined ? await api.enter(own, orgId, token) : own;
    return { authorization: scoped, ...(token === undefined ? {} : { 'consistency-token': token }) };
  }

  async function send(sub: string, orgId: string | undefined, path: string, body?: object, more = {}) {
    const answer = await api.http.send({ path, headers: { ...(await headersOf(sub, orgId)), ...more }, body });
    const { 'consistency-token': seen } = answer.headers;
    if (answer.status === 200 && typeof seen === 'string') token = seen;
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  const orgOf = (path: string) => /^orgs\/([^/?]+)/.exec(path)?.[1];
  /** A command of `realm`, `me` or `orgs/…`. */
  const post = (sub: string, target: string, name: string, body: object = {}, headers: Record<string, string> = {}) =>
    send(sub, orgOf(target), `/v1/${target}/commands/${name}`, body, headers);

  return {
    post,
    async done(...given: Parameters<typeof post>) {
      const { status, body } = await post(...given);
      expect([given[2], status, body]).toEqual([given[2], 200, expect.anything()]);
      return body;
    },
    get: (sub: string, path: string, headers: Record<string, string> = {}) =>
      send(sub, orgOf(path), `/v1/${path}`, undefined, headers),
    /** Whether the person is allowed, as they ask it of themselves: `may('pat', 'environment:use', 'environment', 'acme/live')`. */
    async may(sub: string, permission: string, type: string, id: string): Promise<boolean> {
      const subject = { type: 'user', id: sub };
      const question = { subject, action: { name: permission }, resource: { type, id } };
      const { status, body } = await send(sub, id.split('/')[0], '/access/v1/evaluation', question);
      expect([permission, status]).toEqual([permission, 200]);
      return body.decision;
    },
    /** What the person may do in the organization. */
    async permissions(sub: string, orgId: string): Promise<readonly string[]> {
      return (await send(sub, orgId, `/v1/orgs/${orgId}/permissions`)).body.permissions ?? [];
    },
    stop: () => api.stop(),
  };
}
