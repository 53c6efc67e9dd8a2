import { lookup as resolve } from 'node:dns/promises';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Outlet } from '#libs/application/reactions/checkpoint-witness.js';
import { ReactionFailed } from '#libs/application/reactions/reaction.js';
import { isPublic } from './public-addresses.js';

/**
 * Sends to addresses that customers name, and nowhere else: not to this machine or its networks, unless the operator lists
 * the host; not to where an answer leads. The address that was looked at is the one that is connected to.
 */
export class GuardedOutlet extends Outlet {
  private readonly privateHosts: ReadonlySet<string>;

  /** `privateHosts`: names and addresses, as a URL has them, that may be private. */
  constructor(privateHosts: readonly string[]) {
    super();
    this.privateHosts = new Set(privateHosts.map((host) => host.toLowerCase()));
  }

  override async post(
    target: string,
    text: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const url = new URL(target);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    const isAllowed = (address: string) => this.privateHosts.has(host) || isPublic(address);
    if (isIP(host) !== 0 && !isAllowed(host)) throw new ReactionFailed('address_refused');
    const body = Buffer.from(text);
    const status = await answerOf(url, body, {
      method: 'POST',
      headers: { ...headers, 'content-length': body.length, 'user-agent': 'tenantry' },
      lookup: lookupAmong(isAllowed),
      signal,
      // Each delivery looks at the address anew.
      agent: false,
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

/** Names of which any address is not allowed lead nowhere. */
function lookupAmong(isAllowed: (address: string) => boolean): LookupFunction {
  return (host, { all }, callback) => {
    resolve(host, { all: true, verbatim: true }).then(
      (found) => {
        const [first] = found;
        if (first === undefined || !found.every(({ address }) => isAllowed(address)))
          callback(new ReactionFailed('address_refused'), '', 0);
        else if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, '', 0),
    );
  };
}
