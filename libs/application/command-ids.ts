import { v5, v7 } from 'uuid';
import type { Caller } from './caller.js';

/** Namespace of every id that tenantry derives; part of the stored format. */
const NAMESPACE = '6f1c1f0a-6c1e-5e0c-9a55-8b0e8f6a7d21';

/** The command's id: the same for a repeat under the same key by the same caller on the same target, fresh without a key. */
export function commandIdOf(caller: Caller, target: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return v7();
  return v5(JSON.stringify([caller.realm, caller.id, target, idempotencyKey]), NAMESPACE);
}

/** An event's id: the store recognizes a repeated append by it, and another payload under the same key gets other ids. */
export const eventIdOf = (commandId: string, payloadDigest: string, index: number): string =>
  v5(`${payloadDigest}/${index}`, commandId);

/** The id for a thing that the command's step creates and the client has not named. */
export const createdIdOf = (commandId: string, step: number): string => v5(`created/${step}`, commandId);

/** The id of what follows from a command or event by itself: the same one however often it is done. */
export const followingIdOf = (id: string, what: string): string => v5(`following/${what}`, id);

/** The id of a secret that comes with a request. `parts` tell apart what is not the same; none may be the secret itself. */
export const secretIdOf = (parts: readonly (string | number)[]): string =>
  v5(`secret/${JSON.stringify(parts)}`, NAMESPACE);

/** The event id of a read that leaves one event however often it is repeated. `parts` tell apart what is not the same. */
export const repeatedReadIdOf = (parts: readonly (string | number)[]): string =>
  v5(`read/${JSON.stringify(parts)}`, NAMESPACE);

/** Of organizations that people are given: none that a client can give. */
export const isPersonalOrgId = (id: string): boolean => id.startsWith('personal-');

/** The id of the organization that a person of the realm is given: the same one for ever, and none that a client can give. */
export const personalOrgIdOf = ({ realm, id }: Pick<Caller, 'realm' | 'id'>): string =>
  `personal-${v5(JSON.stringify(['personal', realm, id]), NAMESPACE)}`;
