import { Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { EvaluationAnswer } from '#libs/application/checks.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { invalid, organizationParked, staleRead } from '../problems/problem.js';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { later, positionFrom } from '../requests/consistency-token.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { evaluationFrom, evaluationRequest } from './evaluation-request.js';

type Answered = Extract<EvaluationAnswer, { kind: 'answered' }>;

export interface Decision {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

/** OpenID AuthZEN 1.0. The product's hot path: nothing stands between the request and the check but the guard. */
@Controller('access/v1')
@UseGuards(Authenticated)
export class EvaluationController {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  @Post('evaluation')
  @HttpCode(200)
  async evaluate(@Req() request: ApiRequest): Promise<Decision> {
    const { caller, observedUpTo } = identityOf(request);
    const after = later(observedUpTo, positionFrom(request.headers['consistency-token'], this.services.storeId));
    const explain =
      typeof request.query === 'object' && request.query !== null && Reflect.get(request.query, 'explain') === 'true';
    const question = evaluationFrom(parsed(evaluationRequest, request.body), after, explain);
    const began = performance.now();
    const answer = await this.services.checks.evaluate(caller, question);
    const about = question.at === undefined ? 'present' : 'past';
    this.metrics.checkSeconds.observe({ about }, (performance.now() - began) / 1000);
    if (answer.kind === 'stale') {
      this.metrics.decisions.inc({ decision: 'none', reason: 'stale_read' });
      throw staleRead();
    }
    if (answer.kind === 'parked') {
      this.metrics.decisions.inc({ decision: 'none', reason: 'organization_parked' });
      throw organizationParked();
    }
    if (answer.kind === 'future') throw invalid([{ path: 'context.at', message: 'lies in the future' }]);
    this.metrics.decisions.inc({ decision: answer.decision ? 'allow' : 'deny', reason: answer.reason });
    return { decision: answer.decision, context: explain ? explained(answer) : momentOf(answer) };
  }
}

const momentOf = ({ revision, position, at }: Answered) => ({
  ...(revision === undefined ? {} : { revision }),
  ...(position === undefined ? {} : { position }),
  at,
});

const explained = (answer: Answered) => ({
  ...momentOf(answer),
  reason: answer.reason,
  ...(answer.role === undefined ? {} : { role: answer.role }),
  evidence: answer.evidence,
  examined: answer.examined,
});

/** Where AuthZEN clients find the API; from the configuration, never from a request's Host. */
@Controller('.well-known')
export class DecisionPointController {
  constructor(private readonly services: ApiServices) {}

  @Get('authzen-configuration')
  configuration() {
    const { publicUrl } = this.services;
    return { policy_decision_point: publicUrl, access_evaluation_endpoint: `${publicUrl}/access/v1/evaluation` };
  }
}
