import { ConfigInvalid } from '#libs/platform/config.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { standardIo } from './standard-io.js';

interface Listed {
  /** One line for the list of commands. */
  readonly summary: string;
  /** A command needs a part of the product only: nobody waits for the others'. */
  load(): Promise<Command>;
}

const commands: Readonly<Record<string, Listed>> = {
  token: {
    summary: 'print a token of the development issuer',
    load: async () => (await import('./token.js')).token,
  },
  rebuild: {
    summary: 'build the read models anew, compare and replace them; the server may run',
    load: async () => (await import('./rebuild.js')).rebuild,
  },
  replay: {
    summary: 'build the read models as they were at a moment, in a schema of their own; the server may run',
    load: async () => (await import('./replay.js')).replay,
  },
  verify: {
    summary: 'compare the log with everything that was recorded and signed of it; the server may run',
    load: async () => (await import('./verify.js')).verify,
  },
  evidence: {
    summary: 'write an archive that shows who could do what, for others to check',
    load: async () => (await import('./evidence.js')).evidence,
  },
  erasures: {
    summary: 'list the keys that erasures have destroyed, for a restore of an older backup; the server may run',
    load: async () => (await import('./erasures.js')).erasures,
  },
  backup: {
    summary: 'write the log and the keys of people into a folder; the server may run',
    load: async () => (await import('./backup.js')).backup,
  },
  restore: {
    summary: 'make a new deployment from a backup',
    load: async () => (await import('./restore.js')).restore,
  },
  rotate: {
    summary: 'make a new master key, wrapping the keys of people and secrets under it, or a new ledger or index key',
    load: async () => (await import('./rotate.js')).rotate,
  },
  'copy-events': {
    summary: 'copy the log of events to another event store',
    load: async () => (await import('./copy-events.js')).copyEvents,
  },
};

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: tenantry <command> [options]\n\nCommands:\n${lines.join('\n')}\n\ntenantry <command> --help says more.\n`;
}

/** Runs one command and answers the exit code: 0 done, 1 failed, 2 wrongly called. */
export async function main(argv: readonly string[], io: Io = standardIo()): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(help());
    return exitCodes.ok;
  }
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    io.err(`${name === undefined ? 'No command given.' : `There is no command ${name}.`}\n\n${help()}`);
    return exitCodes.usage;
  }
  try {
    return await (await command.load()).run(rest, io);
  } catch (error) {
    if (isWrongUse(error)) {
      io.err(`${error.message}\n\ntenantry ${name} --help says more.\n`);
      return exitCodes.usage;
    }
    io.err(`${error instanceof ConfigInvalid || error instanceof KeysUnusable ? error.message : stackOf(error)}\n`);
    return exitCodes.failure;
  }
}

/** Ours, or what `parseArgs` throws. */
function isWrongUse(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return (
    typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
  );
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
