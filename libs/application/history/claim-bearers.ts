/**
 * People of whom a claim was ever observed: beside members and those whom the realm names itself, only they can have come
 * by a role. Of all realms: their streams say whose they are.
 */
export abstract class ClaimBearers {
  /** Ids, current to everything that the log held when this was called; undefined where that takes too long. */
  abstract all(): Promise<readonly string[] | undefined>;
}
