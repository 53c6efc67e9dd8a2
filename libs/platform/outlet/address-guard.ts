import { lookup as resolve } from 'node:dns/promises';
import type { RequestOptions } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { ReactionFailed } from '#libs/application/reactions/reaction.js';
import { isPublic } from './public-addresses.js';

/**
 * Keeps requests to addresses that customers name off this machine and its networks, unless the operator lists the host.
 * The address that was looked at is the one that is connected to.
 */
export class AddressGuard {
  private readonly privateHosts: ReadonlySet<string>;

  /** `privateHosts`: names and addresses, as a URL has them, that may be private. */
  constructor(privateHosts: readonly string[]) {
    this.privateHosts = new Set(privateHosts.map((host) => host.toLowerCase()));
  }

  /** How a request to the URL has to be made. Throws ReactionFailed where its address is not allowed. */
  optionsFor(url: URL): Pick<RequestOptions, 'lookup' | 'agent'> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    const isAllowed = (address: string) => this.privateHosts.has(host) || isPublic(address);
    if (isIP(host) !== 0 && !isAllowed(host)) throw new ReactionFailed('address_refused');
    // Each request looks at the address anew.
    return { lookup: lookupAmong(isAllowed), agent: false };
  }
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
