import type {
  EnvironmentDocument,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import { type DenialReason, type ExaminedBinding, examine, permit, type Question } from '#libs/domain/access/permit.js';
import { type Permission, isPermission } from '#libs/domain/schemes/actions.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { mayKnow } from './authorize.js';
import type { Caller } from './caller.js';
import { factsOf, type Moment } from './facts.js';
import type { Past } from './past.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import { type Position, positionText } from './ports/event-store.js';
import { type StreamDocument, StreamParked } from './ports/read-models.js';
import { streamOf } from './streams.js';

export interface Evaluation {
  readonly principal: { readonly type: string; readonly id: string };
  readonly action: string;
  readonly resource: Resource | undefined;
  /** An instant of the past in milliseconds, or a revision of the organization. */
  readonly at: { readonly instant: number } | { readonly revision: bigint } | undefined;
  readonly after: Position | undefined;
  /** Whether the answer lists every source that was looked at. */
  readonly explain: boolean;
}

export type EvaluationReason = 'allowed' | DenialReason | 'unknown_action' | 'unknown_subject';

export type EvaluationAnswer =
  | { readonly kind: 'stale' }
  /** The organization's read models stand still: nothing is answered until it is in line again. */
  | { readonly kind: 'parked' }
  | { readonly kind: 'future' }
  | {
      readonly kind: 'answered';
      readonly decision: boolean;
      readonly reason: EvaluationReason;
      readonly role?: string;
      readonly evidence: readonly string[];
      readonly examined: readonly ExaminedBinding[];
      readonly revision?: string;
      readonly position?: string;
      readonly at: string;
    };

export type Access =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly permission: Permission; readonly reason: DenialReason }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'parked' };

/** Answers permission questions, now from access documents and in the past from folded streams, by the same `permit()`. */
export class Checks {
  constructor(
    private readonly documents: DocumentSource,
    private readonly past: Past,
    private readonly clock: Clock,
  ) {}

  /** Whether the caller may read something of an organization: hidden where they may not even know that it exists. */
  async access(
    caller: Caller,
    permission: Permission,
    resource: Resource,
    after: Position | undefined,
  ): Promise<Access> {
    const moment = await this.present(caller.realm, caller.id, resource, after);
    if (typeof moment === 'string') return { kind: moment };
    const { facts, at } = moment;
    const answer = permit(facts, { principal: caller.id, permission, resource, at });
    if (answer.allowed) return { kind: 'allowed' };
    const known = resource.kind === 'realm' || ('orgId' in resource && mayKnow(facts, caller.id, resource.orgId, at));
    if (!known || answer.reason === 'unknown_resource') return { kind: 'hidden' };
    return { kind: 'denied', permission, reason: answer.reason };
  }

  /** The role scheme that the realm runs; undefined where the read models cannot say as of what was asked for. */
  async schemeOf(realm: string, after: Position | undefined): Promise<CompiledScheme | undefined> {
    const loaded = await this.documents.load([{ stream: streamOf('realm', realm), kind: 'realm', id: '' }], after);
    const [document] = loaded?.documents ?? [];
    return document === undefined ? undefined : schemeOf((document as RealmDocument).scheme);
  }

  /** One AuthZEN question. About others it takes `decision:evaluate` now, in the organization of the resource. */
  async evaluate(caller: Caller, question: Evaluation): Promise<EvaluationAnswer> {
    const now = this.clock.now();
    if (question.at !== undefined && 'instant' in question.at && question.at.instant > now) return { kind: 'future' };
    const { principal, action, resource, after } = question;
    const self = principal.id === caller.id;
    if (!isPermission(action)) return unsupported('unknown_action', now);
    if (resource === undefined) return unsupported('unknown_resource', now);
    if (principal.type !== 'user') return unsupported('unknown_subject', now);
    if (!self) {
      const about: Resource = 'orgId' in resource ? { kind: 'org', orgId: resource.orgId } : { kind: 'realm' };
      const asking = await this.access(caller, 'decision:evaluate', about, after);
      if (asking.kind === 'stale' || asking.kind === 'parked') return asking;
      if (asking.kind !== 'allowed') return unsupported('unknown_subject', now);
    }
    const moment =
      question.at === undefined
        ? await this.present(caller.realm, principal.id, resource, after)
        : await this.past.moment(caller.realm, principal.id, resource, question.at, now);
    if (moment === undefined) return unsupported('unknown_resource', now);
    // Whoever asks about others may know of the organization.
    if (moment === 'hidden') return self ? unsupported('unknown_resource', now) : { kind: 'parked' };
    if (typeof moment === 'string') return { kind: moment };
    return answerFrom(
      moment,
      { principal: principal.id, permission: action, resource, at: moment.at },
      self,
      question.explain,
    );
  }

  private async present(
    realm: string,
    principal: string,
    resource: Resource,
    after: Position | undefined,
  ): Promise<Moment | 'stale' | 'parked' | 'hidden'> {
    const keys = keysFor(realm, principal, resource);
    const loaded = await this.documents.load(keys, after).catch((error: unknown): 'parked' => {
      if (error instanceof StreamParked) return 'parked';
      throw error;
    });
    if (loaded === 'parked') return this.parked(realm, principal, resource);
    if (loaded === undefined) return 'stale';
    const [realmDocument, user, org, member, environment] = loaded.documents;
    const revision = 'orgId' in resource ? loaded.revisions.get(streamOf('org', resource.orgId)) : undefined;
    const facts = factsOf(
      realmDocument as RealmDocument | undefined,
      user as UserDocument | undefined,
      org as OrgDocument | undefined,
      member as MemberDocument | undefined,
      environment as EnvironmentDocument | undefined,
    );
    return facts === undefined ? 'stale' : { facts, revision, position: loaded.position, at: this.clock.now() };
  }

  /** That an organization is parked is told to those only who may know of it: to others it looks like a missing one. */
  private async parked(realm: string, principal: string, resource: Resource): Promise<'parked' | 'hidden'> {
    if (!('orgId' in resource)) return 'parked';
    const known = await this.past.mayKnow(realm, principal, resource.orgId, this.clock.now());
    return known ? 'parked' : 'hidden';
  }
}

function keysFor(realm: string, principal: string, resource: Resource): StreamDocument[] {
  const keys: StreamDocument[] = [
    { stream: streamOf('realm', realm), kind: 'realm', id: '' },
    { stream: streamOf('user', principal), kind: 'user', id: '' },
  ];
  if (!('orgId' in resource)) return keys;
  const stream = streamOf('org', resource.orgId);
  keys.push({ stream, kind: 'org', id: '' }, { stream, kind: 'member', id: principal });
  if (resource.kind === 'environment') keys.push({ stream, kind: 'environment', id: resource.environmentId });
  return keys;
}

function answerFrom(moment: Moment, question: Question, self: boolean, explain: boolean): EvaluationAnswer {
  const { facts, at } = moment;
  const answer = permit(facts, question);
  const hidden = self && !answer.allowed && !maySee(facts, question.principal, question.resource, at);
  if (hidden) return unsupported('unknown_resource', at);
  return {
    kind: 'answered',
    decision: answer.allowed,
    reason: answer.reason,
    ...(answer.allowed ? { role: answer.role } : {}),
    evidence: answer.allowed ? answer.evidence : [],
    examined: explain ? examine(facts, question) : [],
    ...(moment.revision === undefined ? {} : { revision: `${moment.revision}` }),
    ...(moment.position === undefined ? {} : { position: positionText(moment.position) }),
    at: new Date(at).toISOString(),
  };
}

/** A thing that the asker may not see is answered like one that does not exist. */
function maySee(facts: Facts, principal: string, resource: Resource, at: number): boolean {
  if (resource.kind === 'realm') return true;
  if (resource.kind === 'personal_environment' || resource.kind === 'account') return resource.ownerId === principal;
  if (!mayKnow(facts, principal, resource.orgId, at)) return false;
  return resource.kind === 'org' || permit(facts, { principal, permission: 'environment:see', resource, at }).allowed;
}

const unsupported = (reason: EvaluationReason, at: number): EvaluationAnswer => ({
  kind: 'answered',
  decision: false,
  reason,
  evidence: [],
  examined: [],
  at: new Date(at).toISOString(),
});
