import { z } from 'zod';
import { partsOf } from '../command.js';
import { type Decision, refuse } from '../decision.js';
import { settingsOf } from '../org/org.js';
import type { OrgState } from '../org/org.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { bearsOn, type Cap, capFault, capsOf } from './caps.js';
import { dayOf, type Meter, metered } from './meters.js';
import {
  blockedRequest,
  day,
  MAX_LINES,
  type RecordedLine,
  type UsageEvent,
  type UsageLine,
  usageLine,
} from './usage.js';

/** How long after it was used something may still be recorded, days. */
const LATE_DAYS = 45;
const DAY_MS = 86_400_000;

/** What a decider of usage knows. */
export interface UsageDecisionContext {
  readonly org: OrgState;
  readonly scheme: CompiledScheme;
  /** When the command is decided. Milliseconds. */
  readonly at: number;
  /** What was recorded so far, by the meter's key; of the meters that the command asks for. */
  readonly values: ReadonlyMap<string, number>;
}

interface UsageCommandDefinition<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** Whether it rests on what was recorded so far: it is appended where that ends, or decided anew. */
  readonly meters?: (org: OrgState, input: z.output<Schema>, scheme: CompiledScheme, at: number) => readonly Meter[];
  readonly decide: (input: z.output<Schema>, context: UsageDecisionContext) => Decision<UsageEvent>;
}

const usageCommand = <Schema extends z.ZodType>(
  definition: UsageCommandDefinition<Schema>,
): UsageCommandDefinition<Schema> => definition;

const uses = ({ requests, runs, inputTokens, outputTokens, credits, cost }: UsageLine): boolean =>
  [requests, runs, inputTokens, outputTokens, credits, cost?.thousandths].some((each) => (each ?? 0) > 0);
const linesOf = <Line extends z.ZodType<UsageLine>>(line: Line) =>
  z.strictObject({
    lines: z.array(line.refine(uses, 'must count something')).min(1).max(MAX_LINES),
  });

/** Commands that append to an organization's usage. */
const definitions = {
  /** What was used is used: it is recorded whatever the caps say. */
  RecordUsage: usageCommand({
    schema: linesOf(usageLine.extend({ day: day.optional() })),
    decide: ({ lines }, { org, at }) => {
      const dated = lines.map((line) => ({ ...line, day: line.day ?? dayOf(at) }));
      if (dated.some((line) => line.day > dayOf(at) || line.day < dayOf(at - LATE_DAYS * DAY_MS)))
        return refuse('usage_day_out_of_range');
      return knownIn(org, lines)
        ? [{ type: 'UsageRecorded', data: { lines: dated } }]
        : refuse('environment_not_found');
    },
  }),

  /** Asked before it is used, and counted from then on: never beyond a cap, however many ask at once. */
  AdmitUsage: usageCommand({
    schema: linesOf(usageLine),
    meters: (org, { lines }, scheme, at) => capsOn(org, lines, scheme, at).map(({ meter }) => meter),
    decide: ({ lines }, { org, scheme, at, values }) => {
      if (org.org.suspension !== undefined) return refuse('org_suspended');
      if (!knownIn(org, lines)) return refuse('environment_not_found');
      const dated: RecordedLine[] = lines.map((line) => ({ ...line, day: dayOf(at) }));
      const fault = capFault(capsOn(org, lines, scheme, at), values, metered(dated));
      return fault ?? [{ type: 'UsageRecorded', data: { lines: dated, admitted: true } }];
    },
  }),

  RecordBlockedRequest: usageCommand({
    schema: blockedRequest,
    decide: (request, { org, at }) =>
      knownIn(org, [request])
        ? [{ type: 'RequestBlocked', data: { ...request, at: new Date(at).toISOString() } }]
        : refuse('environment_not_found'),
  }),
};

/** One that was deleted meanwhile was there when it was used. */
const knownIn = ({ environments }: OrgState, lines: readonly { environmentId?: string | undefined }[]): boolean =>
  lines.every(({ environmentId }) => environmentId === undefined || environments.has(environmentId));

function capsOn(state: OrgState, lines: readonly UsageLine[], scheme: CompiledScheme, at: number): readonly Cap[] {
  const caps = capsOf({ plan: state.org.plan, budgets: settingsOf(state).budgets, scheme }, dayOf(at));
  return caps.filter((cap) => lines.some((line) => bearsOn(cap, line)));
}

export type UsageCommandName = keyof typeof definitions;

/** What each command of usage takes. */
export const usageCommands = partsOf(definitions, 'schema');

/** The rules of each command of usage; an input belongs to the name that it was parsed under. */
export const usageDecisions = definitions as unknown as {
  readonly [Name in UsageCommandName]: UsageCommandDefinition<z.ZodType>;
};
