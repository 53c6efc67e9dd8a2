/** What went wrong with a part outside the process, in words that hold neither its address nor a credential. */
export interface Fault {
  readonly code: FaultCode;
  readonly sentence: string;
}

const sentences = {
  certificate_untrusted: 'its certificate is not signed by an authority that is trusted here',
  certificate_name: 'its certificate was made for another host',
  certificate_expired: 'its certificate is not valid at this time',
  tls_refused: 'it does not speak TLS',
  tls_failed: 'no TLS connection could be made',
  credentials_refused: 'it refuses the user or the password',
  database_missing: 'it has no database of that name',
  disk_full: 'its disk is full',
  url_malformed: 'the URL cannot be read',
  unreachable: 'nothing answers at its address',
  timeout: 'it did not answer in time',
  failed: 'it does not work; the log says why',
} as const;

export type FaultCode = keyof typeof sentences;

const byCode: readonly (readonly [FaultCode, RegExp])[] = [
  [
    'certificate_untrusted',
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|CERT_CHAIN_TOO_LONG)$/,
  ],
  ['certificate_name', /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/],
  ['certificate_expired', /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/],
  ['tls_failed', /^(ERR_SSL_|EPROTO$)/],
  ['credentials_refused', /^(28000|28P01|WRONGPASS|NOAUTH|NOPERM)$/],
  ['database_missing', /^3D000$/],
  ['disk_full', /^(53100|ENOSPC|EDQUOT)$/],
  ['url_malformed', /^ERR_INVALID_URL$/],
  ['timeout', /^(ETIMEDOUT|ESOCKETTIMEDOUT)$/],
  [
    'unreachable',
    /^(ENOENT|ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|08...|57P0.|53300)$/,
  ],
];

/** Clients that give no code: gRPC and the event store's client, the pools of pg and ioredis. */
const byText: readonly (readonly [FaultCode, RegExp])[] = [
  [
    'certificate_untrusted',
    /unable to (verify the first|get (local )?issuer) certificate|self[- ]signed certificate|certificate signature failure/i,
  ],
  ['certificate_name', /altnames|hostname mismatch/i],
  ['certificate_expired', /certificate (has expired|is not yet valid)/i],
  ['tls_refused', /does not support SSL|wrong version number|packet length too long/i],
  ['credentials_refused', /UNAUTHENTICATED|AccessDenied|not authenticated|WRONGPASS|NOAUTH|password must be/i],
  ['url_malformed', /Unexpected "|expected .* at position|Invalid URL/i],
  ['timeout', /did not answer in time|timeout|DEADLINE_EXCEEDED|deadline/i],
  [
    'unreachable',
    /could not be reached|Connection terminated|UNAVAILABLE|No connection established|ECONNREFUSED|closed/i,
  ],
];

const MAX_DEPTH = 6;

/** The most telling fault in an error, its causes and its parts. */
export function faultOf(error: unknown): Fault {
  const found = [...within(error, MAX_DEPTH)];
  for (const each of found) {
    const code = byCode.find(([, pattern]) => pattern.test(codeOf(each)))?.[0];
    if (code !== undefined && code !== 'unreachable') return faultFor(code);
  }
  for (const [code, pattern] of byText) {
    if (code === 'unreachable') break;
    if (found.some((each) => pattern.test(messageOf(each)))) return faultFor(code);
  }
  const away = (each: unknown) =>
    byCode.some(([code, pattern]) => code === 'unreachable' && pattern.test(codeOf(each))) ||
    byText.some(([code, pattern]) => code === 'unreachable' && pattern.test(messageOf(each)));
  return faultFor(found.some(away) ? 'unreachable' : 'failed');
}

export const faultFor = (code: FaultCode): Fault => ({ code, sentence: sentences[code] });

function* within(error: unknown, depth: number): Iterable<unknown> {
  if (error === undefined || error === null || depth === 0) return;
  yield error;
  if (typeof error !== 'object') return;
  if ('cause' in error) yield* within(error.cause, depth - 1);
  if ('errors' in error && Array.isArray(error.errors)) for (const part of error.errors) yield* within(part, depth - 1);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name} ${error.message}` : '');
