import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { type Origin, origin } from '#libs/application/origin.js';
import { invalid } from '../problems/problem.js';

const { agent, justification } = origin.shape;

/**
 * From where a request came and why it was sent. The address is the connection's, or what the proxies of TRUST_PROXY say.
 * Throws a problem where `Justification` cannot be kept as it is.
 */
export function originOf({ headers, ip }: Pick<FastifyRequest, 'headers' | 'ip'>): Origin {
  const given = headers['justification'];
  const reason = given === undefined ? null : justification.safeParse(decoded(String(given)));
  if (reason?.success === false)
    throw invalid([{ path: 'Justification', message: 'must be text of at most 500 characters' }]);
  const client = agent.safeParse(headers['user-agent']?.slice(0, 500));
  return {
    address: ip,
    agent: client.success ? client.data : null,
    justification: reason?.data ?? null,
  };
}

/** Node reads every byte of a header as one character; clients send UTF-8, or ISO 8859-1 as older ones do. */
function decoded(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}
