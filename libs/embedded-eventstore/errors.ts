import { Metadata, status } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import type { Expected } from './append-rules.js';

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

/** What nobody may do with this stream. */
export function accessDenied(): Refused {
  return new Refused(status.PERMISSION_DENIED, 'access denied', 'access-denied');
}

/** A stream that was deleted for ever. */
export function streamDeleted(stream: string): Refused {
  return new Refused(status.FAILED_PRECONDITION, 'the stream is deleted', 'stream-deleted', {
    'stream-name': ascii(stream),
  });
}

/** A delete that expected something else; -2 stands for any, -4 for an existing stream (eventstore protocol). */
export function wrongExpectedVersion(stream: string, expected: Expected, current: bigint): Refused {
  const version = expected === 'any' ? -2n : expected === 'stream_exists' ? -4n : expected;
  return new Refused(status.FAILED_PRECONDITION, 'the stream is not as expected', 'wrong-expected-version', {
    'stream-name': ascii(stream),
    'expected-version': version.toString(),
    'actual-version': current.toString(),
  });
}

/** An append of more than the largest size. */
export function appendTooLarge(limit: number): Refused {
  return new Refused(status.INVALID_ARGUMENT, `an append may hold ${limit} bytes`, 'maximum-append-size-exceeded', {
    'maximum-append-size': String(limit),
  });
}

/** Metadata of a call holds printable ASCII only; the rest of a name is percent-encoded. */
function ascii(name: string): string {
  return name.replace(/[^\x20-\x7e]+/g, (rest) => encodeURIComponent(rest));
}

/** Any thrown value as something to end a call with. */
export function asRefused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  return new Refused(status.UNAVAILABLE, error instanceof Error ? error.message : 'the node failed');
}
