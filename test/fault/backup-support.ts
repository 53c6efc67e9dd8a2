import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { project } from './standalone-process.js';

/** Where a deployment of a test keeps its things. */
export interface Place {
  readonly dataDir: string;
  readonly keyDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One run of `npx tenantry …`, which can be killed. */
export class CliProcess {
  out = '';
  err = '';
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
  private readonly child: ChildProcess;

  constructor({ dataDir, keyDir, env = {} }: Place, ...argv: readonly string[]) {
    this.child = spawn(process.execPath, [join(project, 'apps/cli/tenantry.mjs'), ...argv], {
      cwd: '/',
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, KEY_DIR: keyDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => ({ code, out: this.out, err: this.err }));
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Lets it go on only while nobody looks: what was seen then still holds at the next step. */
  async frozenWhile<Seen>(look: () => Promise<Seen>): Promise<Seen> {
    this.child.kill('SIGSTOP');
    return look().finally(() => this.child.kill('SIGCONT'));
  }
}

export interface Answer {
  readonly status: number;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A small tenancy over HTTP, told in the same words before and after a move. */
export class Tenancy {
  constructor(
    private readonly url: string,
    private readonly keyDir: string,
  ) {}

  async send(
    sub: string,
    path: string,
    options: { body?: unknown; key?: string; token?: string } = {},
  ): Promise<Answer> {
    const { body, key, token } = options;
    const email = sub === 'admin' ? 'admin@localhost' : `${sub}@acme.test`;
    const signed = await signDevToken(await loadKeys(this.keyDir), { sub, email, ttlSeconds: 600 });
    const response = await fetch(`${this.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${signed}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': `"${key}"` }),
        ...(token !== undefined && { 'consistency-token': token }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      token: response.headers.get('consistency-token') ?? '',
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  /** An organization with an owner, a member, an environment and a grant. Answers the last command's token. */
  async found(orgId: string): Promise<string> {
    const org = `/v1/orgs/${orgId}/commands`;
    const steps: [string, string, unknown][] = [
      ['admin', '/v1/realm/commands/CreateOrg', { orgId, name: orgId, ownerId: `${orgId}-owner` }],
      [`${orgId}-owner`, `${org}/CreateEnvironment`, { environmentId: 'live', name: 'Live' }],
      [
        `${orgId}-owner`,
        `${org}/AddProviderKey`,
        { keyId: 'openai', provider: 'openai', name: 'OpenAI', credential: { apiKey: `sk-of-${orgId}-0000` } },
      ],
      [`${orgId}-owner`, `${org}/AddMember`, { userId: `${orgId}-bob`, role: 'org.participant' }],
      [`${orgId}-owner`, `${org}/GrantEnvironmentAccess`, { environmentId: 'live', grantee: person(`${orgId}-bob`) }],
    ];
    let token = '';
    for (const [sub, path, body] of steps) {
      const answer = await this.send(sub, path, { body });
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      token = answer.token;
    }
    return token;
  }

  addModel(orgId: string, key: string): Promise<Answer> {
    const body = { environmentId: 'live', provider: 'openai', name: 'GPT-4o' };
    return this.send(`${orgId}-owner`, `/v1/orgs/${orgId}/commands/AddModel`, { body, key });
  }

  mayUse(orgId: string, token?: string): Promise<Answer> {
    const body = {
      subject: { type: 'user', id: `${orgId}-bob` },
      action: { name: 'environment:use' },
      resource: { type: 'environment', id: `${orgId}/live` },
    };
    return this.send(`${orgId}-owner`, '/access/v1/evaluation', { body, ...(token !== undefined && { token }) });
  }

  /** All that people are told of the organization, without places in the log, and without that this was asked. */
  async told(orgId: string, token?: string): Promise<unknown> {
    const paths = ['/v1/me', `/v1/orgs/${orgId}`, `/v1/orgs/${orgId}/members`, `/v1/orgs/${orgId}/environments`];
    const answers = [];
    for (const path of [...paths, `/v1/orgs/${orgId}/audit?limit=100`]) {
      const { status, body } = await this.send(`${orgId}-owner`, path, token === undefined ? {} : { token });
      if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
      answers.push(body);
    }
    const lasting = (key: string, value: unknown) => {
      if (key === 'position') return undefined;
      return Array.isArray(value)
        ? value.filter((each: { event?: string } | null) => each?.event !== 'AuditRead')
        : value;
    };
    return JSON.parse(JSON.stringify(answers, lasting));
  }

  async readiness(): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.url}/readyz`);
    return { status: response.status, text: await response.text() };
  }
}

const person = (id: string) => ({ type: 'user', id });
