import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';
import { TestClock } from '../support/world.js';

/** Stands in an answer for any text. */
const ANY = '…';
const END = '@@ end of block @@';
const clock = new TestClock();
let api: TestApi;
/** What the shell of the README's story holds where the page goes on. */
let shell = '';

beforeAll(async () => {
  api = await startTestApi({ clock });
  let token = '';
  const send = async (sub: string, target: string, name: string, body: unknown) => {
    const claims = sub === 'admin' ? { email: 'admin@localhost' } : {};
    const headers = { authorization: await api.bearer(sub, claims) };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status]).toEqual([name, 200]);
    token = String(answer.headers['consistency-token']);
    clock.advance(1000);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', grant);
  const before = new Date(clock.now()).toISOString();
  clock.advance(1000);
  await send('alice', 'orgs/acme', 'RevokeEnvironmentAccess', grant);
  shell = `
    org=http://127.0.0.1:${api.port}/v1/orgs/acme
    before=${before}
    alice='${(await api.bearer('alice')).slice('Bearer '.length)}'
    as() { curl -sS -w '\\n' -H "Authorization: Bearer $1" -H 'Consistency-Token: ${token}' "\${@:2}"; }
  `;
}, 60_000);
afterAll(() => api?.stop());

/** The actual answer, with the wildcards of the expected one put where they match. */
function masked(actual: unknown, expected: unknown): unknown {
  if (expected === ANY) return typeof actual === 'string' && actual !== '' ? ANY : actual;
  if (Array.isArray(actual) && Array.isArray(expected)) return actual.map((item, i) => masked(item, expected[i]));
  if (typeof actual !== 'object' || actual === null || typeof expected !== 'object' || expected === null) return actual;
  return Object.fromEntries(
    Object.entries(actual).map(([name, value]) => [name, masked(value, Reflect.get(expected, name))]),
  );
}

it('every command of docs/history.md works where the first story has led, and answers what stands there', async () => {
  const page = await readFile('docs/history.md', 'utf8');
  const blocks = [...page.matchAll(/^```bash\n(.*?)^```\n\n```json\n(.*?)^```$/gms)];
  expect(blocks).toHaveLength([...page.matchAll(/^```\w/gm)].length / 2);
  expect(blocks).toHaveLength(3);
  const script = blocks.map(([, code]) => `${code}echo '${END}'\n`).join('');
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(shell + script);
  expect(await once(child, 'close')).toEqual([0, null]);
  const answers = output.split(`${END}\n`);
  for (const [i, [, code, expected = '']] of blocks.entries()) {
    const wanted: unknown = JSON.parse(expected);
    expect({ code, answer: masked(JSON.parse(answers[i] ?? ''), wanted) }).toEqual({ code, answer: wanted });
  }
}, 60_000);
