import { describe, expect, it } from '@jest/globals';
import { type FaultCode, faultFor, faultOf } from './faults.js';

const withCode = (code: string, cause?: unknown) =>
  Object.assign(new Error('at db.internal:5432', { cause }), { code });

describe('what went wrong with a part', () => {
  const seen: readonly (readonly [FaultCode, unknown])[] = [
    ['certificate_untrusted', withCode('SELF_SIGNED_CERT_IN_CHAIN')],
    ['certificate_untrusted', new Error('14 UNAVAILABLE: Last error: Error: unable to verify the first certificate.')],
    ['certificate_name', withCode('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['certificate_expired', new Error('No connection established. Last error: Error: certificate has expired')],
    ['tls_refused', new Error('The server does not support SSL connections')],
    ['credentials_refused', withCode('28P01')],
    ['database_missing', withCode('3D000')],
    ['disk_full', withCode('53100')],
    ['unreachable', withCode('ECONNREFUSED')],
    ['unreachable', new Error('Connection terminated unexpectedly')],
    ['timeout', new Error('the event store did not answer in time')],
    ['timeout', new Error('timeout exceeded when trying to connect')],
    ['failed', new Error('cannot read properties of undefined')],
    ['failed', 'a text'],
  ];
  it.each(seen)('is %s', (code, error) => {
    expect(faultOf(error)).toEqual(faultFor(code));
  });

  it('is found in causes and parts, where it says more than the outermost error', () => {
    const wrapped = new Error('the event store could not be reached', { cause: withCode('CERT_HAS_EXPIRED') });
    expect(faultOf(wrapped).code).toBe('certificate_expired');
    expect(faultOf(new AggregateError([withCode('ECONNREFUSED'), withCode('28P01')])).code).toBe('credentials_refused');
    expect(faultOf(withCode('ECONNRESET', withCode('53100'))).code).toBe('disk_full');
  });

  it('ends on errors that cause themselves', () => {
    const circular = new Error('x');
    circular.cause = circular;
    expect(faultOf(circular).code).toBe('failed');
  });

  it('is told without the words of the error', () => {
    for (const [, error] of seen) expect(faultOf(error).sentence).not.toMatch(/db\.internal|Error|14/);
  });
});
