import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decisionOperations } from '../../apps/api/documentation/decision-paths.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { queryNames, queryTable } from '../../apps/api/queries/query-table.js';
import { commandNames, commandTable } from '#libs/application/command-table.js';
import { positionText } from '#libs/application/ports/event-store.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { enterprise } from '#libs/domain/schemes/enterprise.js';
import { naiveRights } from '../property/naive-rights.js';
import { startTestApi, type TestApi } from '../support/api.js';
import type { HttpAnswer } from '../support/http.js';

const HERE = 'aviary';
const NOWHERE = 'nowhere';

let api: TestApi;
let token = '';

beforeAll(async () => {
  const REALMS = builtInSchemes.map(({ document: { id } }) => `${id}=${id}`).join(',');
  const environment = { REALMS, PLATFORM_ADMIN_GROUP: 'operators', READ_WAIT_MS: '20000' };
  api = await startTestApi({ environment });
  for (const scheme of builtInSchemes) await setUp(scheme);
}, 120_000);
afterAll(() => api?.stop());

const idIn = (realm: string, sub: string) => `${sub}@${realm}`;
const kindOf = ({ document }: CompiledScheme) => document.children[0] ?? 'environment';
const rightsIn = (realm: string) => {
  const rights = naiveRights[realm];
  if (rights === undefined) throw new Error(`nothing is written down of ${realm}`);
  return rights;
};

async function headersOf(realm: string, sub: string, org?: string): Promise<Record<string, string>> {
  const own = await api.bearer(sub, { realm, groups: sub === 'operator' ? ['operators'] : [] });
  const authorization = org === undefined ? own : await api.enter(own, org, token);
  return { authorization, ...(token === '' ? {} : { 'consistency-token': token }) };
}

/** An organization with one environment that a plain member sees where the scheme lets them see all, and not otherwise. */
async function setUp(scheme: CompiledScheme): Promise<void> {
  const { document } = scheme;
  const realm = document.id;
  const org = `org-${realm}`;
  const done = async (sub: string, path: string, body: object) => {
    const inOrg = path.startsWith('realm') ? undefined : org;
    const answer = await api.http.send({ path: `/v1/${path}`, headers: await headersOf(realm, sub, inOrg), body });
    expect([path, answer.status, answer.text]).toEqual([path, 200, expect.anything()]);
    token = String(answer.headers['consistency-token']);
  };
  const byPlatform = document.orgCreation.by === 'platform';
  const owned = { orgId: org, name: 'Org', ownerId: idIn(realm, 'owner') };
  await done(byPlatform ? 'operator' : 'owner', 'realm/commands/CreateOrg', owned);
  const command = (name: string, body: object, sub = 'owner') => done(sub, `orgs/${org}/commands/${name}`, body);
  const role = document.sources.default ?? 'org.viewer';
  // In the gateway the platform alone appoints admins.
  const appointing = realm === 'gateway' ? 'operator' : 'owner';
  await command('AddMember', { userId: idIn(realm, 'second'), role: 'org.admin' }, appointing);
  for (const sub of ['plain', 'former', 'coming', 'auditor'])
    await command('AddMember', { userId: idIn(realm, sub), role });
  await command('CreateEnvironment', { environmentId: HERE, name: 'Aviary', kind: kindOf(scheme) });
  const auditing = { userId: idIn(realm, 'auditor'), role: 'org.auditor' };
  await command('AssignRole', { ...auditing, notAfter: '2100-01-01T00:00:00.000Z' });
  await command('ConfirmRole', auditing, 'second');
  if (!isThere(realm, { sub: 'former', entered: true })) return;
  const named = document.override?.mode === 'replace' ? { role: document.override.allowed[role]?.[0] } : {};
  for (const [sub, window] of [
    ['former', { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2021-01-01T00:00:00.000Z' }],
    ['coming', { notBefore: '2100-01-01T00:00:00.000Z' }],
  ] as const)
    await command('GrantEnvironmentAccess', {
      environmentId: HERE,
      grantee: { type: 'user', id: idIn(realm, sub) },
      ...named,
      ...window,
    });
}

/** Every command whose input names an environment that is there, by its example. */
const naming = commandNames.filter(
  (name) => name !== 'CreateEnvironment' && JSON.stringify(commandTable[name].example).includes('"environmentId"'),
);
const inputOf = (name: (typeof naming)[number], environmentId: string): unknown =>
  JSON.parse(
    JSON.stringify(commandTable[name].example).replaceAll(
      '"environmentId":"production"',
      `"environmentId":"${environmentId}"`,
    ),
  );

const reads = queryNames.map((name) => queryTable[name].path).filter((path) => path.includes('{environmentId}'));
/** As an evaluation about oneself. */
const own = '/v1/orgs/{orgId}/permissions?environment={environmentId}';

/** Everything but the clock, the id that was named, and how much is left of the caller's own limit. */
const told = ({ status, headers, text }: HttpAnswer, id: string) => ({
  status,
  headers: { ...headers, date: undefined, ratelimit: undefined },
  text: text.replaceAll(id, '*').replaceAll(/"at":"[^"]+"/g, ''),
});

interface Unseeing {
  readonly sub: string;
  /** Whether they are in a session of the organization, where there are such. */
  readonly entered: boolean;
}

/** Of the environment, of what it holds, of the organization, and of the platform. */
const asked = ['environment:see', 'environment:use', 'environment:update', 'org:view', 'org:resolve', 'org:list'];

const persons: readonly Unseeing[] = [
  ...['plain', 'former', 'coming', 'auditor', 'operator'].map((sub) => ({ sub, entered: true })),
  { sub: 'plain', entered: false },
];

/** Whether there is somebody like them: grants that hold no longer, or not yet, are where there are grants. */
function isThere(realm: string, { sub }: Unseeing): boolean {
  const { grants, named } = rightsIn(realm);
  return !['former', 'coming'].includes(sub) || Object.keys(grants).length + Object.keys(named).length > 0;
}

/** As the descriptions of the five systems have it. */
function sees(realm: string, kind: string, { sub, entered }: Unseeing): boolean {
  const { org, implicit, child, platform, activeOrg } = rightsIn(realm);
  const holds = (permissions: string | undefined) => permissions?.split(/\s+/).includes('environment:see') === true;
  if (sub === 'operator') return holds(platform['platform.admin']);
  if (activeOrg && !entered) return false;
  const role = realm === 'teams' ? 'org.viewer' : realm === 'enterprise' ? 'org.participant' : 'org.member';
  return holds(org[role]) || holds(child[implicit[kind]?.[role] ?? '']);
}

const unseeing = builtInSchemes.flatMap((scheme) =>
  persons
    .filter((person) => isThere(scheme.document.id, person) && !sees(scheme.document.id, kindOf(scheme), person))
    .map((person) => [scheme.document.id, person.sub, person.entered ? 'in' : 'out of', scheme, person] as const),
);

describe.each(unseeing)(
  'in %s, to the %s, %s session, an environment that they do not see (T39)',
  (realm, sub, _, scheme, { entered }) => {
    const org = `org-${realm}`;
    const outside = rightsIn(realm).activeOrg && !entered;
    let headers: Record<string, string> = {};
    beforeAll(async () => {
      headers = { ...(await headersOf(realm, sub, entered ? org : undefined)), 'x-request-id': 'one' };
      // From a member's first command and read on, answers tell the organization's limits, too.
      await send(`/v1/orgs/${org}/commands/UpdateOrg`, { name: 'Other' }, { 'dry-run': 'true' });
      await send(`/v1/orgs/${org}`);
    });
    const send = (path: string, body?: unknown, more = {}) =>
      api.http.send({ path, headers: { ...headers, ...more }, body });

    it.each(naming)('is to %s like a missing one: not allowed', async (name) => {
      const command = (id: string) => send(`/v1/orgs/${org}/commands/${name}`, inputOf(name, id));
      const [here, missing] = [await command(HERE), await command(NOWHERE)];
      expect(told(here, HERE)).toEqual(told(missing, NOWHERE));
      expect(here.status).toBe(403);
    });

    it('is so in a batch', async () => {
      const batch = (id: string) =>
        send(`/v1/orgs/${org}/commands`, {
          commands: naming
            .filter(
              (name) =>
                commandTable[name].target === 'org' &&
                !['RecordUsage', 'AdmitUsage', 'RecordBlockedRequest'].includes(name),
            )
            .map((command) => ({ command, input: inputOf(command, id) })),
        });
      expect(told(await batch(HERE), HERE)).toEqual(told(await batch(NOWHERE), NOWHERE));
    });

    // Whoever may ask about others may know of everything that can be asked about.
    const asksOthers = sub === 'auditor';
    it.each(asksOthers ? reads : [...reads, own])('is to %s like a missing one: not found', async (path) => {
      const read = (id: string) => send(path.replace('{orgId}', org).replace('{environmentId}', id));
      const [here, missing] = [await read(HERE), await read(NOWHERE)];
      expect(told(here, HERE)).toEqual(told(missing, NOWHERE));
      expect(here.status).toBe(outside ? 403 : 404);
    });

    it('stands in no list', async () => {
      for (const path of ['environments', 'workflows']) {
        const { text } = await send(`/v1/orgs/${org}/${path}`);
        expect([path, text.includes(HERE)]).toEqual([path, false]);
      }
    });

    if (asksOthers) return;
    it('is unknown to every evaluation and search about oneself', async () => {
      const subject = { type: 'user', id: idIn(realm, sub) };
      for (const { path } of Object.values(decisionOperations)) {
        const all = path.endsWith('/action') ? asked.slice(0, 1) : asked;
        const found = async (name: string, id: string) => {
          const question = { subject, action: { name }, resource: { type: 'environment', id: `${org}/${id}` } };
          const body = path.endsWith('/evaluations') ? { ...question, evaluations: [{}, {}] } : question;
          return send(`${path}?explain=true`, body);
        };
        for (const name of all) {
          const here = await found(name, HERE);
          expect([path, name, told(here, HERE)]).toEqual([path, name, told(await found(name, NOWHERE), NOWHERE)]);
          if (path.endsWith('/resource')) expect(here.text).not.toContain(HERE);
        }
      }
    });
  },
);

it('leaves the same in the audit log, where refusals are audited, as a missing one (T39, P14)', async () => {
  const head = await api.services.store.head();
  const seen = { 'consistency-token': consistencyToken(api.services.storeId, head ? positionText(head) : '') };
  const headers = { ...(await headersOf('gateway', 'owner', 'org-gateway')), ...seen };
  const refused = async (id: string) => {
    const path = `/v1/orgs/org-gateway/audit?outcome=denied&actor=plain@gateway&limit=200&target=${id}`;
    const { status, text } = await api.http.send({ path, headers });
    expect(status).toBe(200);
    return JSON.parse(text).entries.map(
      ({ event, action, role, reason, permission, data }: Record<string, unknown>) => ({
        ...{ event, action, role, reason, permission },
        data: JSON.stringify(data).replaceAll(id, '*'),
      }),
    );
  };
  const here = await refused(HERE);
  expect(here.length).toBeGreaterThan(naming.length);
  expect(here).toEqual(await refused(NOWHERE));
});

it('is no different to a command that takes a second permission in an environment, which is missing (T39, X9)', async () => {
  const conjunction = { permission: 'environment:configure', and: 'environment:use', on: 'environment' };
  const roles = enterprise.roles.map((role) =>
    role.key === 'org.participant' ? { ...role, permissions: [...role.permissions, 'environment:configure'] } : role,
  );
  const document = { ...enterprise, id: 'conjoined', roles, conjunctions: [conjunction] };
  const send = async (sub: string, path: string, body: object) =>
    api.http.send({ path: `/v1/${path}`, headers: await headersOf('enterprise', sub), body });
  const org = 'org-conjoined';
  const posts: readonly (readonly [string, string, object])[] = [
    ['operator', 'realm/commands/DefineRoleScheme', { document }],
    ['operator', 'realm/commands/CreateOrg', { orgId: org, name: 'Org', ownerId: idIn('enterprise', 'orla') }],
    ['operator', `orgs/${org}/commands/ChangeOrgScheme`, { schemeId: 'conjoined', version: 1 }],
    ['orla', `orgs/${org}/commands/AddMember`, { userId: idIn('enterprise', 'pim'), role: 'org.participant' }],
    ['orla', `orgs/${org}/commands/CreateEnvironment`, { environmentId: HERE, name: 'Aviary' }],
  ];
  for (const [sub, path, body] of posts) {
    const { status, text } = await send(sub, path, body);
    expect([path, status, text]).toEqual([path, 200, expect.anything()]);
  }
  const issue = (environmentId: string) =>
    send('pim', `orgs/${org}/commands/IssueEnvironmentCredential`, { environmentId });
  expect(JSON.parse((await issue(HERE)).text)).toEqual({
    ...JSON.parse((await issue(NOWHERE)).text),
    code: 'environment_not_found',
    correlationId: expect.any(String),
  });
});
