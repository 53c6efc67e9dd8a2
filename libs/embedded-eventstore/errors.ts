import { Metadata, status } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';

/** A request that is refused with a gRPC status; `exception` and further keys travel as trailing metadata. */
export class Refused extends Error implements StatusObject {
  readonly metadata = new Metadata();
  constructor(
    readonly code: status,
    readonly details: string,
    exception?: string,
    keys: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    if (exception !== undefined) this.metadata.set('exception', exception);
    for (const [key, value] of Object.entries(keys)) this.metadata.set(key, value);
  }
}

/** A malformed request. */
export function invalid(details: string): Refused {
  return new Refused(status.INVALID_ARGUMENT, details);
}

/** Any thrown value as something to end a call with. */
export function asRefused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  return new Refused(status.UNAVAILABLE, error instanceof Error ? error.message : 'the node failed');
}
