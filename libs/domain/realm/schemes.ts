import { z } from 'zod';
import type { RealmDocument } from '../access/documents.js';
import { own } from '../access/documents.js';
import { type Decision, refuse } from '../decision.js';
import { builtInSchemes, findScheme } from '../schemes/built-in.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import type { Fault } from '../schemes/fault.js';
import { faultsOf } from '../schemes/faults.js';
import { nameOfScheme, type SchemeRef } from '../schemes/reference.js';
import { type SchemeDocument, schemeDocument } from '../schemes/scheme.js';
import { MAX_SCHEME, type RealmEvent } from './events.js';

/** A scheme document that an event can hold. */
export const storableScheme = schemeDocument.refine(
  (document) => JSON.stringify(document).length <= MAX_SCHEME,
  `must have at most ${MAX_SCHEME} characters as JSON`,
);

/** A version that organizations of the realm may be under: one that it has defined, or one of an id that it runs or ran. */
export function schemeOfRealm(realm: RealmDocument, ref: SchemeRef): CompiledScheme | undefined {
  const ran = [realm.scheme, ...(realm.formerSchemes ?? [])].some(({ id }) => id === ref.id);
  const defined = own(realm.schemes ?? {}, nameOfScheme(ref)) !== undefined;
  return ran || defined ? findScheme(ref, realm) : undefined;
}

/** Adds a version. `running`: what the realm runs; all its versions agree on how many organizations a person may belong to. */
export function define(realm: RealmDocument, document: SchemeDocument, running: CompiledScheme): Decision<RealmEvent> {
  const { id, version } = document;
  const text = JSON.stringify(document);
  const present = findScheme({ id, version }, realm);
  if (present !== undefined) return JSON.stringify(present.document) === text ? [] : refuse('scheme_exists');
  if (version !== lastVersionOf(realm, id) + 1) return refuse('scheme_version_order');
  const faults = [...faultsOf(document), ...tenancyFaults(document, running)];
  if (faults.length > 0) return { refused: 'scheme_broken', faults };
  return [{ type: 'RoleSchemeDefined', data: { scheme: { id, version }, document: text } }];
}

/** The last version of that id, the product's own included; 0 where there is none. */
export function lastVersionOf({ schemes = {} }: RealmDocument, id: string): number {
  const defined = Object.keys(schemes).flatMap((name) => {
    const [named, version] = name.split('@');
    return named === id ? [Number(version)] : [];
  });
  const builtIn = builtInSchemes.flatMap(({ document }) => (document.id === id ? [document.version] : []));
  return Math.max(0, ...defined, ...builtIn);
}

function tenancyFaults({ tenancy }: SchemeDocument, running: CompiledScheme): Fault[] {
  const { orgsPerUser } = running.document.tenancy;
  if (tenancy.orgsPerUser === orgsPerUser) return [];
  return [{ path: 'tenancy.orgsPerUser', message: `must be ${orgsPerUser} in all versions that the realm has` }];
}

export const schemeVersion = z.strictObject({
  schemeId: schemeDocument.shape.id,
  version: schemeDocument.shape.version,
});
