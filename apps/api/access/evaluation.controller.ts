import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { Evaluation, EvaluationAnswer } from '#libs/application/checks.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { problemTable, staleRead } from '../problems/problem.js';
import { type ApiRequest, askedOf } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { askerOf } from './asker.js';
import { type Decision, decisionFrom, problemOfUnanswered } from './decision.js';
import { evaluationFrom, evaluationRequest } from './evaluation-request.js';
import { evaluationsRequest, type Item, itemsFrom, type Semantic } from './evaluations-request.js';

/** OpenID AuthZEN 1.0. The product's hot path: nothing stands between the request and the check but the guards. */
@Controller('access/v1')
@CountsAs('checks')
@UseGuards(Authenticated, WithinLimits)
export class EvaluationController {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  @Post('evaluation')
  @HttpCode(200)
  async evaluate(@Req() request: ApiRequest): Promise<Decision> {
    const { caller, after, explain } = askerOf(request, this.services.storeId);
    const question = evaluationFrom(parsed(evaluationRequest, request.body), explain);
    const began = performance.now();
    const answer = await this.services.checks.evaluate(caller, { ...question, after });
    const about = question.at === undefined ? 'present' : 'past';
    this.metrics.checkSeconds.observe({ about }, (performance.now() - began) / 1000);
    if (answer.kind === 'stale') throw this.stale();
    this.belongs(request, [question], [answer]);
    this.count([answer]);
    if (answer.kind !== 'answered') throw problemOfUnanswered(answer);
    return decisionFrom(answer, explain);
  }

  @Post('evaluations')
  @HttpCode(200)
  async evaluateAll(@Req() request: ApiRequest): Promise<Decision | { readonly evaluations: readonly Decision[] }> {
    const body = parsed(evaluationsRequest, request.body);
    if (body.evaluations === undefined || body.evaluations.length === 0) return this.evaluate(request);
    const { caller, after, explain } = askerOf(request, this.services.storeId);
    const items = itemsFrom(body, explain);
    const questions = items.filter((item): item is Evaluation => !('fault' in item));
    const answers = await this.services.checks.evaluateAll(caller, questions, after);
    if (answers === undefined) throw this.stale();
    this.belongs(request, questions, answers);
    this.count(answers);
    const next = answers.values();
    const decisions = items.map((item) => this.decision(item, next, explain));
    return { evaluations: upToDeciding(decisions, body.options?.evaluations_semantic) };
  }

  /** What is wrong with one item is its own denial, and nothing to the others. */
  private decision(item: Item, answers: Iterator<EvaluationAnswer>, explain: boolean): Decision {
    if ('fault' in item) return denied(400, item.fault);
    const answer: EvaluationAnswer = answers.next().value;
    if (answer.kind === 'answered') return decisionFrom(answer, explain);
    if (answer.kind === 'stale') throw this.stale();
    const problem = problemOfUnanswered(answer);
    return denied(problemTable[problem.code].status, problem.message);
  }

  /** Whoever is told an organization's revision belongs to it. */
  private belongs(request: ApiRequest, questions: readonly Evaluation[], answers: readonly EvaluationAnswer[]): void {
    const orgIds = new Set<string>();
    for (const [i, { resource }] of questions.entries()) {
      const answer = answers[i];
      if (answer?.kind !== 'answered' || answer.stamp.revision === undefined) continue;
      if (resource !== undefined && 'orgId' in resource) orgIds.add(resource.orgId);
    }
    for (const orgId of orgIds) this.services.limits.belongs(askedOf(request), orgId);
  }

  private count(answers: readonly EvaluationAnswer[]): void {
    const counts = new Map<string, number>();
    for (const answer of answers) {
      const reason = answer.kind === 'answered' ? answer.reason : PARKED;
      if (answer.kind === 'answered' || answer.kind === 'parked') counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    for (const [reason, count] of counts) this.metrics.decisions.inc({ decision: decisionOf(reason), reason }, count);
  }

  private stale() {
    this.metrics.decisions.inc({ decision: 'none', reason: 'stale_read' });
    return staleRead();
  }
}

const PARKED = 'organization_parked';
const decisionOf = (reason: string) => (reason === 'allowed' ? 'allow' : reason === PARKED ? 'none' : 'deny');

const denied = (status: number, message: string): Decision => ({
  decision: false,
  context: { error: { status, message } },
});

/** The items up to and including the one that decides. */
function upToDeciding(decisions: readonly Decision[], semantic: Semantic = 'execute_all'): readonly Decision[] {
  if (semantic === 'execute_all') return decisions;
  const deciding = decisions.findIndex(({ decision }) => decision === (semantic === 'permit_on_first_permit'));
  return deciding < 0 ? decisions : decisions.slice(0, deciding + 1);
}
