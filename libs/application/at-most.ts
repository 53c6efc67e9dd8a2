/**
 * Of an LRU cache that holds at most so many entries. Not its `max`, for which it would reserve all its places when it is made.
 */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
