import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { personalOrgIdOf } from '#libs/application/command-ids.js';
import { actionOf, actions, isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { resourceFrom } from '../../apps/api/access/evaluation-request.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { Oracle, StandingClock, type Until } from './search-world.js';

const names = ['ann', 'bob', 'cyd', 'dan', 'opal', 'zed'];
const environments = ['dev', 'prod', 'test'];
const clock = new StandingClock();
let api: TestApi;

beforeAll(async () => {
  const REALMS = builtInSchemes.map(({ document: { id } }) => `${id}=${id}`).join(',');
  api = await startTestApi({ clock, environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators' } });
}, 60_000);
afterAll(() => api?.stop());

interface Step {
  readonly name: string;
  readonly by: number;
  readonly org: number;
  readonly input: Readonly<Record<string, unknown>>;
}

interface Question {
  readonly kind: 'subject' | 'resource' | 'action';
  readonly by: number;
  readonly about: number;
  readonly permission: Permission;
  readonly resource: number;
  readonly type: string;
  /** A place in the history, from its begin to its end; null is now. */
  readonly when: number | null;
  readonly limit: number;
}

function stepsOf({ document, roles }: CompiledScheme): fc.Arbitrary<Step[]> {
  const userId = fc.constantFrom(...names);
  const keys = [...roles.values()];
  const role = fc.constantFrom(...keys.filter(({ scope }) => scope === 'org').map(({ key }) => key));
  const childRole = fc.constantFrom(
    undefined,
    ...keys.filter(({ scope }) => document.children.some((kind) => kind === scope)).map(({ key }) => key),
  );
  const environmentId = fc.constantFrom(...environments);
  const groupId = fc.constantFrom('team', 'crew');
  const grantee = fc.oneof(
    { weight: 2, arbitrary: fc.record({ type: fc.constant('user'), id: userId }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('group'), id: groupId }) },
  );
  const instant = fc.option(
    fc.integer({ min: -20, max: 60 }).map((seconds) => ({ seconds })),
    { nil: undefined },
  );
  const inputs: Readonly<Record<string, fc.Arbitrary<Readonly<Record<string, unknown>>>>> = {
    AddMember: fc.record({ userId, role }),
    RemoveMember: fc.record({ userId }),
    ChangeMemberRole: fc.record({ userId, role }),
    CreateEnvironment: fc.record({ environmentId, name: environmentId, kind: fc.constantFrom(...document.children) }),
    DeleteEnvironment: fc.record({ environmentId }),
    GrantEnvironmentAccess: fc.record({
      environmentId,
      grantee,
      role: childRole,
      notBefore: instant,
      notAfter: instant,
    }),
    RevokeEnvironmentAccess: fc.record({ environmentId, grantee }),
    CreateGroup: fc.record({ groupId, name: groupId }),
    DeleteGroup: fc.record({ groupId }),
    AddGroupMember: fc.record({ groupId, userId }),
    RemoveGroupMember: fc.record({ groupId, userId }),
    SuspendMember: fc.record({ userId }),
    ResumeMember: fc.record({ userId }),
    // The operator's token shows the group, or no longer does.
    SignIn: fc.record({ groups: fc.constantFrom([], ['operators']) }),
  };
  const weights: Readonly<Record<string, number>> = {
    AddMember: 6,
    GrantEnvironmentAccess: 8,
    CreateEnvironment: 3,
    AddGroupMember: 4,
  };
  const step = fc.oneof(
    ...Object.entries(inputs).map(([name, input]) => ({
      weight: weights[name] ?? 2,
      // Mostly the creator, whose commands are accepted.
      arbitrary: fc.record({
        name: fc.constant(name),
        by: fc.constantFrom(0, 0, 0, 1, 2),
        org: fc.nat({ max: 1 }),
        input,
      }),
    })),
  );
  const [kind] = document.children;
  const begin = [
    ...['dev', 'prod'].map((id) => ({ name: 'CreateEnvironment', input: { environmentId: id, name: id, kind } })),
    { name: 'CreateGroup', input: { groupId: 'team', name: 'Team' } },
  ].map((step) => ({ ...step, by: 0, org: 0 }));
  return fc.array(step, { minLength: 15, maxLength: 25, size: 'max' }).map((rest) => [...begin, ...rest]);
}

const permissions = Object.keys(actions).filter(isPermission);

/** What most people hold, so that most questions have an answer. */
const common = ['environment:use', 'environment:see', 'org:view', 'org:select', 'org:resolve', 'org:create'] as const;

const question = ({ holders }: CompiledScheme): fc.Arbitrary<Question> =>
  fc.record({
    kind: fc.constantFrom('subject' as const, 'resource' as const, 'action' as const),
    by: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5),
    about: fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 5),
    permission: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...common) },
      { weight: 3, arbitrary: fc.constantFrom(...holders.keys()) },
      { weight: 1, arbitrary: fc.constantFrom(...permissions) },
    ),
    resource: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 100 })),
    type: fc.constantFrom('org', 'environment', 'environment', 'workspace', 'project', 'realm', 'account'),
    when: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 }),
    limit: fc.integer({ min: 1, max: 4 }),
  });

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))('under %s', (realm, scheme) => {
  let round = 0;
  /** Each run has people of its own: some schemes allow one organization to each. */
  const subjectOf = (name: string) => `${name}${round}`;
  const person = (name: string) => `${subjectOf(name)}@${realm}`;
  /** Of all runs: whoever runs the platform reaches those of the runs before, too. */
  const orgs: string[] = [];
  const people: string[] = [];
  let operators: readonly string[] = ['operators'];
  let token = '';

  /** That people enter where the scheme knows one at a time, and where they may. */
  let active: string | undefined;
  const ownToken = (name: string) => api.bearer(subjectOf(name), { realm, groups: name === 'opal' ? operators : [] });
  const authorizationOf = async (name: string, own?: string) => {
    const given = own ?? (await ownToken(name));
    return active === undefined || !scheme.document.tenancy.activeOrg ? given : api.enter(given, active, token);
  };
  const headersOf = async (name: string) => ({
    authorization: await authorizationOf(name),
    ...(token === '' ? {} : { 'consistency-token': token }),
  });

  async function post(name: string, path: string, body: unknown) {
    const answer = await api.http.send({ path, headers: await headersOf(name), body });
    const seen = answer.headers['consistency-token'];
    if (typeof seen === 'string') token = seen;
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  /** Two organizations with what the steps make of them. */
  async function setUp(steps: readonly Step[]): Promise<readonly string[]> {
    const begun = orgs.length;
    active = undefined;
    round += 1;
    people.push(...names.map(person));
    operators = ['operators'];
    clock.time += 1000;
    for (const name of names)
      expect((await api.http.send({ path: '/v1/me', headers: await headersOf(name) })).status).toBe(200);
    const byPlatform = scheme.document.orgCreation.by === 'platform';
    for (const owner of ['ann', 'dan']) {
      const orgId = `${realm}-${orgs.length}`;
      const input = { orgId, name: orgId, ownerId: person(owner) };
      expect((await post(byPlatform ? 'opal' : owner, '/v1/realm/commands/CreateOrg', input)).status).toBe(200);
      orgs.push(orgId);
    }
    const mine = orgs.slice(begun);
    for (const { name, by, org, input } of steps) {
      clock.time += 1000;
      if (name === 'SignIn') {
        operators = (input['groups'] as string[] | undefined) ?? [];
        await api.http.send({ path: '/v1/me', headers: await headersOf('opal') });
        continue;
      }
      active = mine[org];
      const creator = org === 0 ? 0 : 3;
      const sender = names[by === 0 ? creator : by] ?? '';
      const answer = await post(
        sender,
        `/v1/orgs/${mine[org]}/commands/${name}`,
        Object.fromEntries(Object.entries(input).map(([key, value]) => [key, given(key, value)])),
      );
      expect([200, 403, 404, 409, 422]).toContain(answer.status);
    }
    clock.time += 1000;
    return mine;
  }

  /** What people are given at sign-in. */
  function personalOrgs(): readonly string[] {
    return scheme.document.tenancy.personalOrg ? people.map((id) => personalOrgIdOf({ realm, id })) : [];
  }

  /** People by their ids of this run, instants from now on. */
  function given(key: string, value: unknown): unknown {
    if (key === 'userId') return person(String(value));
    if (typeof value !== 'object' || value === null) return value;
    if ('id' in value)
      return 'type' in value && value.type === 'group' ? value : { ...value, id: person(String(value.id)) };
    return 'seconds' in value ? new Date(clock.time + Number(value.seconds) * 1000 + 500).toISOString() : value;
  }

  /** All pages, each of `limit` at most. */
  async function found(by: string, { kind, limit }: Question, body: object): Promise<readonly string[]> {
    const all: string[] = [];
    let page: object = { limit };
    for (let pages = 0; pages < 500; pages++) {
      const answer = await post(by, `/access/v1/search/${kind}`, { ...body, page });
      expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
      const { results, page: next } = answer.body;
      expect(results.length).toBeLessThanOrEqual(limit);
      expect(next.count).toBe(results.length);
      all.push(...results.map((each: { id?: string; name?: string }) => each.id ?? each.name));
      if (next.next_token === '') return all;
      page = { token: next.next_token, limit };
    }
    throw new Error('the pages do not end');
  }

  it('every search finds what permit() allows, now and then, and nothing else', async () => {
    const oracle = new Oracle(api, realm);
    let allowed = 0;
    const run = async (steps: Step[], questions: Question[]) => {
      const began = clock.time;
      const mine = await setUp(steps);
      oracle.forget();
      const resources = [
        ...mine.flatMap((org) => [['org', org], ...environments.map((id) => ['environment', `${org}/${id}`])]),
        ['org', 'missing'],
        ['realm', realm],
        ['account', person('ann')],
        ['environment', `personal/${person('ann')}`],
      ].map(([type = '', id = '']) => ({ type, id }));
      for (const asked of questions) {
        const by = names[asked.by] ?? '';
        const caller = person(by);
        active = mine[asked.about % 2];
        const own = await ownToken(by);
        const entered = (await authorizationOf(by, own)) !== own;
        oracle.session = { principal: caller, activeOrg: entered ? (active ?? null) : null };
        const principal = person(names[asked.about] ?? '');
        const resource = resources[asked.resource % resources.length] ?? { type: '', id: '' };
        const now: Until = { instant: clock.time };
        const [until, context] = await whenOf(asked, resource, began);
        const mayAsk = async (principal: string, { type, id }: { type: string; id: string }) => {
          const meant = resourceFrom(type, id);
          if (meant === undefined || principal === caller) return true;
          const tenant =
            'orgId' in meant ? ({ kind: 'org', orgId: meant.orgId } as const) : ({ kind: 'realm' } as const);
          return oracle.may(caller, 'decision:search', tenant, now);
        };
        const may = async (principal: string, permission: Permission, on: { type: string; id: string }) => {
          const meant = resourceFrom(on.type, on.id);
          if (meant === undefined || !(await mayAsk(principal, on))) return false;
          if (!(await oracle.may(principal, permission, meant, until))) return false;
          if (meant.kind !== 'environment' || principal !== caller || actionOf(permission).scope === 'environment')
            return true;
          // Of an environment that they do not see, only those learn who may ask about everybody.
          const everybody = { kind: 'org', orgId: meant.orgId } as const;
          return (
            (await oracle.may(caller, 'environment:see', meant, until)) ||
            oracle.may(caller, 'decision:search', everybody, now)
          );
        };
        const expected: string[] = [];
        let body: object;
        if (asked.kind === 'subject') {
          body = { subject: { type: 'user' }, action: { name: asked.permission }, resource, context };
          for (const each of people) if (await may(each, asked.permission, resource)) expected.push(each);
        } else if (asked.kind === 'action') {
          body = { subject: { type: 'user', id: principal }, resource, context };
          for (const each of permissions) if (await may(principal, each, resource)) expected.push(each);
        } else {
          const { type } = asked;
          const owned = [...orgs, ...personalOrgs()];
          body = {
            subject: { type: 'user', id: principal },
            action: { name: asked.permission },
            resource: { type },
            context,
          };
          const candidates =
            type === 'org'
              ? owned
              : type === 'realm'
                ? [realm]
                : type === 'account'
                  ? people
                  : [
                      ...(type === 'environment' ? people.map((each) => `personal/${each}`) : []),
                      ...owned.map((org) => `${org}/default`),
                      ...orgs.flatMap((org) => environments.map((id) => `${org}/${id}`)),
                    ];
          for (const id of candidates) if (await may(principal, asked.permission, { type, id })) expected.push(id);
        }
        const answer = await found(by, asked, body);
        expect({ asked, caller, body, found: [...answer].sort() }).toEqual({
          asked,
          caller,
          body,
          found: expected.sort(),
        });
        if (asked.kind !== 'resource') expect(answer).toEqual([...answer].sort());
        allowed += expected.length;
      }
    };

    async function whenOf(
      { kind, when, resource: odd }: Question,
      { type, id }: { type: string; id: string },
      began: number,
    ): Promise<[Until, object | undefined]> {
      if (when === null) return [{ instant: clock.time }, undefined];
      const meant = kind === 'resource' ? undefined : resourceFrom(type, id);
      const last = meant !== undefined && 'orgId' in meant ? await oracle.lastRevision(meant.orgId) : -1n;
      if (last >= 0n && odd % 2 === 0) {
        const revision = BigInt(Math.floor(when * Number(last)));
        return [{ revision }, { at: { revision: `${revision}` } }];
      }
      const instant = Math.floor(began + when * (clock.time - began));
      return [{ instant }, { at: new Date(instant).toISOString() }];
    }

    await fc.assert(
      fc.asyncProperty(stepsOf(scheme), fc.array(question(scheme), { minLength: 30, maxLength: 30, size: 'max' }), run),
      { numRuns: 6, endOnFailure: true },
    );
    expect(allowed).toBeGreaterThan(20);
  }, 120_000);
});
