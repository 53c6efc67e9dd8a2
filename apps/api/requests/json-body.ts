import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { invalid } from '../problems/problem.js';
import { exceedsDepth } from './json-depth.js';

export const MAX_BODY_BYTES = 1_048_576;
/** No input of any command nests deeper than a few levels; schemas and serializers recurse. */
export const MAX_JSON_DEPTH = 32;

const FORM = 'application/x-www-form-urlencoded';
/** What OAuth 2.0 defines as forms (RFC 6749, section 4.4.2; RFC 7662, section 2.1). */
const takingForms: ReadonlySet<string | undefined> = new Set(['/v1/token', '/v1/credentials/introspect']);

const broken = (message: string) => invalid([{ path: '', message }]);

/** A form's fields; undefined where one is repeated, which OAuth 2.0 forbids. */
function singleFields(body: string): Record<string, string> | undefined {
  const fields = [...new URLSearchParams(body)];
  return new Set(fields.map(([name]) => name)).size === fields.length ? Object.fromEntries(fields) : undefined;
}

/** Takes JSON only, and forms of OAuth 2.0 where that asks for them. Every other type, and whatever is not sound JSON, is the client's fault: 400, never 415 or 500. */
export function acceptJsonOnly(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (!isUtf8(body)) done(broken('the body is not UTF-8'));
    else if (exceedsDepth(body, MAX_JSON_DEPTH)) done(broken(`the body nests deeper than ${MAX_JSON_DEPTH} levels`));
    else void parse(request, body.toString('utf8'), done);
  });
  server.addContentTypeParser(FORM, { parseAs: 'string' }, (request, body: string, done) => {
    if (!takingForms.has(request.url.split('?')[0])) done(broken('Content-Type must be application/json'));
    else done(null, singleFields(body));
  });
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(broken('Content-Type must be application/json'));
  });
}
