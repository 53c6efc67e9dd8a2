import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Resource } from '#libs/domain/access/bindings.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { type Cell, cellTitle } from './cells.js';
import { commandFor, extrasOf, isCommanded } from './commands.js';
import { type Matrix, matrices } from './matrices.js';
import { principalOf } from './situation.js';

let api: TestApi;
let token = '';

// Five realms of one deployment; nothing of the one is in another.
beforeAll(async () => {
  const REALMS = matrices.map(({ scheme }) => `${scheme}=${scheme}`).join(',');
  api = await startTestApi({ environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators' } });
  for (const matrix of matrices) token = await setUp(matrix);
}, 120_000);
afterAll(() => api.stop());

/** The ids that a situation's names have in its realm; organizations share their names with other realms' ones. */
const personIn = (realm: string, name: string) => `${name}@${realm}`;
const orgIn = (realm: string, id: string) => `${realm}-${id}`;

const tokens = new Map<string, Promise<string>>();

/** Of the person's own token, or of a session in the organization (as it is named in its realm). */
async function headersOf(
  { scheme, situation }: Matrix,
  person: string,
  activeOrg?: string,
): Promise<Record<string, string>> {
  const key = `${personIn(scheme, person)} ${activeOrg}`;
  const groups = situation.operators.includes(person) ? ['operators'] : [];
  const own = () => api.bearer(person, { realm: scheme, groups });
  const found =
    tokens.get(key) ?? (activeOrg === undefined ? own() : own().then((each) => api.enter(each, activeOrg, token)));
  tokens.set(key, found);
  return { authorization: await found };
}

/** In the session that the situation says. */
function inSession(matrix: Matrix, person: string): Promise<Record<string, string>> {
  const { scheme, situation } = matrix;
  return headersOf(matrix, person, situation.activeOrg && orgIn(scheme, situation.activeOrg));
}

/** Sets the situation up by the commands of the people who may. Answers the last command's Consistency-Token. */
async function setUp(matrix: Matrix): Promise<string> {
  const { scheme, situation } = matrix;
  const byPlatform = schemeOf({ id: scheme, version: 1 }, undefined).document.orgCreation.by === 'platform';
  let last = '';
  const command = async (person: string, target: string, name: string, body: unknown) => {
    const inOrg = /^orgs\/(.+)$/.exec(target)?.[1];
    const headers = await headersOf(matrix, person, inOrg);
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, body, answer.status, answer.text]).toEqual([name, body, 200, expect.anything()]);
    last = String(answer.headers['consistency-token']);
    token = last;
  };
  for (const [id, { owner, members = [], environments = [], grants = [] }] of Object.entries(situation.orgs)) {
    const orgId = orgIn(scheme, id);
    const creator = byPlatform ? (situation.operators[0] ?? '') : owner;
    await command(creator, 'realm', 'CreateOrg', { orgId, name: id, ownerId: personIn(scheme, owner) });
    for (const [user, role] of members)
      await command(owner, `orgs/${orgId}`, 'AddMember', { userId: personIn(scheme, user), role });
    for (const [environmentId, kind] of environments)
      await command(owner, `orgs/${orgId}`, 'CreateEnvironment', { environmentId, name: environmentId, kind });
    for (const [environmentId, user, role] of grants)
      await command(owner, `orgs/${orgId}`, 'GrantEnvironmentAccess', {
        environmentId,
        grantee: { type: 'user', id: personIn(scheme, user) },
        role,
      });
  }
  return last;
}

/** The resource of the cell, under the ids of its realm. */
function resourceOf({ scheme, situation }: Matrix, cell: Cell): Resource {
  const resource = situation.resource(cell.place, cell.column, principalOf(situation, cell));
  if ('ownerId' in resource) return { ...resource, ownerId: personIn(scheme, resource.ownerId) };
  return 'orgId' in resource ? { ...resource, orgId: orgIn(scheme, resource.orgId) } : resource;
}

/** Whether they may know of what the command is posted to: of their own organizations, and of those that they administer. */
function mayKnow({ situation }: Matrix, cell: Cell): boolean {
  const person = principalOf(situation, cell);
  const resource = situation.resource(cell.place, cell.column, person);
  if (!('orgId' in resource) || situation.operators.includes(person)) return true;
  const { owner, members = [] } = situation.orgs[resource.orgId] ?? { owner: '' };
  return owner === person || members.some(([user]) => user === person);
}

function asked(realm: string, resource: Resource): { type: string; id: string } {
  switch (resource.kind) {
    case 'realm':
      return { type: 'realm', id: realm };
    case 'org':
      return { type: 'org', id: resource.orgId };
    case 'environment':
      return { type: 'environment', id: `${resource.orgId}/${resource.environmentId}` };
    case 'personal_environment':
      return { type: 'environment', id: `personal/${resource.ownerId}` };
    case 'account':
      return { type: 'account', id: resource.ownerId };
  }
}

/** Headers that a proxy might set to say who asks, in the name of the one whose column it is. */
function forgedHeaders({ scheme, situation }: Matrix, { column, as }: Cell): Record<string, string> {
  if (as?.includes('forges') !== true) return {};
  const victim = personIn(scheme, situation.people[column] ?? '');
  return { 'x-user-id': victim, 'x-forwarded-user': victim, 'x-remote-user': victim, 'x-role': 'platform.admin' };
}

describe.each(matrices)('evaluation: the matrix of $scheme', (matrix) => {
  const { scheme, cells, situation } = matrix;
  // A credential of an environment is no principal that can be asked about.
  const askable = cells.filter(({ through }) => through === undefined);

  it.each(askable.map((cell) => [cellTitle(cell), cell] as const))('%s', async (_, cell) => {
    const person = principalOf(situation, cell);
    const id = personIn(scheme, person);
    const answer = await api.http.send({
      path: '/access/v1/evaluation',
      headers: {
        ...(await inSession(matrix, person)),
        ...forgedHeaders(matrix, cell),
        'consistency-token': token,
      },
      body: {
        subject: { type: 'user', id },
        action: { name: cell.permission },
        resource: asked(scheme, resourceOf(matrix, cell)),
      },
    });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      expect.objectContaining({ decision: cell.expected === 'allowed' }),
    ]);
  });
});

describe.each(matrices)('command: the matrix of $scheme', (matrix) => {
  const { scheme, cells, situation } = matrix;
  // A command on what is one's own names nobody else.
  const isAnothers = (cell: Cell) => {
    const person = principalOf(situation, cell);
    const resource = situation.resource(cell.place, cell.column, person);
    return resource.kind === 'account' && resource.ownerId !== person;
  };
  const commanded = cells.filter(
    (cell) => isCommanded(cell.permission) && cell.through === undefined && !isAnothers(cell),
  );

  it.each(commanded.map((cell) => [cellTitle(cell), cell] as const))('%s', async (_, cell) => {
    const person = principalOf(situation, cell);
    const extras = extrasOf(scheme, (name) => personIn(scheme, name));
    const { target, name, input } = commandFor(
      cell.permission,
      resourceOf(matrix, cell),
      extras,
      personIn(scheme, person),
    );
    const headers = { ...(await inSession(matrix, person)), ...forgedHeaders(matrix, cell), 'dry-run': 'true' };
    const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body: input });
    // What the roles allow, the rules may still refuse: nobody removes the last owner.
    const permitted = [200, 409, 422].includes(answer.status);
    if (!permitted) expect([name, answer.status]).toEqual([name, mayKnow(matrix, cell) ? 403 : 404]);
    expect([name, permitted, answer.text]).toEqual([name, cell.expected === 'allowed', expect.anything()]);
  });
});
