import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Config, ConfigInvalid } from './config.js';
import type { Secret } from './secret.js';

/** Parameters by which the URLs name files; the event store's client does not mind their case. */
const fileParameters = ['tlscafile', 'sslrootcert', 'usercertfile', 'userkeyfile', 'sslcert', 'sslkey'];
const authorities = ['tlscafile', 'sslrootcert'];

/**
 * Looks at the certificate files that the stores' URLs name, before any client stumbles over one.
 * Throws ConfigInvalid, naming each variable whose files cannot be used.
 */
export async function checkCertificateFiles({ eventStoreUrl, postgresUrl, redisUrl }: Config): Promise<void> {
  const urls = { EVENTSTORE_URL: eventStoreUrl, POSTGRES_URL: postgresUrl, REDIS_URL: redisUrl };
  const problems = await Promise.all(Object.entries(urls).map(([variable, url]) => problemsOf(variable, url)));
  if (problems.flat().length > 0) throw new ConfigInvalid(problems.flat());
}

async function problemsOf(variable: string, url: Secret<string> | undefined): Promise<string[]> {
  const problems: string[] = [];
  // Not `new URL`: an event store's may name several hosts.
  const parameters = new URLSearchParams(url?.reveal().split('?')[1] ?? '');
  for (const [name, path] of parameters) {
    if (!fileParameters.includes(name.toLowerCase())) continue;
    const text = await readFile(path).catch(() => undefined);
    if (text === undefined) problems.push(`  ${variable}: the file of its parameter ${name} cannot be read.`);
    else if (authorities.includes(name.toLowerCase()) && !isCertificate(text))
      problems.push(`  ${variable}: the file of its parameter ${name} holds no certificate in PEM.`);
  }
  return problems;
}

function isCertificate(text: Buffer): boolean {
  try {
    return new X509Certificate(text).subject !== '';
  } catch {
    return false;
  }
}
