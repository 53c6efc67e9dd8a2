import type { CompiledScheme } from '../schemes/compiled.js';
import { type Refusal, refuse } from '../decision.js';

/** The same for names that people take for one: whatever their width, case and blanks. */
export const nameKey = (name: string): string => name.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();

/** Whether the name is one that people would take for the platform's own. */
export function nameFault({ document }: CompiledScheme, name: string): Refusal | undefined {
  const wanted = nameKey(name);
  return document.orgCreation.reservedNames.some((reserved) => nameKey(reserved) === wanted)
    ? refuse('name_reserved')
    : undefined;
}
