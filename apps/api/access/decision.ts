import type { Decided, EvaluationAnswer } from '#libs/application/checks.js';
import { invalid, organizationParked, type Problem } from '../problems/problem.js';

export interface Decision {
  readonly decision: boolean;
  readonly context: object;
}

type Unanswered = Exclude<EvaluationAnswer, Decided | { readonly kind: 'stale' }>;

export const decisionFrom = (answer: Decided, explain: boolean): Decision => ({
  decision: answer.decision,
  context: explain ? explained(answer) : answer.stamp,
});

export function problemOfUnanswered({ kind }: Unanswered): Problem {
  return kind === 'parked' ? organizationParked() : invalid([{ path: 'context.at', message: 'lies in the future' }]);
}

const explained = (answer: Decided) => ({
  ...answer.stamp,
  reason: answer.reason,
  ...(answer.role === undefined ? {} : { role: answer.role }),
  evidence: answer.evidence,
  examined: answer.examined,
});
