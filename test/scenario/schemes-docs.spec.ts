import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { expectDocumentedAnswers } from '../support/documented-answers.js';

/** Everybody on the page, by realm; those with an address show it as verified. */
const people: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  default: { root: 'admin@localhost', olga: undefined, ada: undefined, pat: undefined },
  team: { john: undefined, vera: 'vera@johns.test' },
  atelier: { mia: undefined, nora: undefined },
  rules: { liu: undefined, max: undefined },
  gate: { op: 'admin@localhost', gus: undefined, mel: undefined },
};

let api: TestApi;
let folder: string;
let shell = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-docs-'));
  const REALMS = 'default=enterprise,team=teams,atelier=studio,rules=projects,gate=gateway';
  api = await startTestApi({ environment: { REALMS, READ_WAIT_MS: '20000' } });
  const tokens: string[] = [];
  for (const [realm, names] of Object.entries(people))
    for (const [name, email] of Object.entries(names)) {
      const bearer = await api.bearer(name, { realm, ...(email === undefined ? {} : { email }) });
      tokens.push(`${name}='${bearer.slice('Bearer '.length)}'`);
    }
  shell = `
    URL=http://127.0.0.1:${api.port}
    ${tokens.join('\n')}
    decisions() { sed -E 's/,"context":\\{[^}]*\\}//g'; }
    who() { sed -E 's/,"(roles|permissions)":\\[[^]]*\\]//g; s/,"cause":\\{[^}]*\\}//g; s/.*"effects"://; s/\\}$//'; }
    last=''
    as() {
      curl -sS -w '\\n' -D headers -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \${last:+-H "Consistency-Token: $last"} "\${@:2}"
      given=$(tr -d '\\r' < headers | sed -n 's/^[Cc]onsistency-[Tt]oken: //p')
      last=\${given:-$last}
    }
  `;
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('the story of every scheme in docs/schemes.md works word for word', async () => {
  expect(Object.keys(people)).toHaveLength(5);
  await expectDocumentedAnswers('docs/schemes.md', shell, 18, folder);
}, 120_000);
