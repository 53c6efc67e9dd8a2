import { isAbsolute, relative, resolve } from 'node:path';
import type { z } from 'zod';
import { isLoopback } from './config-values.js';
import { configSchema, isVariableName, presetOf, referenceOf } from './config-variables.js';

/** What is wrong with the variables that were given: with each by itself, as their schema found, and with several together. */
export const problemsOf = (
  given: Readonly<Record<string, string>>,
  error: z.ZodError | undefined,
): readonly string[] => [...fieldProblems(error), ...combinedProblems(given)];

const describe = (name: string, what: string, example: string) => `  ${name}: ${what}. Example: ${name}=${example}`;

function fieldProblems(error: z.ZodError | undefined): string[] {
  return (error?.issues ?? []).map(({ path, message }) => {
    const [name] = path;
    return describe(String(name), message, isVariableName(name) ? referenceOf(name).example : '');
  });
}

/** Rules over several variables look at what was given, so that they are reported beside a variable's own problems. */
function combinedProblems(given: Readonly<Record<string, string>>): string[] {
  const { OIDC_ISSUERS, OIDC_AUDIENCE, HOST, REALMS } = given;
  const problems: string[] = [];
  const trusted = (OIDC_ISSUERS ?? '').split(',').map((each) => each.trim());
  for (const { id, issuer } of configSchema.shape.REALMS.safeParse(REALMS).data ?? [])
    if (issuer !== undefined && !trusted.includes(issuer))
      problems.push(
        describe('REALMS', `names an issuer for ${id} that is none of OIDC_ISSUERS`, referenceOf('REALMS').example),
      );
  if (OIDC_ISSUERS !== undefined && OIDC_AUDIENCE === undefined)
    problems.push(
      describe(
        'OIDC_AUDIENCE',
        'is needed with OIDC_ISSUERS: tokens for other services must not work here',
        'tenantry',
      ),
    );
  if (OIDC_ISSUERS === undefined && HOST !== undefined && !isLoopback(HOST))
    problems.push(
      describe(
        'HOST',
        `${JSON.stringify(HOST)} can be reached from other machines while the development issuer is on, ` +
          'whose tokens make anyone an admin; set OIDC_ISSUERS, or stay on loopback',
        '127.0.0.1',
      ),
    );
  for (const [one, other] of [
    ['LITELLM_URL', 'LITELLM_MASTER_KEY'],
    ['LITELLM_MASTER_KEY', 'LITELLM_URL'],
    ['SMTP_URL', 'MAIL_FROM'],
    ['MAIL_FROM', 'SMTP_URL'],
  ] as const)
    if (given[one] !== undefined && given[other] === undefined)
      problems.push(describe(other, `is needed with ${one}`, referenceOf(other).example));
  const dataDir = resolve(given['DATA_DIR'] ?? presetOf('DATA_DIR') ?? '');
  const keyDir = resolve(given['KEY_DIR'] ?? presetOf('KEY_DIR') ?? '');
  if (holds(dataDir, keyDir) || holds(keyDir, dataDir))
    problems.push(
      describe(
        'KEY_DIR',
        'must lie apart from DATA_DIR, so that a backup of one does not hold the other',
        '/etc/tenantry/keys',
      ),
    );
  return problems;
}

function holds(folder: string, other: string): boolean {
  const path = relative(folder, other);
  return path === '' || (path.split(/[\\/]/)[0] !== '..' && !isAbsolute(path));
}
