import type { MemberDocument, RealmDocument, ServiceAccountDocument, WorkflowDocument } from './documents.js';

/** A principal that is no person: it belongs to one organization, or to the platform of a realm, and its id says which. */
export interface Machine {
  readonly kind: MachineKind;
  /** Of the platform's own: `@` and the realm's id, which no organization can have. */
  readonly orgId: string;
  /** Within the organization, or the realm. */
  readonly id: string;
}

export type MachineKind = 'service' | 'workflow';

const shape = /^(service|workflow):(@?[a-z0-9][a-z0-9-]{0,62})\/([a-z0-9][a-z0-9-]{0,62})$/;

/** The principal id of a machine; no person's id has a colon in it. */
export const principalOf = ({ kind, orgId, id }: Machine): string => `${kind}:${orgId}/${id}`;

/** The machine that a principal id names; undefined for a person's. */
export function machineOf(principal: string): Machine | undefined {
  // Before every check: people's ids are told apart without the expression.
  if (!principal.includes(':')) return undefined;
  const [, kind, orgId, id] = shape.exec(principal) ?? [];
  if (kind === undefined || orgId === undefined || id === undefined) return undefined;
  if (kind === 'workflow' && orgId.startsWith('@')) return undefined;
  return { kind: kind === 'service' ? 'service' : 'workflow', orgId, id };
}

/** In the place of an organization's id, for machines of the platform. */
export const platformOf = (realmId: string): string => `@${realmId}`;

/** The realm of a machine of the platform; undefined for one of an organization. */
export const realmOfMachine = ({ orgId }: { readonly orgId: string }): string | undefined =>
  orgId.startsWith('@') ? orgId.slice(1) : undefined;

/** Principals of the platform's own service accounts, deleted ones too. */
export const platformMachines = ({ id: realm, services = {} }: Pick<RealmDocument, 'id' | 'services'>): string[] =>
  Object.keys(services).map((id) => principalOf({ kind: 'service', orgId: platformOf(realm), id }));

/** As AuthZEN names the type of a subject, and its id. */
export function subjectOf(principal: string): { readonly type: SubjectType; readonly id: string } {
  const machine = machineOf(principal);
  if (machine === undefined) return { type: 'user', id: principal };
  return { type: machine.kind, id: `${machine.orgId}/${machine.id}` };
}

export type SubjectType = 'user' | MachineKind;

export const isSubjectType = (name: string): name is SubjectType =>
  name === 'user' || name === 'service' || name === 'workflow';

type MachineDocument = ServiceAccountDocument | WorkflowDocument;

/**
 * What a workflow in its owner's personal environment holds there, in the shape of a membership (T42, T46): it runs as one of
 * an organization, and so as long as its owner is a member of that one. Undefined for any other principal and anybody else's.
 */
export function guestOf(
  { kind, orgId, id }: Machine,
  document: WorkflowDocument | undefined,
  owner: MemberDocument | undefined,
): MemberDocument | undefined {
  if (kind !== 'workflow' || document?.status !== 'active' || document.environmentId !== undefined) return undefined;
  if (owner === undefined || owner.id !== document.ownerId) return undefined;
  return {
    id: principalOf({ kind, orgId, id }),
    role: '',
    evidence: document.evidence,
    grants: {},
    machine: kind,
    suspension: owner.suspension,
    home: { ownerId: owner.id, evidence: owner.evidence },
  };
}

/**
 * What a machine holds, in the shape of a membership: a service account the role it was created with, a workflow access to the
 * one environment that it is linked to (T46). `document`: the organization's of that kind and id. Undefined for what is not there
 * any more, for a workflow in its owner's personal environment, which is nothing of the organization (T40; `guestOf()`), and for a
 * machine of another organization, whatever this one has by the same id.
 */
export function holderOf(
  orgId: string,
  machine: Machine,
  document: MachineDocument | undefined,
): MemberDocument | undefined {
  if (machine.orgId !== orgId || document?.status !== 'active') return undefined;
  const { evidence } = document;
  const holder = { id: principalOf(machine), evidence, machine: machine.kind };
  if ('keys' in document) return { ...holder, role: document.role, grants: {} };
  const { environmentId } = document;
  return environmentId === undefined ? undefined : { ...holder, role: '', grants: { [environmentId]: { evidence } } };
}
