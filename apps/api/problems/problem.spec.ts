import { HttpException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable } from '#libs/application/ports/event-store.js';
import { refusals } from '#libs/domain/decision.js';
import { invalid, Problem, problemTable } from './problem.js';
import { problemOfError } from './problem-of-error.js';

describe('the table of problems', () => {
  it('has a status and a sentence for every refusal', () => {
    for (const [code, sentence] of Object.entries(refusals)) {
      expect(problemTable).toHaveProperty(code);
      const { status, title } = problemTable[code as keyof typeof refusals];
      expect([409, 422]).toContain(status);
      expect(title).toBe(sentence);
    }
  });

  it('answers what the present state forbids with 409', () => {
    const conflicts = Object.entries(problemTable)
      .filter(([, { status }]) => status === 409)
      .map(([code]) => code);
    expect(conflicts.sort()).toEqual([
      'already_member',
      'conflict',
      'contents_full',
      'credential_exists',
      'environment_exists',
      'foreign_token',
      'group_exists',
      'invitation_accepted',
      'invitation_exists',
      'invoice_exists',
      'issuer_elsewhere',
      'key_exists',
      'keys_full',
      'last_owner',
      'legal_hold_exists',
      'legal_holds_full',
      'limit_exceeded',
      'mcp_server_exists',
      'member_elsewhere',
      'model_exists',
      'name_taken',
      'oauth_connection_exists',
      'org_exists',
      'org_suspended',
      'payment_method_missing',
      'plan_missing',
      'platform_models_full',
      'provider_key_exists',
      'provider_keys_full',
      'purchase_exists',
      'realm_exists',
      'realms_full',
      'revision_unknown',
      'role_holders_full',
      'role_holders_short',
      'roles_missing',
      'scheme_exists',
      'service_account_exists',
      'service_accounts_full',
      'under_legal_hold',
      'workflow_exists',
    ]);
  });

  it('knows errors only, and codes in one spelling', () => {
    for (const [code, { status }] of Object.entries(problemTable)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('a thrown thing', () => {
  const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

  it.each([
    ['a problem', new Problem('conflict'), 'conflict'],
    ['an event store that does not answer', new EventStoreUnavailable('x'), 'unavailable'],
    ['a Postgres that is down', coded('ECONNREFUSED'), 'unavailable'],
    ['a Postgres that is shut down', coded('57P01'), 'unavailable'],
    ['a lost connection', new Error('Connection terminated unexpectedly'), 'unavailable'],
    ['a busy pool', new Error('timeout exceeded when trying to connect'), 'unavailable'],
    ['an unknown route', new HttpException('Cannot GET /', 404), 'not_found'],
    ['a large body', new HttpException('x', 413), 'too_large'],
    ['a wrong type', new HttpException('x', 415), 'invalid'],
  ])('%s is a problem', (_, error, code) => {
    expect(problemOfError(error)?.code).toBe(code);
  });

  it.each([
    ['a wrong query', coded('42P01')],
    ['a broken assumption', new TypeError('x is not a function')],
    ['a failing framework', new HttpException('x', 500)],
    ['no error at all', 'x'],
    ['nothing', undefined],
  ])('%s is a defect', (_, error) => {
    expect(problemOfError(error)).toBeUndefined();
  });

  it("repeats nothing of a framework's message, which may hold what a client sent", () => {
    expect(JSON.stringify(problemOfError(new HttpException('secret path', 400))?.members)).not.toContain('secret');
  });
});

describe('an invalid request', () => {
  it('lists every issue, and names the first ones in its sentence', () => {
    const errors = Array.from({ length: 9 }, (_, i) => ({ path: `f${i}`, message: 'is wrong' }));
    const problem = invalid(errors);
    expect(problem.members.errors).toEqual(errors);
    expect(problem.members.detail).toBe('f0: is wrong; f1: is wrong; f2: is wrong; f3: is wrong; f4: is wrong');
  });
});
