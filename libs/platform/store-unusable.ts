import { type Fault, faultOf } from './faults.js';

/** A store cannot be used as its variable says; the message names the variable, never its value. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
  constructor(
    readonly variable: string,
    readonly fault: Fault,
    cause: unknown,
  ) {
    super(`${variable}: the store that it names cannot be used: ${fault.sentence}.`, { cause });
  }
}

/**
 * The first use of the store that a variable names; undefined: an embedded one. Throws StoreUnusable for what a URL is to
 * blame for, other errors as they are.
 */
export async function firstUse<T>(variable: string | undefined, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const fault = faultOf(error);
    throw variable === undefined || fault.code === 'failed' ? error : new StoreUnusable(variable, fault, error);
  }
}
