import { expect } from '@jest/globals';
import { startTestApi } from '../support/api.js';

interface Answer {
  readonly status: number;
  // biome-ignore lint: bodies are looked at by matchers only.
  readonly body: any;
}

/** One deployment whose realm has the scheme; `root` administers the platform by its address. Each request has seen the last command. */
export interface RunningScheme {
  /** Posts a command to `realm`, `me` or `orgs/…`. */
  post(sub: string, target: string, name: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  /** As `post`, where it must be done. Answers its body. */
  done(...given: Parameters<RunningScheme['post']>): Promise<Answer['body']>;
  get(sub: string, path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Whether the person is allowed, as they ask it of themselves: `may('pat', 'environment:use', 'environment', 'acme/live')`. */
  may(sub: string, permission: string, type: string, id: string): Promise<boolean>;
  /** What the person may do in the organization. */
  permissions(sub: string, orgId: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startScheme(scheme: string): Promise<RunningScheme> {
  const api = await startTestApi({
    environment: { REALMS: `default=${scheme}`, PLATFORM_ADMIN_GROUP: 'operators', READ_WAIT_MS: '20000' },
  });
  let token: string | undefined;

  /** In a session of the organization that the path is of, where the scheme knows sessions. */
  async function headersOf(sub: string, orgId: string | undefined): Promise<Record<string, string>> {
    const groups = sub === 'op' ? ['operators'] : [];
    const own = await api.bearer(sub, { email: sub === 'root' ? 'admin@localhost' : `${sub}@acme.test`, groups });
    const scoped = scheme === 'projects' && orgId !== undefined ? await api.enter(own, orgId, token) : own;
    return { authorization: scoped, ...(token === undefined ? {} : { 'consistency-token': token }) };
  }

  async function send(sub: string, orgId: string | undefined, path: string, body?: object, more = {}): Promise<Answer> {
    const answer = await api.http.send({ path, headers: { ...(await headersOf(sub, orgId)), ...more }, body });
    const { 'consistency-token': seen } = answer.headers;
    if (answer.status === 200 && typeof seen === 'string') token = seen;
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  const orgOf = (path: string) => /^orgs\/([^/?]+)/.exec(path)?.[1];
  const post: RunningScheme['post'] = (sub, target, name, body = {}, more) =>
    send(sub, orgOf(target), `/v1/${target}/commands/${name}`, body, more);

  return {
    post,
    async done(...given) {
      const { status, body } = await post(...given);
      expect([given[2], status, body]).toEqual([given[2], 200, expect.anything()]);
      return body;
    },
    get: (sub, path, more) => send(sub, orgOf(path), `/v1/${path}`, undefined, more),
    async may(sub, permission, type, id) {
      const subject = { type: 'user', id: sub };
      const question = { subject, action: { name: permission }, resource: { type, id } };
      const { status, body } = await send(sub, id.split('/')[0], '/access/v1/evaluation', question);
      expect([permission, status]).toEqual([permission, 200]);
      return body.decision;
    },
    async permissions(sub, orgId) {
      return (await send(sub, orgId, `/v1/orgs/${orgId}/permissions`)).body.permissions ?? [];
    },
    stop: () => api.stop(),
  };
}
