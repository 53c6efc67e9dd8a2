import type { z } from 'zod';
import { content } from './fields.js';

type Content = z.output<typeof content>;

/** The name of what is assigned in its environment's document: products and projects have ids of their own. */
export const contentKey = ({ kind, id }: Content): string => `${kind}/${id}`;

/** What the name stands for. */
export function contentOf(key: string): Content {
  const [kind, id] = key.split('/');
  return content.parse({ kind, id });
}
