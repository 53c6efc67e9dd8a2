import { expect } from '@jest/globals';
import type { RealmDocument } from '#libs/domain/access/documents.js';
import { type Decision, isRefusal, type Refusal, type RefusalCode, refuse } from '#libs/domain/decision.js';
import { type DecisionContext, type OrgCommandName, orgCommands, orgDecisions } from '#libs/domain/org/decisions.js';
import { type OrgEvent, orgEvents } from '#libs/domain/org/events.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { type CompiledScheme, compileScheme } from '#libs/domain/schemes/compiled.js';
import { nameOfScheme } from '#libs/domain/schemes/reference.js';
import { type SchemeDocument, schemeDocument } from '#libs/domain/schemes/scheme.js';
import type { z } from 'zod';
import { epoch, fold, stamp, type TypedEvent } from './fold.js';

export { epoch, fold, stamp, type TypedEvent };

export const builtIn = (id: string): CompiledScheme => schemeOf({ id, version: 1 }, undefined);
export const enterprise = builtIn('enterprise');

/** The id that a decider takes for a thing that the client has not named. */
export const newId = 'new-id';

/** Who sends the commands of a decider's spec, where it matters to nobody: no member. */
const operator = 'operator';

/** A realm that runs the enterprise scheme, and has defined these versions. */
export const realmWith = (documents: readonly SchemeDocument[]): RealmDocument => ({
  id: 'default',
  scheme: { id: 'enterprise', version: 1 },
  schemes: Object.fromEntries(documents.map((document) => [nameOfScheme(document), JSON.stringify(document)])),
  storeId: 'e1',
  adminGroup: null,
  adminEmailIndexes: [],
  systemUserId: null,
  evidence: 'e1',
});

/** The enterprise scheme with some of its document exchanged. */
export function enterpriseWith(changes: Partial<z.input<typeof schemeDocument>>): CompiledScheme {
  return compileScheme(schemeDocument.parse({ ...enterprise.document, ...changes }));
}

/** The organization `acme`, begun under a built-in scheme by its owner. */
export const acmeOf = (ownerId: string, scheme = 'enterprise') =>
  ({
    type: 'OrgCreated',
    data: {
      orgId: 'acme',
      name: 'Acme',
      scheme: { id: scheme, version: 1 },
      owner: { userId: ownerId, role: 'org.owner' },
    },
  }) as const;

/** What makes a folded organization illegal; empty for a legal one. Every prefix of a stream is legal. */
export function faultsOf({ org, members }: OrgState, { document }: CompiledScheme = enterprise): string[] {
  if (org.status === 'none') return members.size === 0 ? [] : ['members without an organization'];
  const count = new Map<string, number>();
  const suspended = new Map<string, number>();
  for (const { role, suspension } of members.values()) {
    count.set(role, (count.get(role) ?? 0) + 1);
    if (suspension !== undefined) suspended.set(role, (suspended.get(role) ?? 0) + 1);
  }
  const roles = new Set([...count.keys(), ...Object.keys(org.holders)]);
  const faults = [...roles]
    .filter((role) => (count.get(role) ?? 0) !== (org.holders[role] ?? 0))
    .map((role) => `${role}: ${count.get(role) ?? 0} members, counted as ${org.holders[role]}`);
  for (const role of new Set([...suspended.keys(), ...Object.keys(org.suspendedHolders ?? {})]))
    if ((suspended.get(role) ?? 0) !== (org.suspendedHolders?.[role] ?? 0))
      faults.push(`${role}: ${suspended.get(role) ?? 0} suspended, counted as ${org.suspendedHolders?.[role]}`);
  for (const { key, holders } of document.roles) {
    const held = count.get(key) ?? 0;
    const acting = held - (suspended.get(key) ?? 0);
    if (holders !== undefined && (acting < holders.min || (holders.max !== null && held > holders.max)))
      faults.push(`${key}: ${held} holders`);
  }
  const { ownerRole } = document.orgCreation;
  const single = document.roles.find(({ key }) => key === ownerRole)?.holders?.max === 1;
  if (single && members.get(org.ownerId)?.role !== ownerRole) faults.push('the owner does not hold the role');
  return faults;
}

export interface Command {
  readonly name: OrgCommandName;
  readonly input: unknown;
  readonly newId: string;
  readonly actor?: string;
  readonly byKey?: boolean;
}

/** Every actor's verified address is their id at `acme.test`. */
export const emailIndex = (address: string): string => `index of ${address.toLowerCase()}`;

/** What a decider takes for the digest and the last characters of a new key. */
export const newKey = () => ({ fingerprint: 'f'.repeat(43), lastFour: 'last' });

/** What a decider knows beside its fold where the actor asks, signed in, at the beginning of the specs' time. */
export const contextOf = (actor: string, scheme = enterprise) => ({
  ...{ scheme, newId, actor, realm: 'default', at: epoch, emailIndex, newKey },
  ...{ actorEmailIndex: emailIndex(`${actor}@acme.test`), byKey: false },
});

const realms = new WeakMap<CompiledScheme, RealmDocument>();

/** One that has defined the scheme's next version, the same as the first. Properties decide by the hundred thousand. */
function realmOf(scheme: CompiledScheme): RealmDocument {
  const realm = realms.get(scheme) ?? realmWith([{ ...scheme.document, version: 2 }]);
  realms.set(scheme, realm);
  return realm;
}

/** Decides a command as a caller asks for it: the input is parsed first. */
export function decide(
  state: OrgState,
  { name, input, newId, actor = operator, byKey = false }: Command,
  scheme = enterprise,
): Decision<OrgEvent> {
  const parsed = orgCommands[name].parse(input);
  // A schema and a decider under one name belong together.
  const decider = orgDecisions[name] as (
    state: OrgState,
    parsed: unknown,
    context: DecisionContext,
  ) => Decision<OrgEvent>;
  return decider(state, parsed, { ...contextOf(actor, scheme), newId, byKey, realmDocument: realmOf(scheme) });
}

export const refused = (code: RefusalCode): Refusal => refuse(code);
export const nothing: readonly never[] = [];

/**
 * `given(events).when('AddMember', input).then(events | refused(code) | nothing)`. Beside the outcome, each sentence shows
 * that the events are stored as they are, that every prefix is legal, and that asking again adds nothing.
 */
export function given(events: readonly OrgEvent[], scheme: CompiledScheme = enterprise, actor?: string) {
  return {
    when<Name extends OrgCommandName>(name: Name, input: z.input<(typeof orgCommands)[Name]>) {
      let before = noOrg;
      events.forEach((event, i) => {
        before = fold('org', [event], before, i);
        expect(faultsOf(before, scheme)).toEqual([]);
      });
      const command = { name, input, newId, ...(actor === undefined ? {} : { actor }) };
      const decision = decide(before, command, scheme);
      return {
        then(expected: readonly OrgEvent[] | Refusal): void {
          expect(decision).toEqual(expected);
          if (isRefusal(decision)) return;
          for (const { type, data } of decision) expect(orgEvents[type].parse(data)).toEqual(data);
          const after = fold('org', decision, before, events.length);
          expect(faultsOf(after, scheme)).toEqual([]);
          const again = decide(after, command, scheme);
          expect(isRefusal(again) ? [] : again).toEqual([]);
        },
      };
    },
  };
}
