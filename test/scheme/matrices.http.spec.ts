import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { startTestApi, type TestApi } from '../support/api.js';
import type { Cell } from './cells.js';
import { commandFor, extrasOf, isCommanded } from './commands.js';
import { type Matrix, matrices } from './matrices.js';
import { asked, forgedHeaders, mayKnow, orgIn, personIn, resourceOf } from './matrix-in-realm.js';
import { principalOf } from './situation.js';
import { type Switch, switches, switchesOf, titled } from './switches.js';

let api: TestApi;
let token = '';

// Five realms of one deployment; nothing of the one is in another.
beforeAll(async () => {
  const REALMS = matrices.map(({ scheme }) => `${scheme}=${scheme}`).join(',');
  api = await startTestApi({ environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators' } });
  for (const matrix of matrices) {
    await setUp(matrix);
    await defineTurned(matrix);
  }
}, 120_000);
afterAll(() => api.stop());

/** Administers the platform in each realm, and is nobody of its situation. */
const platform = 'root';

const tokens = new Map<string, Promise<string>>();

/** Of the person's own token, or of a session in the organization (as it is named in its realm). */
async function headersOf(
  { scheme, situation }: Matrix,
  person: string,
  activeOrg?: string,
): Promise<Record<string, string>> {
  const key = `${personIn(scheme, person)} ${activeOrg}`;
  const groups = [platform, ...situation.operators].includes(person) ? ['operators'] : [];
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

async function command(matrix: Matrix, person: string, target: string, name: string, body: unknown): Promise<void> {
  const inOrg = person === platform ? undefined : /^orgs\/(.+)$/.exec(target)?.[1];
  const headers = await headersOf(matrix, person, inOrg);
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
  expect([name, body, answer.status, answer.text]).toEqual([name, body, 200, expect.anything()]);
  token = String(answer.headers['consistency-token']);
}

/** Sets the situation up by the commands of the people who may. */
async function setUp(matrix: Matrix): Promise<void> {
  const { scheme, situation } = matrix;
  const byPlatform = schemeOf({ id: scheme, version: 1 }, undefined).document.orgCreation.by === 'platform';
  for (const [id, { owner, members = [], environments = [], grants = [] }] of Object.entries(situation.orgs)) {
    const orgId = orgIn(scheme, id);
    const ownerId = personIn(scheme, owner);
    const creator = byPlatform ? (situation.operators[0] ?? '') : owner;
    const inOrg = (name: string, body: unknown) => command(matrix, owner, `orgs/${orgId}`, name, body);
    await command(matrix, creator, 'realm', 'CreateOrg', { orgId, name: id, ownerId });
    for (const [user, role] of members) await inOrg('AddMember', { userId: personIn(scheme, user), role });
    for (const [environmentId, kind] of environments)
      await inOrg('CreateEnvironment', { environmentId, name: environmentId, kind });
    for (const [environmentId, user, role] of grants) {
      const grantee = { type: 'user', id: personIn(scheme, user) };
      await inOrg('GrantEnvironmentAccess', { environmentId, grantee, role });
    }
  }
}

/** Defines a version for each switch of the scheme, with that one turned. */
async function defineTurned(matrix: Matrix): Promise<void> {
  for (const { document } of switchesOf(matrix))
    await command(matrix, platform, 'realm', 'DefineRoleScheme', { document });
}

/** Moves the situation's organizations to the version with this switch turned. */
async function turn({ scheme: schemeId, matrix, document: { version } }: Switch): Promise<void> {
  for (const id of Object.keys(matrix.situation.orgs))
    await command(matrix, platform, `orgs/${orgIn(schemeId, id)}`, 'ChangeOrgScheme', { schemeId, version });
}

/** A credential of an environment is no principal that can be asked about. */
const askable = (cells: readonly Cell[]) => titled(cells.filter(({ through }) => through === undefined));

async function evaluated(matrix: Matrix, cell: Cell): Promise<void> {
  const { scheme, situation } = matrix;
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
}

function commanded({ situation }: Matrix, cells: readonly Cell[]) {
  // A command on what is one's own names nobody else.
  const isAnothers = (cell: Cell) => {
    const person = principalOf(situation, cell);
    const resource = situation.resource(cell.place, cell.column, person);
    return resource.kind === 'account' && resource.ownerId !== person;
  };
  return askable(cells.filter((cell) => isCommanded(cell.permission) && !isAnothers(cell)));
}

async function tried(matrix: Matrix, cell: Cell): Promise<void> {
  const { scheme, situation } = matrix;
  const person = principalOf(situation, cell);
  const extras = extrasOf(scheme, (name) => personIn(scheme, name));
  const { target, name, input } = commandFor(
    cell.permission,
    resourceOf(matrix, cell),
    extras,
    personIn(scheme, person),
  );
  const headers = {
    ...(await inSession(matrix, person)),
    ...forgedHeaders(matrix, cell),
    'dry-run': 'true',
  };
  const answer = await api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body: input });
  // What the roles allow, the rules may still refuse: nobody removes the last owner.
  const permitted = [200, 409, 422].includes(answer.status);
  if (!permitted) expect([name, answer.status]).toEqual([name, mayKnow(matrix, cell) ? 403 : 404]);
  expect([name, permitted, answer.text]).toEqual([name, cell.expected === 'allowed', expect.anything()]);
}

describe.each(matrices)('evaluation: the matrix of $scheme', (matrix) => {
  it.each(askable(matrix.cells))('%s', (_, cell) => evaluated(matrix, cell));
});

describe.each(matrices)('command: the matrix of $scheme', (matrix) => {
  it.each(commanded(matrix, matrix.cells))('%s', (_, cell) => tried(matrix, cell));
});

// After all that is asked of the organizations under the schemes' own versions.
describe.each(switches)('evaluation: the matrix of $scheme, the other way round by the switch $option', (each) => {
  beforeAll(() => turn(each));
  it.each(askable(each.cells))('%s', (_, cell) => evaluated(each.matrix, cell));
});

describe.each(switches.filter(({ matrix, cells }) => commanded(matrix, cells).length > 0))(
  'command: the matrix of $scheme, the other way round by the switch $option',
  (each) => {
    beforeAll(() => turn(each));
    it.each(commanded(each.matrix, each.cells))('%s', (_, cell) => tried(each.matrix, cell));
  },
);
