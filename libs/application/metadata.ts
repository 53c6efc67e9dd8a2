import type { Caller } from './caller.js';
import type { Metadata } from './ports/event-store.js';

/** The names of the flat string map beside each event. Stored format: add, never change. */
export const meta = {
  realm: 'realm',
  org: 'org',
  actor: 'actor',
  credential: 'credential',
  command: 'command',
  commandId: 'commandId',
  payloadDigest: 'payloadDigest',
  occurredAt: 'occurredAt',
  correlation: 'correlation',
  causation: 'causation',
  scheme: 'scheme',
  role: 'role',
  evidence: 'evidence',
  authorizedBy: 'authorizedBy',
  part: 'part',
  /** How many commands were sent as one, where it was more than one. */
  batch: 'batch',
  keyed: 'keyed',
  /** W3C trace context of the command, where it was traced. */
  traceparent: 'traceparent',
  /** Who acted in the actor's name. */
  delegate: 'delegate',
  /** `true` where the right came from the list of addresses for emergencies alone. */
  breakGlass: 'breakGlass',
  /** From where and why, sealed under the actor's key. */
  origin: 'origin',
} as const;

/** What stands beside an event of who sent its command. */
export const metadataOfCaller = ({
  id,
  realm,
  credential,
  delegate,
  origin,
}: Omit<Caller, 'token'>): Readonly<Record<string, string>> => ({
  [meta.realm]: realm,
  [meta.actor]: id,
  [meta.credential]: credential,
  ...(delegate === undefined ? {} : { [meta.delegate]: delegate }),
  ...(origin === undefined ? {} : { [meta.origin]: origin }),
});

/** Reads a metadata value that every stored event carries. Throws on an event that tenantry has not written. */
export function required(metadata: Metadata, name: keyof typeof meta): string {
  const value = metadata[name];
  if (value === undefined) throw new Error(`event metadata lacks ${name}`);
  return value;
}

/** True where the event is the last of its command: readers answer and commit only there. `part` is `i/n`, from 1. */
export function endsCommand(metadata: Metadata): boolean {
  const [index, count] = (metadata[meta.part] ?? '1/1').split('/');
  return index === count;
}
