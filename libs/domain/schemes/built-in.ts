import { type CompiledScheme, compileScheme } from './compiled.js';
import { definedScheme } from './defined.js';
import { enterprise } from './enterprise.js';
import { gateway } from './gateway.js';
import { projects } from './projects.js';
import { type DefinesSchemes, nameOfScheme, type SchemeRef } from './reference.js';
import { studio } from './studio.js';
import { teams } from './teams.js';

/** The schemes that come with the product, prepared for deciding. */
export const builtInSchemes: readonly CompiledScheme[] = [enterprise, teams, studio, projects, gateway].map(
  compileScheme,
);

const byReference: ReadonlyMap<string, CompiledScheme> = new Map(
  builtInSchemes.map((scheme) => [nameOfScheme(scheme.document), scheme]),
);

/** The scheme of that id and version: the product's own, or what the realm has defined. Undefined where there is none. */
export function findScheme(ref: SchemeRef, realm: DefinesSchemes | undefined): CompiledScheme | undefined {
  return byReference.get(nameOfScheme(ref)) ?? definedScheme(ref, realm);
}

/** The scheme that an organization or realm pins. Throws on a reference to a scheme that neither this build nor the realm holds. */
export function schemeOf(ref: SchemeRef, realm: DefinesSchemes | undefined): CompiledScheme {
  const scheme = findScheme(ref, realm);
  if (scheme === undefined) throw new Error(`no role scheme ${ref.id} version ${ref.version}`);
  return scheme;
}
