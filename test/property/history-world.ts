import { secretReferenceTo } from '../support/secret-reference.js';
import fc from '../support/fast-check.js';
import { Folds } from '#libs/application/folds.js';
import { ClaimBearers } from '#libs/application/history/claim-bearers.js';
import { History } from '#libs/application/history/history.js';
import { Clock } from '#libs/application/ports/clock.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { type Category, evolve, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import { isRefusal } from '#libs/domain/decision.js';
import { isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type Command, decide } from '../support/decider.js';
import { MemoryEventStore } from '../support/memory-event-store.js';

export const people = ['ann', 'bob', 'cyd', 'zed'];
export const environments = ['dev', 'prod'];
export const orgId = 'acme';
export const realmId = 'default';
const HOUR = 3_600_000;
export const start = Date.parse('2026-01-01T00:00:00.000Z');
export const hour = (n: number): number => start + n * HOUR;

export const resources: readonly Resource[] = [
  { kind: 'org', orgId },
  // Some schemes have organizations begin with one of their own.
  ...[...environments, 'default'].map((environmentId): Resource => ({ kind: 'environment', orgId, environmentId })),
];

interface Draft {
  readonly stream: string;
  readonly type: string;
  readonly data: unknown;
}

/** Something that happens some hours after what happened before it. */
export interface Happening {
  readonly after: number;
  readonly what:
    | { readonly kind: 'command'; readonly command: Command }
    | { readonly kind: 'event'; readonly draft: Draft };
}

/** Whatever can bear on access: commands, claims, the realm's configuration; often within the same millisecond. */
export function happeningsOf({ document, roles }: CompiledScheme): fc.Arbitrary<readonly Happening[]> {
  const userId = fc.constantFrom(...people);
  const environmentId = fc.constantFrom(...environments);
  const keys = [...roles.values()];
  const role = fc.constantFrom(...keys.filter(({ scope }) => scope === 'org').map(({ key }) => key));
  const childRoles = keys.filter(({ scope }) => document.children.some((kind) => kind === scope)).map(({ key }) => key);
  const bound = fc.option(
    fc.nat(30).map((n) => new Date(hour(n)).toISOString()),
    { nil: undefined, freq: 2 },
  );
  const groupId = fc.constantFrom('ops', 'ops', 'dev');
  // Those who are there from the beginning on, most of the time.
  const grantee = fc.oneof(
    fc.record({ type: fc.constant('user' as const), id: fc.constantFrom('bob', 'bob', 'cyd', 'cyd', 'ann') }),
    fc.record({ type: fc.constant('group' as const), id: groupId }),
  );
  const inputs = {
    AddMember: fc.record({ userId, role }),
    RemoveMember: fc.record({ userId }),
    ChangeMemberRole: fc.record({ userId, role }),
    TransferOrgOwnership: fc.record({ toUserId: userId }),
    CreateEnvironment: fc.record({
      environmentId,
      name: environmentId,
      kind: fc.constantFrom(...document.children),
    }),
    DeleteEnvironment: fc.record({ environmentId }),
    GrantEnvironmentAccess: fc.record({
      environmentId,
      grantee,
      role: fc.constantFrom(undefined, ...childRoles),
      notBefore: bound,
      notAfter: bound,
    }),
    RevokeEnvironmentAccess: fc.record({ environmentId, grantee }),
    CreateGroup: fc.record({ groupId, name: groupId }),
    DeleteGroup: fc.record({ groupId }),
    AddGroupMember: fc.record({ groupId, userId }),
    RemoveGroupMember: fc.record({ groupId, userId }),
    SuspendMember: fc.record({ userId }),
    ResumeMember: fc.record({ userId }),
    SuspendOrg: fc.record({}),
    ResumeOrg: fc.record({}),
    AddProviderKey: fc.record({
      keyId: fc.constant('openai'),
      provider: fc.constant('openai'),
      name: environmentId,
      credential: fc.constant(secretReferenceTo('openai')),
    }),
    AddModel: fc.record({ environmentId, provider: fc.constant('openai'), name: environmentId }),
  } as const;
  const weights: Readonly<Record<string, number>> = {
    AddMember: 4,
    GrantEnvironmentAccess: 14,
    RevokeEnvironmentAccess: 2,
  };
  const command = fc.oneof(
    ...Object.entries(inputs).map(([name, input]) => ({
      weight: weights[name] ?? 1,
      // The names are the keys of the inputs.
      arbitrary: fc.record({
        name: fc.constant(name),
        input: input as fc.Arbitrary<unknown>,
        newId: environmentId,
        actor: userId,
      }) as fc.Arbitrary<Command>,
    })),
  );
  const claims = fc.record({ userId, groups: fc.constantFrom([], ['operators']) }).map((data) => ({
    stream: `user-${data.userId}`,
    type: 'ClaimsObserved',
    data: { ...data, emailIndex: null, issuedAt: 0 },
  }));
  const sources = fc
    .record({ adminGroup: fc.constantFrom(null, 'operators'), systemUserId: fc.constantFrom(null, 'zed') })
    .map((data) => ({
      stream: `realm-${realmId}`,
      type: 'PlatformAdminSourcesSet',
      data: { ...data, adminEmailIndexes: [] },
    }));
  const what = fc.oneof(
    { weight: 12, arbitrary: command.map((each) => ({ kind: 'command' as const, command: each })) },
    { weight: 2, arbitrary: claims.map((draft) => ({ kind: 'event' as const, draft })) },
    { weight: 1, arbitrary: sources.map((draft) => ({ kind: 'event' as const, draft })) },
  );
  // Now and then a day passes, and claims lapse.
  const after = fc.constantFrom(...Array.from({ length: 30 }, (_, i) => [0, 0, 1, 1, 2, 3][i % 6] ?? 0), 25);
  return fc.array(fc.record({ after, what }), { minLength: 10, maxLength: 30, size: 'max' });
}

class StandingClock extends Clock {
  time = start;
  override now(): number {
    return this.time;
  }
}

/** Of the log itself: the one that asks the read models is tested over HTTP. */
class LogClaimBearers extends ClaimBearers {
  constructor(private readonly store: MemoryEventStore) {
    super();
  }
  override async all(): Promise<readonly string[]> {
    const found = this.store.log.filter(({ type }) => type === 'ClaimsObserved').map(({ stream }) => stream.slice(5));
    return [...new Set(found)];
  }
}

/** A log that a random history is written to, and what answers about it. */
export class HistoryWorld {
  readonly store = new MemoryEventStore();
  readonly clock = new StandingClock();
  readonly history = new History(this.store, new Folds(this.store), new LogClaimBearers(this.store), this.clock);

  private readonly states = new Map<string, unknown>();
  private readonly permissions = new Map<string, ReadonlySet<Permission>>();

  constructor(private readonly scheme: CompiledScheme) {}

  static async of(scheme: CompiledScheme, happenings: readonly Happening[]): Promise<HistoryWorld> {
    const world = new HistoryWorld(scheme);
    const { id, version } = scheme.document;
    await world.append([
      { stream: `realm-${realmId}`, type: 'RealmCreated', data: { realmId, scheme: { id, version } } },
    ]);
    await world.command({
      name: 'CreateOrg',
      input: { orgId, name: 'Acme', ownerId: 'ann' },
      newId: 'x',
      actor: 'ann',
    });
    const role = scheme.document.sources.default ?? 'org.viewer';
    for (const userId of ['bob', 'cyd'])
      await world.command({ name: 'AddMember', input: { userId, role }, newId: 'x', actor: 'ann' });
    await world.command({ name: 'CreateEnvironment', input: { name: 'prod' }, newId: 'prod', actor: 'ann' });
    await world.command({ name: 'CreateGroup', input: { name: 'ops' }, newId: 'ops', actor: 'ann' });
    await world.command({ name: 'AddGroupMember', input: { groupId: 'ops', userId: 'cyd' }, newId: 'x', actor: 'ann' });
    await world.go(happenings);
    return world;
  }

  async go(happenings: readonly Happening[]): Promise<void> {
    for (const { after, what } of happenings) {
      this.clock.time += after * HOUR;
      if (what.kind === 'command') await this.command(what.command);
      else await this.append([what.draft]);
    }
  }

  async command(command: Command): Promise<void> {
    const state = this.folded('org', orgId, { at: this.clock.time });
    const decision = decide(state, command, this.scheme);
    if (isRefusal(decision)) return;
    await this.append(
      decision.map(({ type, data }) => ({ stream: `org-${orgId}`, type, data })),
      command,
    );
  }

  /** Whether `found` is the last revision up to `revision` that ends a command. */
  endsCommand(found: bigint, revision: bigint): boolean {
    const whole = this.events(`org-${orgId}`).filter(({ metadata, revision: each }) => {
      const [index, count] = (metadata['part'] ?? '').split('/');
      return each <= revision && index === count;
    });
    return (whole.at(-1)?.revision ?? -1n) === found;
  }

  events(stream: string): readonly StoredEvent[] {
    return this.store.log.filter((event) => event.stream === stream);
  }

  /** Folded by the simplest means: every event up to the instant, or up to the revision. */
  folded<C extends Category>(category: C, id: string, upTo: { at: number } | { revision: bigint }): StateByCategory[C] {
    const key = `${category} ${id} ${'at' in upTo ? upTo.at : `r${upTo.revision}`} ${this.store.log.length}`;
    const known = this.states.get(key) as StateByCategory[C] | undefined;
    if (known !== undefined) return known;
    const state = this.events(`${category}-${id}`)
      .filter((event) => ('at' in upTo ? instantOf(event) <= upTo.at : event.revision <= upTo.revision))
      .reduce(
        (before, { type, data, id: event, revision, metadata }) =>
          evolve(category, before, {
            type,
            data,
            stamp: { id: event, revision, occurredAt: metadata['occurredAt'] ?? '' },
          }),
        initialState(category),
      );
    this.states.set(key, state);
    return state;
  }

  /** What decides about the principal at the instant; undefined before there is a realm. */
  factsAt(at: number, principal: string, resource: Resource, upTo?: bigint): Facts | undefined {
    const org = this.folded('org', orgId, upTo === undefined ? { at } : { revision: upTo });
    const { realm } = this.folded('realm', realmId, { at });
    if (realm === undefined) return undefined;
    const { user } = this.folded('user', principal, { at });
    const environment = resource.kind === 'environment' ? org.environments.get(resource.environmentId) : undefined;
    const scheme = schemeOf(org.org.status === 'active' ? org.org.scheme : realm.scheme, realm);
    return { scheme, realm, user, org: org.org, member: org.members.get(principal), environment };
  }

  /** Every permission that `permit()` allows, asked one by one. */
  permissionsAt(at: number, principal: string, resource: Resource, upTo?: bigint): ReadonlySet<Permission> {
    const key = JSON.stringify([at, principal, resource, `${upTo}`, this.store.log.length]);
    const known = this.permissions.get(key);
    if (known !== undefined) return known;
    const facts = this.factsAt(at, principal, resource, upTo);
    const all = facts === undefined ? [] : [...this.scheme.holders.keys()].filter(isPermission);
    const held = new Set(
      all.filter((permission) => facts && permit(facts, { principal, permission, resource, at }).allowed),
    );
    this.permissions.set(key, held);
    return held;
  }

  /** Instants at which something begins or ends by itself. */
  get bounds(): readonly number[] {
    const { claimMaxAge } = this.scheme.document.sources;
    const all = this.store.log.flatMap((event) => {
      const { notBefore, notAfter } = event.data as { notBefore?: string; notAfter?: string };
      const lapses = event.type === 'ClaimsObserved' ? [instantOf(event) + claimMaxAge * 1000] : [];
      return [...lapses, ...[notBefore, notAfter].flatMap((each) => (each === undefined ? [] : Date.parse(each)))];
    });
    return all.filter((at) => at <= this.clock.time);
  }

  /** Every instant at which something can change, once for each thing. */
  get edges(): readonly number[] {
    return [...this.store.log.map(instantOf), ...this.bounds];
  }

  /** These instants and their neighbours, in order, up to now. */
  get instants(): readonly number[] {
    const all = this.edges.flatMap((at) => [at - 1, at, at + 1]);
    return [...new Set([start - 1, ...all, this.clock.time])]
      .filter((at) => at <= this.clock.time)
      .sort((a, b) => a - b);
  }

  private async append(drafts: readonly Draft[], by: { name: string; actor?: string } = { name: 'Observe' }) {
    for (const [index, { stream, type, data }] of drafts.entries()) {
      const id = `e${this.store.log.length}`;
      const metadata = {
        realm: realmId,
        actor: by.actor ?? 'configuration',
        command: by.name,
        occurredAt: new Date(this.clock.time).toISOString(),
        commandId: id,
        payloadDigest: '',
        part: `${index + 1}/${drafts.length}`,
      };
      await this.store.append(stream, BigInt(this.events(stream).length) - 1n, [{ id, type, data, metadata }]);
    }
  }
}

const instantOf = ({ metadata }: StoredEvent): number => Date.parse(metadata['occurredAt'] ?? '');
