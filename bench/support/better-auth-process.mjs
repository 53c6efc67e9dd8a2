// better-auth with its organization plugin on the Postgres at POSTGRES_URL, in a schema of its own. Makes its tables,
// organizations and members, and tells the parent where it listens and who is in it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { organization } from 'better-auth/plugins';
import pg from 'pg';

const { POSTGRES_URL, COOKIE_CACHE } = process.env;
const [ORGANIZATIONS, PEOPLE, NEWCOMERS] = ['ORGANIZATIONS', 'PEOPLE', 'NEWCOMERS'].map((name) =>
  Number(process.env[name]),
);
const schema = `better_auth_${process.pid}`;

await withDatabase({}, (db) => db.query(`create schema ${schema}`));
const database = new pg.Pool({ connectionString: POSTGRES_URL, options: `-c search_path=${schema}`, max: 10 });
const options = {
  baseURL: 'http://127.0.0.1',
  secret: 'of a benchmark, and of nothing that is real',
  database,
  // Nobody signs in while anything is measured.
  emailAndPassword: { enabled: true, password: { hash: async () => 'none', verify: async () => false } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  // Off unless asked for, which is also the library's own default: each request reads session and person.
  session: { cookieCache: { enabled: COOKIE_CACHE === 'true', maxAge: 3600 } },
  plugins: [organization({ membershipLimit: 1_000_000 })],
};
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();

const organizations = await Promise.all(Array.from({ length: ORGANIZATIONS }, (_, i) => found(i)));
await database.query('analyze');

const answer = toNodeHandler(auth);
const server = createServer((request, response) =>
  request.url === '/add-member' ? void addMember(request, response) : void answer(request, response),
).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('SIGTERM', () => process.exit(0));
process.send({ port: server.address().port, organizations });

async function withDatabase(config, work) {
  const client = new pg.Client({ connectionString: POSTGRES_URL, ...config });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** An organization: its owner and one plain member who have signed up, others who are there, and people yet to be added. */
async function found(i) {
  const owner = await signedUp(`owner-${i}`);
  const made = await auth.api.createOrganization({ body: { name: `org-${i}`, slug: `org-${i}`, userId: owner.id } });
  const plain = await signedUp(`plain-${i}`);
  const members = [await added(made.id, plain.id)];
  for (let p = 2; p < PEOPLE; p++) members.push(await added(made.id, await person(`p${p}-of-${i}`)));
  const newcomers = [];
  for (let p = 0; p < NEWCOMERS; p++) newcomers.push(await person(`new-${p}-of-${i}`));
  return { id: made.id, cookie: owner.cookie, plainCookie: plain.cookie, members, newcomers };
}

async function added(organizationId, userId) {
  return (await auth.api.addMember({ body: { organizationId, userId, role: 'member' } })).id;
}

async function person(name) {
  const { internalAdapter } = await auth.$context;
  return (await internalAdapter.createUser({ email: `${name}@example.test`, name, emailVerified: true })).id;
}

async function signedUp(name) {
  const body = { email: `${name}@example.test`, password: 'long enough a password', name };
  const { headers, response } = await auth.api.signUpEmail({ body, returnHeaders: true });
  const cookie = headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  return { id: response.user.id, cookie };
}

/** The plugin adds members by a call of the server alone: a route that looks for the right to first, as an application would. */
async function addMember(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { organizationId, userId } = JSON.parse(Buffer.concat(parts).toString());
  try {
    const asked = { organizationId, permissions: { member: ['create'] } };
    const headers = new Headers({ cookie: request.headers.cookie });
    const { success } = await auth.api.hasPermission({ headers, body: asked });
    if (success) await auth.api.addMember({ body: { organizationId, userId, role: 'member' } });
    response.writeHead(success ? 200 : 403, { 'content-type': 'application/json' }).end(JSON.stringify({ success }));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}
