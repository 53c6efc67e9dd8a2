import type { Resource } from '#libs/domain/access/bindings.js';
import { type DenialReason, permit } from '#libs/domain/access/permit.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import type { Cause } from './cause.js';
import { courseOf, type Turn } from './course.js';
import { rolesBehind } from './held-access.js';
import type { Span } from './span.js';

/** What was answered from an instant on and before another one. */
export interface Interval extends Answer {
  /** Milliseconds since the epoch; undefined: since ever. */
  readonly from: number | undefined;
  /** Undefined: still, at the moment that the timeline goes to. */
  readonly until: number | undefined;
  /** What made it so; undefined for the first interval. */
  readonly cause: Cause | undefined;
}

interface Answer {
  readonly decision: boolean;
  readonly reason: 'allowed' | DenialReason;
  readonly role: string | undefined;
}

export interface TimelineQuestion {
  readonly principal: string;
  readonly permission: Permission;
  readonly resource: Resource;
}

/**
 * Half-open intervals without gaps in which the answer was the same, over a span that begins before everything. What did
 * not last a millisecond is left out.
 */
export function intervalsIn(span: Span, question: TimelineQuestion): readonly Interval[] {
  const intervals: Interval[] = [{ ...nothingThere, from: undefined, until: undefined, cause: undefined }];
  for (const turn of courseOf(span, question.principal, question.resource)) {
    const answer = answerAt(turn, question);
    if (isSame(intervals.at(-1), answer)) continue;
    const roles = turn.facts === undefined ? new Set<string>() : rolesBehind(turn.facts, question.permission);
    if (intervals.at(-1)?.from === turn.at) intervals.pop();
    // What was replaced within the same millisecond may give way to what was before it.
    if (isSame(intervals.at(-1), answer)) continue;
    intervals.push({ ...answer, from: turn.at, until: undefined, cause: turn.cause(roles) });
  }
  return intervals.map((interval, i) => ({ ...interval, until: intervals[i + 1]?.from }));
}

/** What is answered while there is no realm, as where there is no organization. */
const nothingThere: Answer = { decision: false, reason: 'unknown_resource', role: undefined };

function answerAt({ at, facts }: Turn, question: TimelineQuestion): Answer {
  if (facts === undefined) return nothingThere;
  const answer = permit(facts, { ...question, at });
  return { decision: answer.allowed, reason: answer.reason, role: answer.allowed ? answer.role : undefined };
}

const isSame = (a: Answer | undefined, b: Answer): boolean =>
  a !== undefined && a.decision === b.decision && a.reason === b.reason && a.role === b.role;
