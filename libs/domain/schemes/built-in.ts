import { type CompiledScheme, compileScheme } from './compiled.js';
import { enterprise } from './enterprise.js';
import { gateway } from './gateway.js';
import { projects } from './projects.js';
import { studio } from './studio.js';
import { teams } from './teams.js';

export interface SchemeRef {
  readonly id: string;
  readonly version: number;
}

/** The schemes that come with the product, prepared for deciding. */
export const builtInSchemes: readonly CompiledScheme[] = [enterprise, teams, studio, projects, gateway].map(
  compileScheme,
);

const byReference: ReadonlyMap<string, CompiledScheme> = new Map(
  builtInSchemes.map((scheme) => [`${scheme.document.id}@${scheme.document.version}`, scheme]),
);

/** The scheme that an organization or realm pins. Throws on a reference to a scheme that this build does not hold. */
export function schemeOf(ref: SchemeRef): CompiledScheme {
  const scheme = byReference.get(`${ref.id}@${ref.version}`);
  if (scheme === undefined) throw new Error(`no role scheme ${ref.id} version ${ref.version}`);
  return scheme;
}
