import { HttpException } from '@nestjs/common';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { SignUpRefused } from '#libs/application/sign-up.js';
import { invalid, notFound, Problem, unavailable } from './problem.js';

// ENOENT: the socket of a Postgres that is being started again.
const network = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);
/** Connection lost, resources short, operator's intervention. */
const postgresAway = /^(08|53|57)[0-9A-Z]{3}$/;
/** What the driver's pool says without a code. */
const poolAway =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** The problem that a thrown thing stands for; undefined for a defect. */
export function problemOfError(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof SignUpRefused) return new Problem('sign_up_refused');
  if (error instanceof EventStoreUnavailable || isDatabaseAway(error)) return unavailable();
  const status = error instanceof HttpException ? error.getStatus() : frameworkStatus(error);
  if (status === undefined || status >= 500) return undefined;
  if (status === 404 || status === 405) return notFound();
  if (status === 413 || status === 431) return new Problem('too_large');
  return invalid([{ path: '', message: reasonOf(error) }]);
}

const reasons: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Content-Type must be application/json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
  FST_ERR_BAD_URL: 'the URL is not well-formed',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is too long',
};

/** Of the framework's own words only those that are known are repeated: others may hold what a client sent. */
function reasonOf(error: unknown): string {
  const cause = error instanceof HttpException ? error.cause : error;
  return reasons[codeOf(cause) ?? ''] ?? 'the request cannot be read';
}

function frameworkStatus(error: unknown): number | undefined {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof HttpException) return false;
  if (poolAway.test(error.message)) return true;
  const code = codeOf(error);
  return code !== undefined && !('statusCode' in error) && (network.has(code) || postgresAway.test(code));
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
