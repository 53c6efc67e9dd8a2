import type { Resource } from '#libs/domain/access/bindings.js';
import { isSubjectType } from '#libs/domain/access/machines.js';
import { type DenialReason, type ExaminedBinding, examine, permit, type Question } from '#libs/domain/access/permit.js';
import { actions, isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { asSeen, maySee } from './sight.js';
import type { Caller } from './caller.js';
import { type Moment, type Stamp, stampOf } from './facts.js';
import type { Past } from './past.js';
import type { UpTo } from './up-to.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { Position } from './ports/event-store.js';
import type { Asked } from './needed-documents.js';
import { Present } from './present.js';
import { type Found, type Future, type Parked, type Stale, tenantOf, View } from './view.js';

export interface Evaluation {
  /** `type` as AuthZEN names it; `id` as the log names the principal. */
  readonly principal: { readonly type: string; readonly id: string };
  readonly action: string;
  readonly resource: Resource | undefined;
  readonly at: UpTo | undefined;
  /** Whether the answer lists every source that was looked at. */
  readonly explain: boolean;
}

export type EvaluationReason = 'allowed' | DenialReason | 'unknown_action' | 'unknown_subject';

export interface Decided {
  readonly kind: 'answered';
  readonly decision: boolean;
  readonly reason: EvaluationReason;
  readonly role?: string | undefined;
  readonly evidence: readonly string[];
  readonly examined: readonly ExaminedBinding[];
  readonly stamp: Stamp;
}

export type EvaluationAnswer = Stale | Parked | Future | Decided;

export type PermittedActions =
  | Stale
  | Parked
  | Future
  | { readonly kind: 'answered'; readonly actions: readonly Permission[]; readonly stamp: Stamp };

/** Past questions that are folded at the same time. */
const FOLDING = 16;

const permissions = Object.keys(actions).filter(isPermission);

/** Answers permission questions, now from access documents and in the past from folded streams, by the same `permit()`. */
export class Checks {
  private readonly present: Present;

  constructor(
    documents: DocumentSource,
    private readonly past: Past,
    private readonly clock: Clock,
  ) {
    this.present = new Present(documents, clock);
  }

  /** One AuthZEN question. About others it takes `decision:evaluate` now, in the organization of the resource. */
  async evaluate(caller: Caller, { after, ...question }: Evaluation & After): Promise<EvaluationAnswer> {
    const answers = await this.evaluateAll(caller, [question], after);
    return answers?.[0] ?? { kind: 'stale' };
  }

  /**
   * Many questions, each answered as if asked alone; those about the present from documents of one moment, those about the
   * same past from one fold. Undefined where the read models cannot answer as of what was asked for.
   */
  async evaluateAll(
    caller: Caller,
    questions: readonly Evaluation[],
    after: Position | undefined,
  ): Promise<readonly EvaluationAnswer[] | undefined> {
    const view = await this.view(caller, questions, after);
    if (view === undefined) return undefined;
    const answers = await allOf(questions.map((question) => this.answer(view, question)));
    return answers.some(({ kind }) => kind === 'stale') ? undefined : answers;
  }

  /** Every action that the principal may take on the resource, by name; about others it takes `decision:search`. */
  async permittedActions(
    caller: Caller,
    { principal, resource, at, after }: Omit<Evaluation, 'action' | 'explain'> & After,
  ): Promise<PermittedActions> {
    const none = { kind: 'answered', actions: [], stamp: stampOf(undefined, undefined, this.clock.now()) } as const;
    if (resource === undefined || !isSubjectType(principal.type)) return none;
    const view = await this.view(caller, [{ principal, resource, at }], after, 'decision:search');
    if (view === undefined) return { kind: 'stale' };
    const moment = view.moment({ principal: principal.id, resource, at });
    const found = typeof moment === 'function' ? await moment() : moment;
    if (found === 'unknown_subject' || found === 'unknown_resource') return none;
    if ('kind' in found) return found;
    const { facts } = found;
    const whole = view.isTold(principal.id, resource);
    const asked = { principal: principal.id, resource, at: found.at };
    const allowed = permissions
      .filter((permission) => {
        const question = { ...asked, permission };
        return permit(whole ? facts : asSeen(facts, question), question).allowed;
      })
      .sort();
    const known = allowed.length > 0 || principal.id !== caller.id || maySee(facts, principal.id, resource, found.at);
    return { kind: 'answered', actions: allowed, stamp: known ? found.stamp : none.stamp };
  }

  private async view(
    caller: Caller,
    questions: readonly Pick<Evaluation, 'principal' | 'resource' | 'at'>[],
    after: Position | undefined,
    right: Permission = 'decision:evaluate',
  ): Promise<View | undefined> {
    const now = this.clock.now();
    const asked = questions.flatMap(({ principal, resource, at }): Asked[] => {
      if (resource === undefined || !isSubjectType(principal.type)) return [];
      const about = at === undefined ? [{ principal: principal.id, resource }] : [];
      // Asked of now, an environment brings what its organization says along.
      const brought = principal.id === caller.id && (at === undefined || resource.kind !== 'environment');
      return brought ? about : [...about, { principal: caller.id, resource: tenantOf(resource) }];
    });
    // Even a question that needs no document must have seen what it was told to.
    const present = await this.present.load(caller, asked, after);
    return present && new View(caller, present, this.past, now, right);
  }

  private answer(view: View, { principal, action, resource, at, explain }: Evaluation): Answer {
    if (!view.hasCome(at)) return { kind: 'future' };
    if (!isPermission(action)) return unsupported('unknown_action', view.now);
    if (resource === undefined) return unsupported('unknown_resource', view.now);
    if (!isSubjectType(principal.type)) return unsupported('unknown_subject', view.now);
    const answerTo = (found: Found): EvaluationAnswer => {
      if (typeof found === 'string') return unsupported(found, view.now);
      if ('kind' in found) return found;
      const question = { principal: principal.id, permission: action, resource, at: found.at };
      const self = view.isSelf(principal.id);
      return answerFrom(found, question, { self, whole: view.isTold(principal.id, resource), explain });
    };
    const found = view.moment({ principal: principal.id, resource, at });
    return typeof found === 'function' ? async () => answerTo(await found()) : answerTo(found);
  }
}

/** An answer, or what finds it in streams. */
type Answer = EvaluationAnswer | (() => Promise<EvaluationAnswer>);

/** In order; what takes streams is found some at a time. */
async function allOf(answers: readonly Answer[]): Promise<readonly EvaluationAnswer[]> {
  if (answers.every(isFound)) return answers;
  const all: EvaluationAnswer[] = [];
  for (let from = 0; from < answers.length; from += FOLDING) {
    const finding = answers.slice(from, from + FOLDING).map(async (each) => (isFound(each) ? each : each()));
    all.push(...(await Promise.all(finding)));
  }
  return all;
}

const isFound = (answer: Answer): answer is EvaluationAnswer => typeof answer !== 'function';

interface After {
  /** The answer must have seen the log up to here. */
  readonly after: Position | undefined;
}

/** `whole`: the asker may ask about everybody here, and so is told of what they do not see themselves. */
interface Telling {
  readonly self: boolean;
  readonly whole: boolean;
  readonly explain: boolean;
}

function answerFrom(moment: Moment, question: Question, { self, whole, explain }: Telling): Decided {
  const { at } = moment;
  const facts = whole ? moment.facts : asSeen(moment.facts, question);
  const answer = permit(facts, question);
  const hidden = self && !answer.allowed && !maySee(facts, question.principal, question.resource, at);
  if (hidden) return unsupported('unknown_resource', at);
  return {
    kind: 'answered',
    decision: answer.allowed,
    reason: answer.reason,
    role: answer.allowed ? answer.role : undefined,
    evidence: answer.allowed ? answer.evidence : [],
    examined: explain ? examine(facts, question) : [],
    stamp: moment.stamp,
  };
}

const unsupported = (reason: EvaluationReason, at: number): Decided => ({
  kind: 'answered',
  decision: false,
  reason,
  evidence: [],
  examined: [],
  stamp: stampOf(undefined, undefined, at),
});
