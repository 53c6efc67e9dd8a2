export type StreamCategory = 'org' | 'user' | 'realm' | 'activity' | 'usage' | 'reservation';

/** `org-<id>`: the category stands before the first dash. */
export const streamOf = (category: StreamCategory, id: string): string => `${category}-${id}`;

export function parseStream(stream: string): { category: string; id: string } {
  const dash = stream.indexOf('-');
  return { category: stream.slice(0, dash), id: stream.slice(dash + 1) };
}
