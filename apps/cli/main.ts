import { ConfigInvalid } from '#libs/platform/config.js';
import { KeysUnusable } from '#libs/platform/keys.js';
import { backup } from './backup.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { copyEvents } from './copy-events.js';
import { erasures } from './erasures.js';
import { evidence } from './evidence.js';
import { rebuild } from './rebuild.js';
import { replay } from './replay.js';
import { restore } from './restore.js';
import { rotate } from './rotate.js';
import { standardIo } from './standard-io.js';
import { token } from './token.js';
import { verify } from './verify.js';

const commands: Readonly<Record<string, Command>> = {
  token,
  rebuild,
  replay,
  verify,
  evidence,
  erasures,
  backup,
  restore,
  rotate,
  'copy-events': copyEvents,
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
    return await command.run(rest, io);
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
