import { isPrincipalId } from '#libs/domain/text.js';

const MAX_NAMED = 100;

/**
 * Ids that a command's input names: members like `userId`, and a grantee's `id`. Nothing else of an input is ever kept of a
 * refused command: names, addresses and secrets are no ids.
 */
export function namedIds(inputs: readonly unknown[]): string[] {
  const ids = new Set<string>();
  for (const input of inputs)
    for (const [name, value] of Object.entries(input ?? {})) {
      const id: unknown = name === 'grantee' && typeof value === 'object' && value !== null ? value.id : value;
      if ((name.endsWith('Id') || name === 'grantee') && typeof id === 'string' && isPrincipalId(id)) ids.add(id);
      if (ids.size === MAX_NAMED) return [...ids];
    }
  return [...ids];
}
