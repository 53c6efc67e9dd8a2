import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { LogLevel } from './config.js';

const mask = '[redacted]';
const secretNames =
  'authorization|proxy-authorization|cookie|set-cookie|x-api-key|api[-_]?key|password|passphrase|secret|client[-_]?secret|' +
  'token|access[-_]?token|refresh[-_]?token|id[-_]?token|private[-_]?key';

const text = String.raw`"(?:[^"\\]|\\.)*"`;
const secretMember = new RegExp(String.raw`("(?:${secretNames})"\s*:\s*)(?:${text}|\[[^\]]*\])`, 'gi');
const bearer = /\b(Bearer|Basic|DPoP) +[A-Za-z0-9._~+/=-]+/gi;
const jwt = /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;
const urlCredentials = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"@]*:[^\s/?#"]*@/gi;

/** Works on the finished line: secrets are found at any depth, in messages, stacks and a child's bindings alike. */
export function redactLine(line: string): string {
  return line
    .replace(secretMember, `$1"${mask}"`)
    .replace(bearer, `$1 ${mask}`)
    .replace(jwt, mask)
    .replace(urlCredentials, `$1${mask}@`);
}

/** JSON lines on standard error: standard output stays free for what a command prints. */
export function createLogger(level: LogLevel, sink: DestinationStream = destination({ dest: 2, sync: true })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redactLine },
    },
    sink,
  );
}
