import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Outlet } from '#libs/application/reactions/checkpoint-witness.js';
import { ReactionFailed } from '#libs/application/reactions/reaction.js';
import type { AddressGuard } from './address-guard.js';

/** Sends to addresses that customers name and the guard lets pass, and nowhere else: not to where an answer leads. */
export class GuardedOutlet extends Outlet {
  constructor(private readonly guard: AddressGuard) {
    super();
  }

  override async post(
    target: string,
    text: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const url = new URL(target);
    const body = Buffer.from(text);
    const status = await answerOf(url, body, {
      ...this.guard.optionsFor(url),
      method: 'POST',
      headers: { ...headers, 'content-length': body.length, 'user-agent': 'tenantry' },
      signal,
    });
    if (status < 200 || status > 299) throw new ReactionFailed(`status_${status}`);
  }
}

function answerOf(url: URL, body: Buffer, options: RequestOptions): Promise<number> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((answered, reject) => {
    const request = send(url, options, (response) => {
      answered(response.statusCode ?? 0);
      // Nothing of the body is of interest, however long it is.
      response.destroy();
    });
    request.on('error', (error) => reject(failureOf(error)));
    request.end(body);
  });
}

function failureOf(error: Error): ReactionFailed {
  if (error instanceof ReactionFailed) return error;
  return new ReactionFailed(
    error.name === 'AbortError' || error.name === 'TimeoutError' ? 'timeout' : 'unreachable',
    error,
  );
}
