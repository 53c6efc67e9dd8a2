import { createHash } from 'node:crypto';
import { secretReferenceTo } from '../support/secret-reference.js';
import { evolve, initialState } from '#libs/domain/aggregates.js';
import { type OrgCommandName, orgDecisions } from '#libs/domain/org/decisions.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { compileScheme } from '#libs/domain/schemes/compiled.js';
import type { EventStore, EventToAppend, Metadata, Position } from '#libs/application/ports/event-store.js';
import type { SealedOrigin } from '#libs/application/origin.js';
import { type Indexes, PersonalData } from '#libs/application/ports/personal-data.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';

/** The enterprise scheme with invitations, so that histories hold what comes of them as well. */
const { document } = schemeOf({ id: 'enterprise', version: 1 }, undefined);
const scheme = compileScheme({
  ...document,
  invitations: { batchMax: 10, forbidRoles: [], countPending: false, ttlHours: 1000 },
});
const ROLES = ['org.admin', 'org.participant'];

/** Deterministic, so that a failing history can be told by its seed. */
export function random(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

export const uuid = (text: string) =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** A legal history of some organizations and people: what the deciders answer to random commands. */
export class History {
  position: Position | undefined;
  private readonly states = new Map<string, OrgState>();
  private readonly revisions = new Map<string, bigint>();
  private commands = 0;
  private clock = Date.parse('2026-01-01T00:00:00.000Z');

  constructor(
    private readonly store: EventStore,
    private readonly pick: (bound: number) => number,
    private readonly size = { orgs: 3, users: 8, environments: 4 },
  ) {}

  /** Appends until this many more commands had an effect. */
  async grow(commands: number): Promise<void> {
    for (let done = 0; done < commands; ) if (await this.step()) done += 1;
  }

  pass(ms: number): void {
    this.clock += ms;
  }

  async append(
    stream: string,
    drafts: readonly { type: string; data: unknown }[],
    extra: Metadata = {},
  ): Promise<void> {
    const revision = this.revisions.get(stream) ?? -1n;
    const events = this.stamped(stream, drafts, extra);
    const outcome = await this.store.append(stream, revision, events);
    if (!outcome.appended) throw new Error(`conflict on ${stream}`);
    this.revisions.set(stream, outcome.revision);
    this.position = outcome.position;
  }

  private async step(): Promise<boolean> {
    if (this.pick(8) === 0) return this.observe();
    const id = `org-${this.pick(this.size.orgs)}`;
    if (this.pick(10) === 0) return this.use(id);
    const state = this.states.get(id) ?? initialState('org');
    const [name, input] = this.command(id, state);
    // The pairing of names and inputs is made right above.
    const decide = orgDecisions[name] as (state: OrgState, input: unknown, context: object) => unknown;
    const actor = `user-${this.pick(this.size.users)}`;
    const decided = decide(state, input, {
      scheme,
      newId: `new-${this.commands}`,
      actor,
      realm: 'default',
      at: this.clock,
      emailIndex: (address: string) => address.toLowerCase(),
      actorEmailIndex: `${actor}@example.test`,
      byKey: false,
      newKey: () => ({ fingerprint: 'f'.repeat(43), lastFour: 'last' }),
    });
    if (!Array.isArray(decided)) return false;
    const drafts = decided.length > 0 ? decided : [{ type: 'CommandHadNoEffect', data: { command: name } }];
    if (decided.length === 0 && this.pick(4) > 0) return false;
    const stream = `org-${id}`;
    const first = (this.revisions.get(stream) ?? -1n) + 1n;
    await this.append(stream, drafts, { command: name });
    const stamps = this.stampsOf(stream, first, drafts);
    this.states.set(
      id,
      stamps.reduce((folded, event) => evolve('org', folded, event), state),
    );
    return true;
  }

  private stampsOf(stream: string, first: bigint, drafts: readonly { type: string; data: unknown }[]) {
    return drafts.map(({ type, data }, index) => ({
      type,
      data,
      stamp: {
        id: uuid(`${stream}/${first + BigInt(index)}`),
        revision: first + BigInt(index),
        occurredAt: this.now(),
      },
    }));
  }

  private command(orgId: string, { org, invitations }: OrgState): [OrgCommandName, unknown] {
    const userId = `user-${this.pick(this.size.users)}`;
    const environmentId = `env-${this.pick(this.size.environments)}`;
    const role = ROLES[this.pick(ROLES.length)];
    const groupId = `group-${this.pick(3)}`;
    const grantee = this.pick(4) === 0 ? { type: 'group', id: groupId } : { type: 'user', id: userId };
    const credential = secretReferenceTo(`secret-${this.pick(3)}`);
    const notAfter = this.pick(3) === 0 ? '2027-01-01T00:00:00.000Z' : undefined;
    if (org.status === 'none') return ['CreateOrg', { orgId, name: `Org ${orgId}`, ownerId: userId }];
    const commands: readonly [OrgCommandName, unknown][] = [
      ['AddMember', { userId, role }],
      ['AddMember', { userId, role }],
      ['RemoveMember', { userId }],
      ['ChangeMemberRole', { userId, role }],
      ['TransferOrgOwnership', { toUserId: userId }],
      ['CreateEnvironment', { environmentId, name: `Environment ${environmentId}` }],
      ['CreateEnvironment', { environmentId: `env-${this.pick(1000)}`, name: 'Another' }],
      ['DeleteEnvironment', { environmentId: this.pick(3) === 0 ? environmentId : 'env-9' }],
      ['GrantEnvironmentAccess', { environmentId, grantee, notBefore: undefined, notAfter }],
      ['GrantEnvironmentAccess', { environmentId, grantee, notBefore: undefined, notAfter }],
      ['RevokeEnvironmentAccess', { environmentId, grantee }],
      ['AddProviderKey', { keyId: `key-${this.pick(2)}`, provider: 'acme', name: 'Key', credential }],
      ['AddModel', { environmentId, modelId: `model-${this.pick(3)}`, provider: 'acme', name: 'Model' }],
      ['RemoveModel', { environmentId, modelId: `model-${this.pick(3)}` }],
      ['CreateApiKey', {}],
      ['CreateOrgApiKey', { keyId: `own-${this.pick(9)}`, name: 'Own', role: 'org.checker' }],
      ['RevokeOrgApiKey', { keyId: `own-${this.pick(9)}` }],
      ['CreateServiceAccount', { accountId: `service-${this.pick(3)}`, name: 'Service', role: 'org.checker' }],
      ['IssueServiceAccountKey', { accountId: `service-${this.pick(3)}` }],
      ['DeleteServiceAccount', { accountId: `service-${this.pick(6)}` }],
      ['RegisterWorkflow', { workflowId: `workflow-${this.pick(20)}`, environmentId, name: 'Workflow' }],
    ];
    const rarer: readonly [OrgCommandName, unknown][] = [
      ['SuspendMember', { userId }],
      ['ResumeMember', { userId }],
      ['UpdateOrg', { name: `Org ${this.pick(3)}`, description: `Organization ${this.pick(3)}` }],
      [this.pick(2) === 0 ? 'SuspendOrg' : 'ResumeOrg', {}],
      ['CreateGroup', { groupId, name: `Group ${groupId}` }],
      ['RenameGroup', { groupId, name: `Group ${this.pick(3)}` }],
      ['DeleteGroup', { groupId: this.pick(4) === 0 ? groupId : 'group-9' }],
      ['AddGroupMember', { groupId, userId }],
      ['AddGroupMember', { groupId, userId }],
      ['RemoveGroupMember', { groupId, userId }],
      ['UpdateEnvironment', { environmentId, name: `Environment ${this.pick(3)}` }],
      ['InviteMembers', { emails: [`${userId}@example.test`, `${userId}@Other.test`], role, environments: [] }],
      [this.pick(2) === 0 ? 'AcceptInvitation' : 'CancelInvitation', { invitationId: this.oneOf(invitations) }],
      ['RegisterWorkflow', { workflowId: `workflow-${this.pick(20)}`, name: 'Personal' }],
      ['MoveWorkflow', { workflowId: `workflow-${this.pick(20)}`, environmentId }],
      ['MoveWorkflow', { workflowId: `workflow-${this.pick(20)}` }],
      ['SetOrgPlan', { plan: `plan-${this.pick(3)}` }],
      ['SetRouting', { document: { to: this.pick(3) } }],
      ['EraseMember', { userId }],
      [
        'RecordInvoice',
        {
          invoiceId: `invoice-${this.pick(9)}`,
          number: 'R 1',
          issuedOn: `2026-01-0${1 + this.pick(9)}`,
          amount: 100,
          currency: 'EUR',
          status: 'open',
        },
      ],
    ];
    const asked = this.pick(3) === 0 ? rarer : commands;
    return asked[this.pick(asked.length)] ?? ['RemoveMember', { userId }];
  }

  private oneOf(invitations: OrgState['invitations']): string {
    const ids = [...invitations.entries()].map(([id]) => id).sort();
    return ids[this.pick(Math.max(ids.length, 1))] ?? 'none';
  }

  /** A first sight of a person is one command of two events; the claims of a later one stand alone. */
  private async observe(): Promise<boolean> {
    const userId = `user-${this.pick(this.size.users)}`;
    const seen = this.revisions.has(`user-${userId}`);
    if (seen && this.commands % 5 === 0) return this.erase(userId);
    const email = `${userId}.${this.commands}@example.test`;
    const profile = { userId, profileIndex: 'p', issuer: 'https://issuer.test', subject: userId, email, name: null };
    const claims = { userId, groups: [`g-${this.pick(3)}`], emailIndex: null, issuedAt: this.commands };
    const all = [
      { type: 'ProfileObserved', data: profile },
      { type: 'ClaimsObserved', data: claims },
    ];
    await this.append(`user-${userId}`, seen && this.pick(2) === 0 ? all.slice(1) : all, {
      command: 'Observe',
      keyed: 'false',
    });
    return true;
  }

  /** Usage of the organization, some of it under its own key; now and then a request that was blocked. */
  private async use(orgId: string): Promise<boolean> {
    const userId = `user-${this.pick(this.size.users)}`;
    const environmentId = `env-${this.pick(this.size.environments)}`;
    const line = (day: string) => ({
      userId,
      environmentId,
      model: `model-${this.pick(2)}`,
      day,
      requests: this.pick(9) + 1,
    });
    const cost = { thousandths: this.pick(5000), currency: this.pick(3) === 0 ? 'USD' : 'EUR' };
    const lines = [{ ...line(this.now().slice(0, 10)), runs: this.pick(3), cost, credits: this.pick(2) }];
    if (this.pick(3) === 0) lines.push({ ...lines[0], ...line('2025-12-31'), byok: true } as (typeof lines)[number]);
    const blocked = { userId, environmentId, reason: 'budget', at: this.now() };
    const isBlocked = this.pick(3) === 0;
    const event = isBlocked ? { type: 'RequestBlocked', data: blocked } : { type: 'UsageRecorded', data: { lines } };
    await this.append(`usage-${orgId}`, [event], { command: isBlocked ? 'RecordBlockedRequest' : 'RecordUsage' });
    return true;
  }

  /** Nothing is encrypted here: the event alone tells that the person's key is gone. */
  private async erase(userId: string): Promise<boolean> {
    const requestId = uuid(`request/${this.commands}`);
    const erased = { userId, requestId, keyIds: [uuid(`key/${this.commands}`)] };
    const events = [
      { type: 'PersonErased', data: erased },
      { type: 'PersonErasureVerified', data: { userId, requestId } },
    ];
    const isVerified = this.pick(2) === 0;
    await this.append(`user-${userId}`, isVerified ? events : events.slice(0, 1), {
      command: 'EraseUser',
      keyed: 'false',
    });
    return true;
  }

  private stamped(
    stream: string,
    drafts: readonly { type: string; data: unknown }[],
    extra: Metadata,
  ): EventToAppend[] {
    const first = (this.revisions.get(stream) ?? -1n) + 1n;
    this.commands += 1;
    if (this.pick(3) > 0) this.clock += this.pick(90_000);
    return drafts.map(({ type, data }, index) => ({
      id: uuid(`${stream}/${first + BigInt(index)}`),
      type,
      data,
      metadata: {
        realm: 'default',
        actor: `user-${this.commands % 3}`,
        credential: `session-${this.commands % 5}`,
        ...(this.commands % 3 === 0 ? { delegate: 'bot', origin: `sealed-${this.commands}` } : {}),
        command: type,
        commandId: uuid(`command/${this.commands}`),
        payloadDigest: `digest-${this.commands}`,
        occurredAt: this.now(),
        correlation: `request-${this.commands >> 1}`,
        keyed: `${this.commands % 2 === 0}`,
        role: 'org.owner',
        ...extra,
        part: `${index + 1}/${drafts.length}`,
      },
    }));
  }

  private now(): string {
    return new Date(this.clock).toISOString();
  }
}

/** Nothing is encrypted; erased people's fields are null. */
export class PlainPersonalData extends PersonalData {
  readonly erased = new Set<string>();

  override async seal<E>(events: readonly E[]): Promise<readonly E[]> {
    return events;
  }

  override async open(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    return events.map((event) =>
      this.erased.has(event.stream) ? { ...event, data: withoutPerson(event.data) } : event,
    );
  }

  override indexes(purpose: string, value: string): Indexes {
    return [`${purpose}:${value}`];
  }

  override async sealOrigin(): Promise<string | undefined> {
    return undefined;
  }

  override async openOrigins(origins: readonly SealedOrigin[]): Promise<readonly null[]> {
    return origins.map(() => null);
  }

  override forget(): void {}
}

const withoutPerson = (data: unknown) =>
  typeof data === 'object' && data !== null && 'subject' in data
    ? { ...data, issuer: null, subject: null, email: null, name: null }
    : data;
