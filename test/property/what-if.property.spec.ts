import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { isPending } from '#libs/domain/org/limits.js';
import type { OrgState } from '#libs/domain/org/org.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { shownChange } from '../../apps/api/queries/history-shapes.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { type Happening, happeningsOf, people, start } from './history-world.js';
import { Oracle, StandingClock } from './search-world.js';

const clock = new StandingClock();
let api: TestApi;

beforeAll(async () => {
  const REALMS = builtInSchemes.map(({ document: { id } }) => `${id}=${id}`).join(',');
  api = await startTestApi({ clock, environment: { REALMS, PLATFORM_ADMIN_GROUP: 'operators' } });
}, 60_000);
afterAll(() => api?.stop());

interface Sent {
  readonly command: string;
  readonly input: unknown;
}

/** What was told, over all schemes: each of these must have been met. */
const met = { gained: 0, lost: 0, limits: 0, forbidden: 0, batches: 0 };

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))('under %s', (realm, scheme) => {
  let round = 0;
  let begun = 0;
  let org = '';
  let sent = 0;

  const person = (name: string) => `${name}${round}@${realm}`;

  /** People by their ids of this run, instants as long after its begin as they are in the generated history. */
  function given(value: unknown): unknown {
    if (typeof value === 'string') {
      if (people.includes(value)) return person(value);
      const at = /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : undefined;
      return at === undefined ? value : new Date(at - start + begun).toISOString();
    }
    if (typeof value !== 'object' || value === null) return value;
    // What rules see a reference to is sent as the secret itself.
    if ('secretId' in value) return { apiKey: 'sk-of-a-history-0000' };
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, given(each)]));
  }

  async function send(by: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const groups = by === 'zed' ? ['operators'] : [];
    const authorization = await api.bearer(`${by}${round}`, { realm, groups });
    const answer = await api.http.send({
      path,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  /** Tried, then done on the same revision: the same events, and the effects are what history says afterwards. */
  async function tryAndDo(by: string, path: string, body: unknown): Promise<void> {
    const key = { 'idempotency-key': `${org}-${++sent}` };
    const tried = await send(by, path, body, { ...key, 'dry-run': 'true' });
    const done = await send(by, path, body, key);
    expect([tried.status, tried.body.code]).toEqual([done.status, done.body.code]);
    expect([200, 403, 404, 409, 422]).toContain(done.status);
    if (done.status !== 200) return;
    if (tried.body.command === 'Batch') met.batches += 1;
    const withoutData = ({ id, type }: { id: string; type: string }) => ({ id, type });
    const hadEffect = tried.body.events.length > 0;
    if (hadEffect) expect(tried.body.events.map(withoutData)).toEqual(done.body.events);
    const { effects } = tried.body;
    const revisions = [BigInt(tried.body.revision), BigInt(done.body.revision)] as const;
    const oracle = new Oracle(api, realm);
    // Of an organization that there was not yet, the first state tells.
    const decidedAt = revisions[0] < 0n ? revisions[1] : revisions[0];
    const may = (permission: Permission) =>
      oracle.may(person(by), permission, { kind: 'org', orgId: org }, { revision: decidedAt }, clock.time);
    const isMove = tried.body.events.every(({ type }: { type: string }) => type === 'OrgSchemeChanged');
    const mayKnow = (await may('audit:read')) || (isMove && (await may('org:change-scheme')));
    expect([by, body, effects.withheld]).toEqual([by, body, mayKnow || !hadEffect ? undefined : 'forbidden']);
    if (effects.withheld !== undefined) {
      met.forbidden += 1;
      return;
    }
    const [from, to] = revisions.map((revision) => ({ revision, instant: clock.time }));
    const diff = await api.services.history.diff(
      realm,
      org,
      { from: from ?? {}, to: to ?? {} },
      { after: undefined, limit: 1000 },
    );
    if (diff.kind !== 'answered') throw new Error(JSON.stringify(diff));
    const kinds = new Map(diff.to.org.state.environments.entries());
    const expected = diff.changes.flat().map((change) => shownChange(change, kinds));
    expect({ body, changes: effects.changes }).toEqual({ body, changes: expected });
    expect({ body, limits: effects.limits }).toEqual({ body, limits: await movesBetween(oracle, ...revisions) });
    met.limits += effects.limits.length;
    for (const { change } of expected) met[change] += 1;
  }

  /** Counted from the log, by other means than the rules of the plan. */
  async function movesBetween(oracle: Oracle, from: bigint, to: bigint): Promise<unknown[]> {
    const [before, after] = await Promise.all(
      [from, to].map(async (revision) => standing((await oracle.org(org, revision)).state)),
    );
    return Object.keys(after ?? {}).flatMap((limited) => {
      const [was, is] = [before?.[limited], after?.[limited]];
      if (was?.limit == null && is?.limit == null) return [];
      if (was?.limit === is?.limit && was?.usage === is?.usage) return [];
      return [
        { limited, limit: { before: was?.limit, after: is?.limit }, usage: { before: was?.usage, after: is?.usage } },
      ];
    });
  }

  function standing({ org: { plan }, members, environments, invitations }: OrgState) {
    const limits = plan === undefined ? {} : (scheme.document.plans[plan] ?? {});
    const pending = scheme.document.invitations?.countPending
      ? [...invitations.values()].filter((each) => isPending(each, clock.time)).length
      : 0;
    const used: Record<string, number> = { members: [...members.values()].length + pending };
    for (const kind of scheme.document.children)
      used[`${kind}s`] = [...environments.values()].filter(
        (each) => each.status === 'active' && (each.kind ?? 'environment') === kind,
      ).length;
    return Object.fromEntries(
      Object.entries(used).map(([limited, usage]) => [limited, { limit: limits[limited] ?? null, usage }]),
    );
  }

  async function run(happenings: readonly Happening[], sizes: readonly number[]): Promise<void> {
    round += 1;
    begun = clock.time;
    org = `${realm}-${round}`;
    const creator = scheme.document.orgCreation.by === 'platform' ? 'zed' : 'ann';
    await tryAndDo(creator, '/v1/realm/commands/CreateOrg', { orgId: org, name: org, ownerId: person('ann') });
    const role = scheme.document.sources.default ?? 'org.viewer';
    const commands = `/v1/orgs/${org}/commands`;
    const plans = Object.keys(scheme.document.plans);
    const [kind] = scheme.document.children;
    const first = [
      ...['dev', 'prod'].map((id) => ({
        command: 'CreateEnvironment',
        input: { environmentId: id, name: id, kind },
      })),
      ...['bob', 'cyd'].map((name) => ({ command: 'AddMember', input: { userId: person(name), role } })),
      { command: 'CreateGroup', input: { groupId: 'ops', name: 'ops' } },
      { command: 'AddGroupMember', input: { groupId: 'ops', userId: person('cyd') } },
    ];
    if (plans[0] !== undefined) await tryAndDo('ann', `${commands}/ChangeSubscription`, { plan: plans[0] });
    for (const { command, input } of first) await tryAndDo('ann', `${commands}/${command}`, input);
    let batch: Sent[] = [];
    for (const [i, { after, what }] of happenings.slice(0, 14).entries()) {
      clock.time += after * 3_600_000;
      if (what.kind !== 'command') continue;
      const { name, input, actor } = what.command;
      batch.push({ command: name, input: given(input) });
      if (batch.length < (sizes[i % sizes.length] ?? 1)) continue;
      await tryAndDo(i % 7 === 0 ? (actor ?? 'ann') : 'ann', commands, { commands: batch });
      batch = [];
      const plan = plans[(i >> 2) % plans.length];
      if (i % 4 !== 0 || plan === undefined) continue;
      if (i % 8 === 0) await tryAndDo('zed', `${commands}/SetOrgPlan`, { plan });
      else await tryAndDo('ann', `${commands}/ChangeSubscription`, { plan });
    }
  }

  it('a dry run says what the command then does: the events, who gains and loses what, which limits move', async () => {
    const sizes = fc.array(fc.constantFrom(1, 1, 2), { minLength: 5, maxLength: 5 });
    await fc.assert(fc.asyncProperty(happeningsOf(scheme), sizes, run), { numRuns: 2, endOnFailure: true });
  }, 120_000);
});

it('these dry runs gave and took access, moved limits, and were asked for by people who are not told', () => {
  for (const [what, times] of Object.entries(met)) expect([what, times > 0]).toEqual([what, true]);
});
