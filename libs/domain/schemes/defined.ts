import { type CompiledScheme, prepareScheme } from './compiled.js';
import { type DefinesSchemes, nameOfScheme, type SchemeRef } from './reference.js';
import { schemeDocument } from './scheme.js';

/** Prepared versions that are kept; beyond them the oldest goes. */
const KEPT = 200;

/** By their text, so that it does not matter which of its copies a document was read from. */
const prepared = new Map<string, CompiledScheme>();

/**
 * A version that the realm has defined. It was checked when it was defined, and is not again: what a later build finds wrong
 * with it must not make what was decided under it undecidable.
 */
export function definedScheme(ref: SchemeRef, realm: DefinesSchemes | undefined): CompiledScheme | undefined {
  const text = realm?.schemes?.[nameOfScheme(ref)];
  if (text === undefined) return undefined;
  const known = prepared.get(text);
  if (known !== undefined) return known;
  const scheme = prepareScheme(schemeDocument.parse(JSON.parse(text)));
  const [oldest] = prepared.keys();
  if (prepared.size >= KEPT && oldest !== undefined) prepared.delete(oldest);
  prepared.set(text, scheme);
  return scheme;
}
