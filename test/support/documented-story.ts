import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { positionText } from '#libs/application/ports/event-store.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { startTestApi, type TestApi, type TestApiOptions } from './api.js';
import { expectDocumentedAnswers } from './documented-answers.js';

export interface DocumentedStoryOptions extends Pick<TestApiOptions, 'clock'> {
  /** As `REALMS`; the first one is everybody's whose claims name none. Absent: `default=enterprise`. */
  readonly realms?: string;
  /** Who is on the page, with the claims of their tokens; each is a shell variable that holds one. */
  readonly people: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What `$org` stands for, and what everybody has entered where the scheme knows sessions. */
  readonly orgId: string;
}

/** The API that a page of the docs is tried against, and what the reader's shell holds: `$URL`, `$org`, tokens, `as`. */
export class DocumentedStory {
  private constructor(
    readonly api: TestApi,
    private readonly folder: string,
    private readonly options: DocumentedStoryOptions,
  ) {}

  static async start(options: DocumentedStoryOptions): Promise<DocumentedStory> {
    const { clock, realms = 'default=enterprise' } = options;
    const environment = { REALMS: realms, READ_WAIT_MS: '20000' };
    const api = await startTestApi({ environment, ...(clock === undefined ? {} : { clock }) });
    return new DocumentedStory(api, await mkdtemp(join(tmpdir(), 'tenantry-docs-')), options);
  }

  bearer(sub: string): Promise<string> {
    const [, realm] = /^([^=]+)=/.exec(this.options.realms ?? '') ?? [];
    return this.api.bearer(sub, { ...(realm === undefined ? {} : { realm }), ...this.options.people[sub] });
  }

  /** What happened before the page begins. `target` is `realm`, or `orgs/` and an id. */
  async send(sub: string, target: string, name: string, body: object, status = 200): Promise<void> {
    const own = await this.bearer(sub);
    const authorization = target === 'realm' ? own : await this.api.enter(own, this.options.orgId);
    const path = `/v1/${target}/commands/${name}`;
    // A client tells its name, as the shell's does: entries of either look the same.
    const headers = { authorization, 'user-agent': 'story' };
    const answer = await this.api.http.send({ path, headers, body });
    expect([name, answer.status]).toEqual([name, status]);
  }

  /** Runs the page, after `more` in the same shell. `blocks` is how many commands with an answer it has. */
  async expectAnswers(page: string, blocks: number, more = ''): Promise<void> {
    const { api, folder } = this;
    const { orgId, people } = this.options;
    const token = async (sub: string) => (await api.enter(await this.bearer(sub), orgId)).slice('Bearer '.length);
    const tokens = await Promise.all(Object.keys(people).map(async (sub) => `${sub}='${await token(sub)}'`));
    const head = await api.services.store.head();
    const last = head === undefined ? '' : consistencyToken(api.services.storeId, positionText(head));
    const shell = `
      URL=http://127.0.0.1:${api.port}
      org=$URL/v1/orgs/${orgId}
      ${tokens.join('\n')}
      last='${last}'
      as() {
        curl -sS -w '\\n' -D headers -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \${last:+-H "Consistency-Token: $last"} "\${@:2}"
        given=$(tr -d '\\r' < headers | sed -n 's/^[Cc]onsistency-[Tt]oken: //p')
        last=\${given:-$last}
      }
      ${more}
    `;
    await expectDocumentedAnswers(page, shell, blocks, folder);
  }

  async stop(): Promise<void> {
    await this.api.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
