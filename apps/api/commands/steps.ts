import { z } from 'zod';
import {
  type CommandName,
  type CommandRow,
  clientSchemas,
  commandTable,
  isCommandName,
  isUsageCommand,
} from '#libs/application/command-table.js';
import type { Step } from '#libs/application/command-request.js';
import { isIssuing } from '#libs/application/secrets/credential.js';
import { type FieldError, invalid, notFound } from '../problems/problem.js';
import { fieldErrors, parsed } from '../requests/input.js';

export const MAX_BATCH = 100;

export type Target = CommandRow['target'];

export const batchBody = z.strictObject({
  commands: z
    .array(z.strictObject({ command: z.string().max(100), input: z.unknown() }))
    .min(1)
    .max(MAX_BATCH),
});

/** Where the command is posted; `orgId` as it stands in the path. */
export function pathOfCommand(name: CommandName, orgId: string): string {
  const { target } = commandTable[name];
  return `/v1/${target === 'org' ? `orgs/${orgId}` : target}/commands/${name}`;
}

/** A command of another target is as unknown here as one that does not exist. */
export function isCommandOf(target: Target, name: string): name is CommandName {
  return isCommandName(name) && commandTable[name].target === target;
}

export function stepFrom(target: Target, name: string, body: unknown): Step {
  if (!isCommandOf(target, name)) throw notFound();
  return step(name, parsed(clientSchemas[name], body));
}

/** Every step is parsed before the first is refused, so that all issues are told at once. */
export function stepsFrom(body: unknown): Step[] {
  const { commands } = parsed(batchBody, body);
  const errors: FieldError[] = [];
  const steps: Step[] = [];
  for (const [index, { command, input }] of commands.entries()) {
    const place = ['commands', index];
    // What is used is recorded on a stream of its own, many lines at once.
    if (!isCommandOf('org', command) || isUsageCommand(command)) {
      errors.push({ path: [...place, 'command'].join('.'), message: 'is not a command of an organization' });
      continue;
    }
    if (commands.length > 1 && isIssuing(command)) {
      errors.push({ path: [...place, 'command'].join('.'), message: 'is sent by itself: its answer shows a key' });
      continue;
    }
    const result = clientSchemas[command].safeParse(input);
    if (result.success) steps.push(step(command, result.data));
    else errors.push(...fieldErrors(result.error, [...place, 'input']));
  }
  if (errors.length > 0) throw invalid(errors);
  return steps;
}

// The input was parsed by the schema of this very name, so the pairing holds.
const step = (name: CommandName, input: unknown): Step => ({ name, input }) as Step;
