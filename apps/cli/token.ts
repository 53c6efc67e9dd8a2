import { parseArgs } from 'node:util';
import { isSlug, principalId, text } from '#libs/domain/text.js';
import { loadConfig } from '#libs/platform/config.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { isEmail } from '#libs/platform/identity/email.js';
import { loadKeys } from '#libs/platform/keys.js';
import { type Command, exitCodes, UsageError } from './command.js';

const help = `Usage: npx tenantry token --sub <id> [options]

Prints a token of the development issuer, for the Authorization header:
  curl -H "Authorization: Bearer $(npx tenantry token --sub alice --email alice@acme.test)" …

  --sub <id>         who the token stands for: letters, digits and . _ @ -
  --email <address>  a verified address; admin@localhost is a platform admin
  --groups <a,b>     names of groups, separated by commas
  --act <id>         who acts in that person's name: the audit log tells both
  --realm <id>       the realm that the person is of; without it the first one of REALMS
  --ttl <time>       how long the token is valid: 90s, 15m, 1h (default) or 7d
  --help             this text

Uses the keys in KEY_DIR, which it creates if there are none yet. Works only while OIDC_ISSUERS is not set.
`;

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const maxTtlSeconds = 366 * 86_400;
const group = text(256);

export const token: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        sub: { type: 'string' },
        email: { type: 'string' },
        groups: { type: 'string' },
        act: { type: 'string' },
        realm: { type: 'string' },
        ttl: { type: 'string', default: '1h' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const claims = {
      sub: subjectOf(values.sub),
      ...(values.act === undefined ? {} : { act: { sub: principalOf('--act', values.act) } }),
      ...(values.email === undefined ? {} : { email: emailOf(values.email) }),
      ...(values.groups === undefined ? {} : { groups: groupsOf(values.groups) }),
      ttlSeconds: secondsOf(values.ttl),
    };
    const { identity, keyDir, masterKey } = loadConfig(io.environment);
    const realm = realmOf(values.realm);
    if (!identity.developmentIssuer) {
      io.err('OIDC_ISSUERS is set, so the development issuer is off: get a token from one of those providers.\n');
      return exitCodes.failure;
    }
    io.out(`${await signDevToken(await loadKeys(keyDir, masterKey), { ...claims, ...realm })}\n`);
    return exitCodes.ok;
  },
};

function subjectOf(sub: string | undefined): string {
  if (sub === undefined) throw new UsageError('--sub is needed: who does the token stand for?');
  return principalOf('--sub', sub);
}

function principalOf(option: string, id: string): string {
  const parsed = principalId.safeParse(id);
  if (!parsed.success) throw new UsageError(`${option} must be 1 to 128 letters, digits or . _ @ -`);
  return parsed.data;
}

function emailOf(email: string): string {
  if (!isEmail(email)) throw new UsageError('--email must be an e-mail address');
  return email;
}

function groupsOf(list: string): string[] {
  const groups = list.split(',').filter((name) => name.trim() !== '');
  return groups.map((name) => {
    const parsed = group.safeParse(name);
    if (!parsed.success) throw new UsageError('--groups must be names of at most 256 characters, separated by commas');
    return parsed.data;
  });
}

/** Whether there is such a realm, the server knows: it may have been created by command. */
function realmOf(realm: string | undefined): { realm?: string } {
  if (realm === undefined) return {};
  if (!isSlug(realm)) throw new UsageError('--realm must be the id of a realm');
  return { realm };
}

function secondsOf(ttl: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(ttl) ?? [];
  const seconds = Number(count) * (secondsPerUnit[unit ?? ''] ?? Number.NaN);
  if (!(seconds >= 1 && seconds <= maxTtlSeconds))
    throw new UsageError('--ttl must look like 90s, 15m, 1h or 7d, at most 366d');
  return seconds;
}
