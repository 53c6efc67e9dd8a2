import fc from '../support/fast-check.js';
import type { Facts, Resource, Session } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { evolve, initialState } from '#libs/domain/aggregates.js';
import { type Decision, isRefusal } from '#libs/domain/decision.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { orgOf } from '#libs/application/needed-documents.js';
import { guestIn, holderIn, noOrg, type OrgState } from '#libs/domain/org/org.js';
import { type RealmCommandName, realmCommands, realmDecisions } from '#libs/domain/realm/commands.js';
import type { RealmDecisionContext } from '#libs/domain/realm/command.js';
import type { RealmEvent } from '#libs/domain/realm/events.js';
import type { RealmState } from '#libs/domain/realm/state.js';
import { actions, isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { type CompiledScheme, compileScheme } from '#libs/domain/schemes/compiled.js';
import { type UserState, noUser } from '#libs/domain/user/user.js';
import { type Command, decide, epoch, newKey, stamp, type TypedEvent } from '../support/decider.js';
import { NaiveAccess, NaivePlatform } from './naive-access.js';
import { NaiveOrg } from './naive-org.js';
import { commandUnder, environments, instant, instants, people, userId } from './org-commands.js';

export const permissions = Object.keys(actions).filter(isPermission);
/** Of the realm's people, who join and leave; one who does not, and may administer the platform; and one of nothing. */
export const everybody = [...people, 'pat', 'stranger'];
const orgIds = ['acme', 'beta'];

export const resources: readonly Resource[] = [
  ...orgIds.flatMap((orgId): Resource[] => [
    { kind: 'org', orgId },
    ...environments.map((environmentId): Resource => ({ kind: 'environment', orgId, environmentId })),
  ]),
  { kind: 'realm' },
  { kind: 'account', ownerId: 'ann' },
  { kind: 'personal_environment', ownerId: 'ann' },
  { kind: 'personal_environment', ownerId: 'cyd' },
];

export const inAcme = resources.filter((resource) => 'orgId' in resource && resource.orgId === 'acme');

const HOUR = 3_600_000;
/** While claims are fresh, once they have lapsed, and at the edges of every window. */
export const moment = fc.constantFrom(
  epoch + HOUR,
  epoch + 30 * HOUR,
  ...instants.flatMap((value) => [Date.parse(value) - 1, Date.parse(value)]),
);

type Step =
  | { readonly org: string; readonly command: Command }
  | { readonly realm: RealmCommandName; readonly input: unknown; readonly actor: string }
  | { readonly stream: string; readonly event: TypedEvent };

/** The scheme with invitations, and with plans that limit all that there is. */
export function roomy({ document }: CompiledScheme): CompiledScheme {
  // Room for the environment that every history creates, beside the one that the organization may begin with.
  const some = document.orgCreation.defaultWorkspace ? 2 : 1;
  const small = Object.fromEntries([['members', 3], ...document.children.map((kind) => [`${kind}s`, some])]);
  const forbidRoles = [document.orgCreation.ownerRole];
  return compileScheme({
    ...document,
    invitations: document.invitations ?? { batchMax: 2, forbidRoles, countPending: true, ttlHours: 1 },
    plans: { small, large: { members: null } },
  });
}

/** Any commands to two organizations and to the platform, by anybody, and claims that tokens show. */
export function stepsUnder(scheme: CompiledScheme): fc.Arbitrary<readonly Step[]> {
  const who = fc.constantFrom(...people, 'pat');
  const commands = (org: string) => commandUnder(scheme, org).map((command) => ({ org, command }));
  const place = fc.record({
    userId: who,
    role: fc.constantFrom('platform.admin', 'platform.auditor', 'platform.privacy-officer', 'platform.ghost'),
  });
  const realm = (name: RealmCommandName, input: fc.Arbitrary<unknown>) =>
    fc.record({ realm: fc.constant(name), input, actor: userId });
  const team = fc.record({ userId: who, role: fc.constantFrom('owner', 'admin', 'participant') });
  const claims = fc
    .record({ userId: who, groups: fc.constantFrom([], ['operators']), emailIndex: fc.constantFrom(null, 'x') })
    .map((data) => ({
      stream: `user-${data.userId}`,
      event: { type: 'ClaimsObserved', data: { ...data, issuedAt: 0 } },
    }));
  const sources = fc
    .record({
      adminGroup: fc.constantFrom(null, 'operators'),
      adminEmailIndexes: fc.constantFrom([], ['x']),
      systemUserId: fc.constantFrom(null, 'pat'),
    })
    .map((data) => ({ stream: 'realm-default', event: { type: 'PlatformAdminSourcesSet', data } }));
  const step = fc.oneof(
    { weight: 24, arbitrary: commands('acme') },
    { weight: 6, arbitrary: commands('beta') },
    {
      weight: 1,
      arbitrary: realm(
        'AssignPlatformRole',
        fc.tuple(place, instant).map(([of, notAfter]) => ({ ...of, notAfter })),
      ),
    },
    { weight: 1, arbitrary: realm('ConfirmPlatformRole', place) },
    { weight: 1, arbitrary: realm('RevokePlatformRole', place) },
    { weight: 1, arbitrary: realm('AddPlatformAdmin', team) },
    { weight: 1, arbitrary: realm('RemovePlatformAdmin', fc.record({ userId: who })) },
    { weight: 2, arbitrary: claims },
    { weight: 1, arbitrary: sources },
  );
  return fc.array(step, { maxLength: 30, size: 'max' }).map((rest) => [...beginnings(scheme), ...rest]);
}

/** Two organizations with somebody in each, and something to be granted. */
function beginnings({ document }: CompiledScheme): Step[] {
  const role = ['org.participant', 'org.developer', 'org.member'].find((key) =>
    document.roles.some((each) => each.key === key),
  );
  const to = (org: string, name: Command['name'], input: object, actor: string): Step => ({
    org,
    command: { name, input, newId: 'dev', actor },
  });
  return [
    to('acme', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'ann' }, 'ann'),
    to('beta', 'CreateOrg', { orgId: 'beta', name: 'Beta', ownerId: 'bob' }, 'bob'),
    to('acme', 'AddMember', { userId: 'cyd', role }, 'ann'),
    to('acme', 'CreateEnvironment', { name: 'dev' }, 'ann'),
    // In cyd's personal environment, where people have one.
    to('acme', 'RegisterWorkflow', { workflowId: 'draft', name: 'Draft' }, 'cyd'),
  ];
}

/** Something that has happened; its number is its event's id and instant. */
interface Happened {
  readonly number: number;
  readonly stream: string;
  readonly event: TypedEvent;
}

/** Two organizations and their platform as the product folds them. */
export class FoldedWorld {
  readonly orgs = new Map<string, OrgState>();
  private readonly users = new Map<string, UserState>();
  protected realm: RealmState = initialState('realm');

  constructor(readonly scheme: CompiledScheme) {
    const { id, version } = scheme.document;
    this.realm = evolve('realm', this.realm, {
      type: 'RealmCreated',
      data: { realmId: 'default', scheme: { id, version } },
      stamp: stamp(1),
    });
  }

  apply({ number, stream, event }: Happened): void {
    const stamped = { ...event, stamp: stamp(number) };
    const [category, id = ''] = stream.split('-');
    if (category === 'org') this.orgs.set(id, evolve('org', this.org(id), stamped));
    else if (category === 'user') this.users.set(id, evolve('user', this.users.get(id) ?? noUser, stamped));
    else this.realm = evolve('realm', this.realm, stamped);
  }

  org(id: string): OrgState {
    return this.orgs.get(id) ?? noOrg;
  }

  facts(principal: string, resource: Resource, session?: Session): Facts {
    const orgId = orgOf({ principal, resource });
    const org = orgId === undefined ? undefined : this.org(orgId);
    const guest = resource.kind === 'personal_environment' && org && guestIn(org, principal, resource.ownerId);
    return {
      scheme: this.scheme,
      realm: this.realm.realm,
      user: this.users.get(principal)?.user,
      org: org?.org,
      member: guest || (org && 'orgId' in resource ? holderIn(org, principal) : undefined),
      environment: resource.kind === 'environment' ? org?.environments.get(resource.environmentId) : undefined,
      session,
    };
  }

  /** Every permission that the product allows. */
  permissions(principal: string, resource: Resource, at: number, session?: Session): Set<Permission> {
    const facts = this.facts(principal, resource, session);
    return new Set(permissions.filter((permission) => permit(facts, { principal, permission, resource, at }).allowed));
  }
}

/** The same, driven by commands, with the naive model beside it. */
export class AccessWorld extends FoldedWorld {
  readonly log: Happened[] = [];
  readonly naiveOrgs = new Map<string, NaiveOrg>();
  private readonly platform = new NaivePlatform();
  readonly naive: NaiveAccess;

  constructor(scheme: CompiledScheme) {
    super(scheme);
    this.naive = new NaiveAccess(scheme.document.id, this.naiveOrgs, this.platform);
  }

  static of(scheme: CompiledScheme, steps: readonly Step[]): AccessWorld {
    const world = new AccessWorld(scheme);
    for (const step of steps) world.take(step);
    return world;
  }

  /** Sent by the platform, as it were: nothing is authorized here. */
  command(org: string, name: Command['name'], input: unknown): void {
    this.take({ org, command: { name, input, newId: 'x', actor: 'operator' } });
  }

  /** Carries the step out where it is not refused. */
  take(step: Step): void {
    if ('event' in step) return this.happen(step.stream, step.event);
    if ('org' in step) {
      const decision = decide(this.org(step.org), step.command, this.scheme);
      if (!isRefusal(decision)) for (const event of decision) this.happen(`org-${step.org}`, event);
      return;
    }
    const { realm: name, input, actor } = step;
    // A schema and a decider under one name belong together.
    const decider = realmDecisions[name] as (
      state: RealmState,
      parsed: unknown,
      context: RealmDecisionContext,
    ) => Decision<RealmEvent>;
    const context = {
      scheme: this.scheme,
      actor,
      at: epoch,
      newId: 'new',
      newKey,
      emailIndex: (address: string) => `index:${address}`,
      mayUnder: () => true,
    };
    const decision = decider(this.realm, realmCommands[name].parse(input), context);
    if (!isRefusal(decision)) for (const event of decision) this.happen('realm-default', event);
  }

  private happen(stream: string, event: TypedEvent): void {
    const happened = { number: this.log.length + 2, stream, event };
    this.log.push(happened);
    this.apply(happened);
    const [category, id = ''] = stream.split('-');
    if (category !== 'org')
      return this.platform.apply(
        event.type,
        event.data as Record<string, unknown>,
        Date.parse(stamp(happened.number).occurredAt),
      );
    const org = this.naiveOrgs.get(id) ?? new NaiveOrg(this.scheme.document.id === 'enterprise');
    this.naiveOrgs.set(id, org);
    // Of the organization's stream.
    org.apply(event as OrgEvent);
  }

  /** Everyone who holds, or has held, anything: people, and the machines of both organizations. */
  get principals(): string[] {
    const machines = [...this.orgs].flatMap(([id, { services, workflows }]) => [
      ...[...services.entries()].map(([account]) => `service:${id}/${account}`),
      ...[...workflows.entries()].map(([workflow]) => `workflow:${id}/${workflow}`),
    ]);
    return [...everybody, ...machines];
  }

  /** What happened, folded without one of the events. */
  without(id: string): FoldedWorld {
    const world = new FoldedWorld(this.scheme);
    for (const happened of this.log) if (stamp(happened.number).id !== id) world.apply(happened);
    return world;
  }
}
