import { findScheme, schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { SchemeRef } from '#libs/domain/schemes/reference.js';
import type { Folds } from './folds.js';

/**
 * The scheme that an organization of the realm pins, or the realm itself. A version never changes, so a fold of the realm that
 * lags behind serves where it holds that one. Throws where there is none: what pins it came after what defined it.
 */
export async function pinnedScheme(folds: Folds, realmId: string, ref: SchemeRef): Promise<CompiledScheme> {
  const known = findScheme(ref, undefined) ?? findScheme(ref, (await folds.recent('realm', realmId)).state.realm);
  return known ?? schemeOf(ref, (await folds.current('realm', realmId)).state.realm);
}
