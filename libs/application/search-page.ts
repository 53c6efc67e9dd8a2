/** Something that a search looked at, in order. */
export interface Candidate {
  /** Where the next page begins after it. */
  readonly place: string;
  /** Undefined where it is not what was searched for. */
  readonly id: string | undefined;
  /** What looking took, in documents loaded. */
  readonly cost: number;
}

/** For one page, so that what is rare among very many is still answered in time: then a page holds few or none. */
const MAX_COST = 2000;

export interface FoundPage {
  readonly results: readonly string[];
  /** The place where there may be more. */
  readonly next: string | undefined;
}

/** Takes candidates until the page is full. One more is looked at than the page holds, so that a last page says so. */
export async function pageOf(candidates: AsyncIterable<Candidate>, from: string, limit: number): Promise<FoundPage> {
  const results: string[] = [];
  let [next, cost] = [from, 0];
  for await (const candidate of candidates) {
    if (results.length >= limit || cost >= MAX_COST) return { results, next };
    next = candidate.place;
    cost += candidate.cost;
    if (candidate.id !== undefined) results.push(candidate.id);
  }
  return { results, next: undefined };
}
