import { bindingsOf } from '#libs/domain/access/bindings.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { emptyFold } from '../../fold.js';
import type { EventStore } from '../../ports/event-store.js';
import { streamOf } from '../../streams.js';
import type { EventCause } from '../cause.js';
import { type Step, stepsOf } from '../steps.js';
import type { ActedAs } from './records.js';

/** The role that the list of addresses gives, where the scheme keeps that list for emergencies. */
export function breakGlassRole({ document }: CompiledScheme): string | undefined {
  const { emailAllowlist } = document.sources;
  return emailAllowlist?.breakGlass === true ? emailAllowlist.role : undefined;
}

/** Those of the events that were done by the role as the list of addresses gives it, and not as anything else does. */
export async function breakGlassAmong(
  store: EventStore,
  scheme: CompiledScheme,
  realmId: string,
  acted: readonly ActedAs[],
  at: number,
): Promise<readonly EventCause[]> {
  if (acted.length === 0) return [];
  const role = breakGlassRole(scheme);
  const ofRealm = (await stepsOf(store, streamOf('realm', realmId), 'realm', emptyFold('realm'), { instant: at }))
    .steps;
  const people = new Map<string, readonly Step[]>();
  const found: EventCause[] = [];
  for (const { cause, evidence } of acted) {
    const { actor } = cause;
    const ofUser =
      people.get(actor) ??
      (await stepsOf(store, streamOf('user', actor), 'user', emptyFold('user'), { instant: at })).steps;
    people.set(actor, ofUser);
    const rests = (step: Step) => evidence.includes(step.cause.id);
    const [realm, user] = [ofRealm.findLast(rests)?.realm, ofUser.findLast(rests)?.user];
    if (realm === undefined || user === undefined) continue;
    const facts = { scheme, realm, user, org: undefined, member: undefined, environment: undefined };
    const giving = bindingsOf(facts, actor, { kind: 'realm' }).find((each) => each.role === role);
    if (giving?.source === 'email_allowlist') found.push(cause);
  }
  return found;
}
