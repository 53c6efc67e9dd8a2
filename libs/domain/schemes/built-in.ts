import { type CompiledScheme, compileScheme } from './compiled.js';
import { enterprise } from './enterprise.js';

export interface SchemeRef {
  readonly id: string;
  readonly version: number;
}

const builtIn: ReadonlyMap<string, CompiledScheme> = new Map(
  [enterprise].map((document) => [`${document.id}@${document.version}`, compileScheme(document)]),
);

/** The scheme that an organization or realm pins. Throws on a reference to a scheme that this build does not hold. */
export function schemeOf(ref: SchemeRef): CompiledScheme {
  const scheme = builtIn.get(`${ref.id}@${ref.version}`);
  if (scheme === undefined) throw new Error(`no role scheme ${ref.id} version ${ref.version}`);
  return scheme;
}
