import { v4 } from 'uuid';
import type { Caller } from './caller.js';
import { BATCH } from './answer.js';
import { commandIdOf, createdIdOf, eventIdOf } from './command-ids.js';
import {
  aggregateOf,
  type Commanded,
  type CommandInput,
  type CommandName,
  isUsageCommand,
  rowOf,
} from './command-table.js';
import type { NewKeys } from './new-keys.js';
import type { Indexes } from './ports/personal-data.js';
import { streamOf } from './streams.js';

/** One parsed command; its input has the type that its name tells. */
export type Step = {
  [Name in CommandName]: { readonly name: Name; readonly input: CommandInput<Name> };
}[CommandName];

export interface CommandRequest {
  /** Where it was posted: the organization's id; undefined for the realm, and for what the caller posts to oneself. */
  readonly orgId: string | undefined;
  /** Of one kind of aggregate; appended as one: all or none. */
  readonly steps: readonly Step[];
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  readonly dryRun: boolean;
  /** The revision that the client expects the stream to be at. */
  readonly ifMatch: bigint | undefined;
  readonly correlation: string;
  /** W3C trace context to be kept with the events; decides nothing. */
  readonly traceparent?: string | undefined;
}

/** A request with everything derived from it that does not change while it is tried. */
export interface Plan<C extends Commanded = Commanded> extends CommandRequest {
  readonly id: string;
  /** As the answer and the audit log name it. */
  readonly name: string;
  /** The aggregate that it appends to. */
  readonly category: C;
  readonly target: string;
  readonly stream: string;
  /** Whether its key may stand on another stream: what is posted to the realm names its own. */
  readonly elsewhere: boolean;
  readonly digest: string;
  /** The same under every key that there was: a stored command's is one of these. */
  readonly digests: readonly string[];
  /** Keys that the command issues. */
  readonly keys: NewKeys;
  readonly eventId: (index: number) => string;
}

/** Throws on a request without steps. */
export function planOf(request: CommandRequest, digestsOf: (payload: string) => Indexes, keys: NewKeys): Plan {
  const { steps } = request;
  const [first] = steps;
  if (first === undefined) throw new Error('a request without commands');
  const id = idOf(request);
  const category = aggregateOf(first.name);
  const target = targets[category](request, id);
  const digests = digestsOf(JSON.stringify(steps.map(({ name, input }) => [name, input])));
  const [digest] = digests;
  // With another key it is another event: the store must not take it for the one that was appended before.
  const payload = steps.some(({ name }) => rowOf(name).issuesKey) ? `${digest}/${v4()}` : digest;
  return {
    ...request,
    id,
    name: steps.length === 1 ? first.name : BATCH,
    category,
    target,
    stream: streamOf(category, target),
    elsewhere: rowOf(first.name).target === 'realm',
    digest,
    digests,
    keys,
    eventId: (index) => eventIdOf(id, payload, index),
  };
}

/** The command's id; its key counts for the caller at the place that it was posted to. */
export function idOf({ caller, orgId, steps: [first], idempotencyKey }: CommandRequest): string {
  const self = first !== undefined && rowOf(first.name).target === 'me';
  const place = self ? streamOf('user', caller.id) : streamOf('realm', caller.realm);
  const category = first !== undefined && isUsageCommand(first.name) ? 'usage' : 'org';
  return commandIdOf(caller, orgId === undefined ? place : streamOf(category, orgId), idempotencyKey);
}

/** Which aggregate of its kind a request is about. */
const targets: { readonly [C in Commanded]: (request: CommandRequest, id: string) => string } = {
  org: ({ orgId, steps }, id) => orgId ?? steps.map(newOrg).find((named) => named !== undefined) ?? createdIdOf(id, 0),
  realm: ({ caller }) => caller.realm,
  user: ({ caller }) => caller.id,
};

const newOrg = (step: Step): string | undefined => (step.name === 'CreateOrg' ? step.input.orgId : undefined);
